"""A table that was restored to a point in time has forgotten what came after it: the doubt is covered by wildcards.

What was taken in between that point and the restore was acknowledged on the queue and stands in no log any more. Nobody
can tell what it was, so each bucket's log gets an entry that says so, and its targets are sent the wildcards of the
behaviors that lead to it.
"""

from collections.abc import Iterable

from invalidator.core.pending.entry import Entry, bucket_owner, target_owner
from invalidator.logs import append
from invalidator.ports import Clock, Log
from invalidator.waking import Waking

# The sweep comes each minute. Only where it was away for so long is the table asked whether it was restored.
AWAY_SECONDS = 300.0


def is_to_be_asked(before: float | None, now: float) -> bool:
    """Tell whether the sweep was away for so long that the table may have been restored meanwhile.

    Args:
        before: when the sweep before this one was, by the table, epoch seconds; None for the first.
        now: epoch seconds.
    """
    return before is not None and now - before >= AWAY_SECONDS


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
