"""What a bucket may have lost while it was not connected is invalidated once, when it sends again for certain."""

import pytest

from invalidator.core.pending.entry import UNKNOWN
from invalidator.ports import Gap
from invalidator.sweep.gaps import Closed, close_gaps
from invalidator.waking import Waking
from tests.sender.world import World, distribution
from tests.sweep.gaps import Gaps


def close(world, gaps, *, cover=True):
    waking = Waking(world.table, world.queues, world.clock)
    return close_gaps(gaps, world.table, waking, world.clock, cover=cover)


def test_a_gap_is_covered_when_it_is_due_and_once():
    world = World(distribution("E1", "site", path="/docs"), distribution("E2", "other"))
    now = world.clock.now()
    gaps = Gaps(Gap("site", 0.0, now + 300, "it was lost"))
    assert close(world, gaps) == Closed()
    world.clock.time += 301
    assert close(world, gaps) == Closed(("site",))
    assert close(world, gaps) == Closed()
    world.run_for(300)
    assert (world.cloudfront.paid_by("E1"), world.cloudfront.paid_by("E2")) == ([("/*",)], [])


def test_a_change_before_it_is_due_does_not_use_the_gap_up():
    """The wildcards go out when the bucket sends for certain, whatever wakes the target before."""
    world = World(distribution("E1", "site"))
    gaps = Gaps(Gap("site", 0.0, world.clock.now() + 300, "it was lost"))
    world.upload("a.html")
    world.run_for(120)
    close(world, gaps)
    assert world.paths == [("/a.html",)]
    world.run_for(200)
    close(world, gaps)
    world.run_for(60)
    assert world.paths == [("/a.html",), ("/*",)]


def test_gaps_are_left_where_that_is_not_wanted():
    world = World(distribution("E1", "site"))
    gaps = Gaps(Gap("site", 0.0, world.clock.now(), "it was lost"))
    assert close(world, gaps, cover=False) == Closed((), ("site",))
    world.run_for(60)
    assert (world.paths, gaps.open()) == ([], [])


@pytest.mark.parametrize("due", [1e18, float("inf")])
def test_a_due_time_of_a_clock_that_is_off_waits_for_nothing(due):
    world = World(distribution("E1", "site"))
    assert close(world, Gaps(Gap("site", 0.0, due, "it was lost"))) == Closed(("site",))


def test_while_no_survey_answers_the_doubt_of_an_unknown_bucket_waits_and_is_told_when_it_is_given_up():
    world = World(distribution("E1", "site"))
    close(world, Gaps(Gap("new", 0.0, world.clock.now(), "connected")))
    world.run_for(3600)
    (wake,) = (each for each in world.memory.waiting() if each.name == UNKNOWN)
    assert wake.since == pytest.approx(world.clock.now() - 3600, abs=60)
    world.run_for(24 * 3600)
    assert [each for each in world.memory.waiting() if each.name == UNKNOWN and each.since] == []


def test_the_gap_of_a_bucket_that_no_survey_knows_yet_waits_for_one():
    world = World(distribution("E1", "site"))
    close(world, Gaps(Gap("new", 0.0, world.clock.now(), "connected")))
    (wake,) = (each for each in world.memory.waiting() if each.name == UNKNOWN)
    assert wake.due == world.clock.now()
    world.serve(distribution("E2", "new"))
    world.run_for(120)
    assert world.cloudfront.paid_by("E2") == [("/*",)]
