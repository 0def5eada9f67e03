"""Hands over what is left of a batch, before its messages are acknowledged.

Waiting work goes back to the queue, given-up work to the dead-letter queue. Each of these raises QueueUnavailable
where that failed: then the messages themselves stay on the queue.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from invalidator.core.messages.backlog import KeyBacklog, PathBacklog
from invalidator.core.outcome import Dead, Outcome
from invalidator.core.reasons import Reason
from invalidator.core.work import Work
from invalidator.failures import BackPressure, Failure, Permanent
from invalidator.ports import Queue

BacklogT = TypeVar("BacklogT", bound=PathBacklog | KeyBacklog)

# Put back for a quota: soon, it is no failure. For a passing error: later each time, then given up.
BACK_PRESSURE_SECONDS = 5.0
FIRST_RETRY_SECONDS = 30.0
LONGEST_DELAY_SECONDS = 900.0  # the most that SQS delays a message
MOST_ATTEMPTS = 8


def hand_over(queue: Queue, work: Work, outcome: Outcome, now: float) -> None:
    """Hand over what one distribution's work left at `now`; what outlasted its attempts becomes dead in `outcome`."""
    for dead in outcome.dead:
        queue.give_up(work.backlog(dead.paths, 0, dead.reason), dead.reason, dead.detail)
    if not outcome.waiting:
        return
    if not outcome.failed:
        backlog = work.backlog(outcome.waiting, work.attempts, outcome.waiting_reason)
        queue.put_back(backlog, BACK_PRESSURE_SECONDS)
        return
    reason = outcome.waiting_reason
    for backlog in by_age(work.backlog(outcome.waiting, work.attempts, reason), now):
        if backlog.attempts + 1 < MOST_ATTEMPTS:
            queue.put_back(replace(backlog, attempts=backlog.attempts + 1), retry_seconds(backlog.attempts))
            outcome.waiting = backlog.paths
        else:
            queue.give_up(replace(backlog, attempts=0), Reason.UNAVAILABLE, reason)
            outcome.dead.append(Dead(backlog.paths, Reason.UNAVAILABLE, reason))
            outcome.waiting = {}


def by_age(backlog: BacklogT, now: float) -> list[BacklogT]:
    """Part the work that is about to be given up from what came to it lately, which begins to count anew.

    Whatever meets in a batch goes on with the most attempts of any of it. So of work at its last attempt only those
    changes are given up that are as old as all the tries take; a forged count of attempts gives nobody else's up.
    """
    if backlog.attempts + 1 < MOST_ATTEMPTS:
        return [backlog]
    items = backlog.paths if isinstance(backlog, PathBacklog) else backlog.keys
    oldest = now - TRIES_SECONDS
    old = {name: at for name, at in items.items() if at <= oldest}
    young = {name: at for name, at in items.items() if at > oldest}
    return [_with(backlog, old, backlog.attempts)] * bool(old) + [_with(backlog, young, 0)] * bool(young)


def _with(backlog: BacklogT, items: Mapping[str, float], attempts: int) -> BacklogT:
    if isinstance(backlog, PathBacklog):
        return replace(backlog, paths=items, attempts=attempts)
    return replace(backlog, keys=items, attempts=attempts)


def reason_to_give_up(backlog: KeyBacklog | PathBacklog, failure: Failure) -> Reason | None:
    """Return the reason to give work up with that met this failure, None while it is worth another try."""
    if isinstance(failure, Permanent):
        return failure.reason
    if not isinstance(failure, BackPressure) and backlog.attempts + 1 >= MOST_ATTEMPTS:
        return Reason.UNAVAILABLE
    return None


def postpone(
    queue: Queue, backlog: KeyBacklog | PathBacklog, failure: Failure, give_up: Reason | None
) -> None:
    """Put back work whose distributions nobody could tell, or give it up where there is a reason to."""
    again = replace(backlog, reason=str(failure))
    if give_up is not None:
        queue.give_up(replace(again, attempts=0), give_up, str(failure))
    elif isinstance(failure, BackPressure):
        queue.put_back(again, BACK_PRESSURE_SECONDS)
    else:
        queue.put_back(replace(again, attempts=backlog.attempts + 1), retry_seconds(backlog.attempts))


def retry_seconds(attempts: int) -> float:
    """Return how long to wait after so many attempts: 30 s, doubled each time, at most 15 minutes."""
    return min(FIRST_RETRY_SECONDS * 2.0**attempts, LONGEST_DELAY_SECONDS)


# From the first try to the last one.
TRIES_SECONDS = sum(map(retry_seconds, range(MOST_ATTEMPTS - 1)))
