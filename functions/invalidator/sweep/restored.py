"""A table that was restored to a point in time has forgotten what came after it: the doubt is covered by wildcards.

What was taken in between that point and the restore was acknowledged on the queue and stands in no log any more. Nobody
can tell what it was, so each bucket's log gets an entry that says so, and its targets are sent the wildcards of the
behaviors that lead to it. Which buckets there are, the restored table may have forgotten too: those that it names are
doubted at once, the others when the first survey since the restore has found them.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from invalidator.core.heartbeat import Heartbeat, Identity
from invalidator.core.pending.entry import Entry, bucket_owner, target_owner
from invalidator.logs import append
from invalidator.ports import CLOCKS_APART_SECONDS, Clock, Log
from invalidator.waking import Waking

# What is noted in the place of a table's id until all that a restore forgot is in doubt.
BEFORE_ANY = "before any"
WHY = "the table was restored from a backup"


class Restorable(Protocol):
    """What tells that a table is not the one that it was. Every method raises `TableUnavailable`."""

    def identity(self) -> Identity:
        """Return which table it is."""

    def surveyed(self) -> float:
        """Return when the last complete survey was started, epoch seconds."""

    def buckets(self) -> Collection[str]:
        """Return the buckets that somebody serves."""


@dataclass(frozen=True, slots=True)
class FollowedUp:
    """What a sweep did about a restore.

    Attributes:
        table: the id of the table to note in the heartbeat: `BEFORE_ANY` until all is doubted.
        doubted: the buckets to note there.
        new: those that this sweep has put in doubt.
        found: whether the table was restored and not all is doubted before this sweep.
        mended: what the heartbeat said and cannot be, in words for people.
    """

    table: str
    doubted: frozenset[str] = frozenset()
    new: list[str] = field(default_factory=list)
    found: bool = False
    mended: str = ""


def follow_up(
    before: Heartbeat | None, which: Restorable, log: Log, waking: Waking, clock: Clock
) -> FollowedUp:
    """Doubt what a restore forgot, before the heartbeat is noted: who dies in between does it again.

    Raises TableUnavailable.
    """
    table = which.identity()
    if before is None:
        # Of a new stack, or of one whose table was restored to before its first sweep.
        before = Heartbeat(0.0, 0, table=BEFORE_ANY if table.restored else table.id)
    if before.table in {"", table.id}:
        return FollowedUp(table.id)
    if before.table != BEFORE_ANY and table.made <= before.at - CLOCKS_APART_SECONDS:
        # A restored table is younger than all that it holds.
        return FollowedUp(
            table.id,
            mended=f"table is {before.table}: that sweep ran at {before.at}, and this was made before",
        )
    # Asked first: a survey that ends between the two calls is seen by the next sweep.
    complete = which.surveyed() > table.made
    new = doubt_all(sorted(set(which.buckets()) - before.doubted), WHY, log, waking, clock)
    if complete:
        return FollowedUp(table.id, new=new, found=True)
    return FollowedUp(BEFORE_ANY, before.doubted | set(new), new, found=True)


def doubt_all(buckets: Iterable[str], why: str, log: Log, waking: Waking, clock: Clock) -> list[str]:
    """Write a doubt into each bucket's log and wake its targets; return the buckets. Raises TableUnavailable."""
    doubted = []
    for bucket in buckets:
        now = clock.now()
        dealt = append(log, bucket_owner(bucket), Entry({}, bucket, now, why))
        if dealt is None:
            continue
        names = [bucket_owner(bucket)] if dealt.targets is None else map(target_owner, dealt.targets)
        waking.ask(names, now, now)
        doubted.append(bucket)
    return doubted
