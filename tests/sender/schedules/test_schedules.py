"""Whatever strikes, each object ends fresh or in the dead-letter queue with a reason, and nothing is said to wait."""

import os

import pytest

from tests.examples import SEED
from tests.sender.schedules.faults import START
from tests.sender.schedules.random_schedule import Schedule

SCHEDULES = int(os.environ.get("SCHEDULES", "2000"))
# A failure names the schedule's own seed, which shows it again.
BASE = SEED * SCHEDULES
A_TEST = 100
# `make check` tries the first of them, `make test` all.
FIRSTS = [
    pytest.param(first, marks=[pytest.mark.long] if first > BASE else [])
    for first in range(BASE, BASE + SCHEDULES, A_TEST)
]


@pytest.mark.parametrize("first", FIRSTS)
def test_nothing_is_lost_under_any_schedule(first: int) -> None:
    for seed in range(first, first + A_TEST):
        schedule = Schedule(seed)
        schedule.run()
        assert not schedule.unaccounted(), f"stale and not in the dead-letter queue, seed {seed}"
        assert not schedule.visible, f"messages were left on the queue, seed {seed}"
        assert not schedule.waiting(), f"something is said to wait for ever, seed {seed}"


def test_the_schedules_strike_hard_enough() -> None:
    """The faults happen: processes are killed, dead letters are written, CloudFront refuses, tables are restored."""
    schedules = [Schedule(seed) for seed in range(60)]
    for schedule in schedules:
        schedule.run()
    assert sum(each.killed for each in schedules) > 20
    assert sum(len(each.dead) for each in schedules) > 5
    assert sum(len(each.cloudfront.refusals) for each in schedules) > 5
    assert sum(each.restored.made > START for each in schedules) > 10
