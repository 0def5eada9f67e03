"""Every minute: what is due and has no wake gets one, and the oldest unsent change becomes a metric.

It reads a sparse list, of what is asked for, held, waiting or resting, and never scans. So a wake that was lost,
wherever a process died, is made good within three minutes of being due.
"""

from dataclasses import dataclass, field

from invalidator.core.limits.pace import MOST_AHEAD_SECONDS
from invalidator.core.pending.wakes import (
    ABSURD_SECONDS,
    LONGEST_DELAY_SECONDS,
    LONGEST_LEASE_SECONDS,
    Wake,
    shard_of,
)
from invalidator.failures import QueueUnavailable, TableUnavailable
from invalidator.ports import CLOCKS_APART_SECONDS, Clock, WakeQueue, Wakes

# A message that is so late was lost. (One more than needed does no harm.)
LATE_SECONDS = 60.0
# What sleeps is looked at as often all the same: who edited by hand when it is due would hold it for ever.
LOOK_SECONDS = 3600.0
# What rests so long is removed from the list.
IDLE_SECONDS = 600.0


@dataclass(slots=True)
class Swept:
    """What a sweep found.

    Attributes:
        oldest: the first change that is not sent yet, of all, epoch seconds; None where nothing waits.
        oldest_name: whose it is.
        waiting: how many targets, buckets and unknown ones something waits for.
        called: those that got a wake.
        unsent: why wakes could not be sent, "" where they could.
    """

    oldest: float | None = None
    oldest_name: str = ""
    waiting: int = 0
    called: list[str] = field(default_factory=list)
    unsent: str = ""


def sweep(wakes: Wakes, queue: WakeQueue, clock: Clock) -> Swept:
    """Sweep once. Raises TableUnavailable, after what could be seen and noted all the same has been called."""
    now = clock.now()
    swept = Swept()
    calls: list[tuple[str, float]] = []
    try:
        _look(wakes, now, swept, calls)
    finally:
        # Noted as called already: who is not called now, is not before that is found too late.
        swept.called = [name for name, _ in calls]
        try:
            if calls:
                queue.call(calls)
        except QueueUnavailable as failure:
            swept.unsent = str(failure)
    return swept


def _look(wakes: Wakes, now: float, swept: Swept, calls: list[tuple[str, float]]) -> None:
    """Look at all that waits; a part of the list that cannot be asked does not hide the others."""
    failed: dict[int, TableUnavailable] = {}
    for wake in wakes.waiting():
        if shard_of(wake.name) in failed:
            continue
        try:
            called = _look_at(wakes, wake, now, swept)
        except TableUnavailable as failure:
            if failed:
                raise
            failed[shard_of(wake.name)] = failure
            continue
        if called:
            due = now if wake.due is None else wake.due
            calls.append((wake.name, max(0.0, min(due - now, LONGEST_DELAY_SECONDS))))
    if failed:
        raise next(iter(failed.values()))


def _look_at(wakes: Wakes, wake: Wake, now: float, swept: Swept) -> bool:
    """Count what waits, forget what is idle, and tell whether a message is to be sent for it, which is noted then."""
    held = now < wake.leased_until <= now + LONGEST_LEASE_SECONDS
    if wake.since is None and wake.due is None:
        if not held and wake.rest.until < now - IDLE_SECONDS:
            wakes.forget(wake.name, now - IDLE_SECONDS)
        return False
    if wake.since is not None:
        swept.waiting += 1
        if swept.oldest is None or wake.since < swept.oldest:
            swept.oldest, swept.oldest_name = wake.since, wake.name
    return not held and _call(wakes, wake, now)


def _call(wakes: Wakes, wake: Wake, now: float) -> bool:
    """Note that a message is sent for it, where one is needed and nobody else notes the same."""
    if wake.due is None:
        # Its run died: nobody is going to look at it.
        return wakes.wake(wake.name, now, wake.since or now, now) is not None
    # By a clock that is ahead it may be due only later: noted as now, it would seem to sleep until then.
    at = now if _asleep(wake, wake.due) else max(now, wake.due - LONGEST_DELAY_SECONDS)
    return _uncalled(wake, wake.due, now) and wakes.called(wake.name, wake.due, at)


def _asleep(wake: Wake, due: float) -> bool:
    """Whether no message was sent for it: none is delayed longer than what was noted is before it is due."""
    return wake.called < due - LONGEST_DELAY_SECONDS


def _uncalled(wake: Wake, due: float, now: float) -> bool:
    """Whether no message is on its way for what is asked for: it was not time yet, or the message is too late."""
    if wake.since is None or wake.since > now + MOST_AHEAD_SECONDS:
        return True  # nobody asks without a change, nor for one to come: somebody wrote that by hand
    asleep = _asleep(wake, due)
    if asleep and LONGEST_DELAY_SECONDS < due - now <= ABSURD_SECONDS:
        return not now - LOOK_SECONDS <= wake.called <= now + CLOCKS_APART_SECONDS + LATE_SECONDS
    # A message that will only be sent is none: a clock that is ahead, or somebody by hand, wrote that.
    return asleep or wake.called > now + LATE_SECONDS or max(due, wake.called) < now - LATE_SECONDS
