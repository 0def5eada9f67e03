"""A table that was restored to a point in time: what it forgot is in doubt, and the doubt is covered once."""

from collections.abc import Collection
from dataclasses import dataclass, field

import pytest

from invalidator.core.heartbeat import Heartbeat, Identity
from invalidator.sweep.restored import FollowedUp, follow_up
from invalidator.waking import Waking
from tests.sender.world import World, distribution

OLD, NEW = "the old one", "the new one"
MADE = 1_795_000_000.0


@dataclass
class Restorable:
    """A table that was restored, as the sweep asks about it."""

    served: list[str] = field(default_factory=list)
    survey: float = 0.0
    restored: bool = True

    def identity(self) -> Identity:
        return Identity(NEW, MADE, self.restored)

    def surveyed(self) -> float:
        return self.survey

    def buckets(self) -> Collection[str]:
        return self.served


class Sweeps:
    """Sweeps, minute by minute, and what they have noted."""

    def __init__(self, which: Restorable, noted: Heartbeat | None) -> None:
        self.which, self.noted = which, noted
        self.world = World(distribution("E1", "site", path="/docs"), distribution("E2", "other"))

    def sweep(self) -> FollowedUp:
        waking = Waking(self.world.table, self.world.queues, self.world.clock)
        followed = follow_up(self.noted, self.which, self.world.table, waking, self.world.clock)
        self.noted = Heartbeat(self.world.clock.now(), 0, 0.0, followed.table, followed.doubted)
        self.world.run_for(60)
        return followed

    def paid(self) -> list[tuple[str, ...]]:
        return self.world.cloudfront.paid_by("E1") + self.world.cloudfront.paid_by("E2")


def test_everything_that_leads_to_the_buckets_is_invalidated_once():
    sweeps = Sweeps(Restorable(["site", "other", "unknown-here"], MADE + 1), Heartbeat(MADE, 0, 0.0, OLD))
    assert [sweeps.sweep().new for _ in range(4)] == [["other", "site"], [], [], []]
    assert sweeps.paid() == [("/*",), ("/*",)]


def test_a_bucket_that_the_restored_table_forgot_is_in_doubt_once_a_survey_has_found_it():
    which = Restorable(["site"], MADE - 60)
    sweeps = Sweeps(which, Heartbeat(MADE, 0, 0.0, OLD))
    assert [sweeps.sweep().new for _ in range(2)] == [["site"], []]
    which.served.append("other")
    which.survey = MADE + 120
    assert [sweeps.sweep().new for _ in range(3)] == [["other"], [], []]
    assert sweeps.paid() == [("/*",), ("/*",)]
    assert sweeps.noted == Heartbeat(pytest.approx(sweeps.world.clock.now(), abs=70), 0, 0.0, NEW)


def test_a_table_restored_to_before_its_first_survey_and_its_first_sweep_waits_for_them():
    which = Restorable()
    sweeps = Sweeps(which, None)
    assert [sweeps.sweep().found for _ in range(2)] == [True, True]
    which.served.append("site")
    which.survey = MADE + 120
    assert sweeps.sweep().new == ["site"]
    assert not sweeps.sweep().found


@pytest.mark.parametrize(
    "noted", [Heartbeat(MADE, 0), Heartbeat(MADE, 0, 0.0, NEW)], ids=["an earlier version's", "its own"]
)
def test_a_table_that_is_the_same_is_in_no_doubt(noted):
    """What the version before has noted names no table: that it was restored once is no news."""
    sweeps = Sweeps(Restorable(["site"]), noted)
    assert sweeps.sweep() == FollowedUp(NEW)
    assert sweeps.paid() == []


def test_a_heartbeat_of_another_table_that_is_younger_than_this_one_was_edited_and_is_told_once():
    """Believed, all that there is would be invalidated, in a table that was never restored."""
    sweeps = Sweeps(Restorable(["site", "other"]), Heartbeat(MADE + 86_400, 0, 0.0, "by hand"))
    told = [sweeps.sweep() for _ in range(3)]
    assert [each.new for each in told] == [[], [], []]
    assert [bool(each.mended) for each in told] == [True, False, False]
    assert "by hand" in told[0].mended
    assert sweeps.paid() == []


def test_a_restore_is_found_by_clocks_that_are_ten_minutes_off():
    sweeps = Sweeps(Restorable(["site"], MADE + 1), Heartbeat(MADE + 540, 0, 0.0, OLD))
    assert sweeps.sweep().new == ["site"]


def test_a_new_stack_is_in_no_doubt():
    assert Sweeps(Restorable(["site"], restored=False), None).sweep() == FollowedUp(NEW)
