"""A bucket whose subscription was lost may have lost changes: when it sends again, the doubt is covered, once.

Whoever connects a bucket, again or for the first time, notes the gap (`bucket_subscription/wishes/wish_table.py`). It
is due when S3 sends by the new configuration: a doubt that is written earlier would leave out what changes in between.
"""

from dataclasses import dataclass

from invalidator.core.pending.entry import UNKNOWN, Entry
from invalidator.logs import append
from invalidator.ports import Clock, Gap, Gaps, Log
from invalidator.sweep.restored import doubt_all
from invalidator.waking import Waking


@dataclass(frozen=True, slots=True)
class Closed:
    """Gaps that came to their end in a sweep.

    Attributes:
        covered: the buckets all that leads to which is invalidated, once.
        left: those of which that is not wanted (parameter CoverGaps).
    """

    covered: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def close_gaps(gaps: Gaps, log: Log, waking: Waking, clock: Clock, *, cover: bool) -> Closed:
    """Cover each gap that is due, and note that. Raises TableUnavailable; what was done is not done again.

    The doubt is written before that is noted: where this dies in between it is written twice, which costs a few paths.
    """
    now = clock.now()
    due = [gap for gap in gaps.open() if _is_due(gap, now)]
    for gap in due:
        if cover and not doubt_all([gap.bucket], gap.why, log, waking, clock):
            # No survey knows it yet: its doubt waits with the changes of such buckets.
            append(log, UNKNOWN, Entry({}, gap.bucket, now, gap.why))
            waking.ask([UNKNOWN], now, now)
        gaps.covered(gap, clock.now())
    names = tuple(gap.bucket for gap in due)
    return Closed(names, ()) if cover else Closed((), names)


# No gap is due later than so after it was noted: such a time was written by a clock that is off.
LONGEST_WAIT_SECONDS = 3600.0


def _is_due(gap: Gap, now: float) -> bool:
    return gap.due <= now or gap.due > now + LONGEST_WAIT_SECONDS
