"""Hands over what is left of a batch, before its messages are acknowledged.

Waiting work goes back to the queue, given-up work to the dead-letter queue. Each of these raises QueueUnavailable
where that failed: then the messages themselves stay on the queue.
"""

from dataclasses import replace

from invalidator.core.backlog import KeyBacklog, PathBacklog
from invalidator.core.outcome import Dead, Outcome
from invalidator.core.reasons import Reason
from invalidator.core.work import Work
from invalidator.failures import BackPressure, Failure, Permanent
from invalidator.ports import Queue

# Put back for a quota: soon, it is no failure. For a passing error: later each time, then given up.
BACK_PRESSURE_SECONDS = 5.0
FIRST_RETRY_SECONDS = 30.0
LONGEST_DELAY_SECONDS = 900.0  # the most that SQS delays a message
MOST_ATTEMPTS = 8


def hand_over(queue: Queue, work: Work, outcome: Outcome) -> None:
    """Hand over what one distribution's work left; what outlasted its attempts becomes dead in `outcome`."""
    for dead in outcome.dead:
        queue.give_up(work.backlog(dead.paths, 0, dead.reason), dead.reason, dead.detail)
    if not outcome.waiting:
        return
    if not outcome.failed:
        backlog = work.backlog(outcome.waiting, work.attempts, outcome.waiting_reason)
        queue.put_back(backlog, BACK_PRESSURE_SECONDS)
        return
    backlog = work.backlog(outcome.waiting, work.attempts + 1, outcome.waiting_reason)
    if backlog.attempts < MOST_ATTEMPTS:
        queue.put_back(backlog, retry_seconds(work.attempts))
        return
    queue.give_up(replace(backlog, attempts=0), Reason.UNAVAILABLE, outcome.waiting_reason)
    outcome.dead.append(Dead(outcome.waiting, Reason.UNAVAILABLE, outcome.waiting_reason))
    outcome.waiting = {}


def reason_to_give_up(backlog: KeyBacklog | PathBacklog, failure: Failure) -> Reason | None:
    """Return the reason to give work up with that met this failure, None while it is worth another try."""
    if isinstance(failure, Permanent):
        return failure.reason
    if not isinstance(failure, BackPressure) and backlog.attempts + 1 >= MOST_ATTEMPTS:
        return Reason.UNAVAILABLE
    return None


def postpone(queue: Queue, backlog: KeyBacklog | PathBacklog, failure: Failure) -> None:
    """Put back, or give up, work whose distributions nobody could tell."""
    again = replace(backlog, reason=str(failure))
    dead = reason_to_give_up(backlog, failure)
    if dead is not None:
        queue.give_up(replace(again, attempts=0), dead, str(failure))
    elif isinstance(failure, BackPressure):
        queue.put_back(again, BACK_PRESSURE_SECONDS)
    else:
        queue.put_back(replace(again, attempts=backlog.attempts + 1), retry_seconds(backlog.attempts))


def retry_seconds(attempts: int) -> float:
    """Return how long to wait after so many attempts: 30 s, doubled each time, at most 15 minutes."""
    return min(FIRST_RETRY_SECONDS * 2.0**attempts, LONGEST_DELAY_SECONDS)
