"""The worker's steps on twins of AWS: one table that is every part of it, and one object that is all three queues.

Virtual time and the tests put their own clocks, delays and faults in front of what they give here.
"""

from typing import Any

from invalidator.ports import Clock, CloudFront, Surveys
from invalidator.steps import Chosen, Outside, Steps, steps


def on_twins(
    *,
    table: Any,
    queues: Any,
    cloudfront: CloudFront,
    surveys: Surveys,
    clock: Clock,
    chosen: Chosen,
    log: Any = None,
) -> Steps:
    """Wire the worker.

    Args:
        table: has the methods of `Wakes`, `Targets` and `Accounts`, and of `Log` unless `log` is given.
        queues: has those of `ChangesQueue`, `WakeQueue` and `DeadLetters`.
        cloudfront: takes invalidations.
        surveys: tells how far the survey is.
        clock: time, as this worker has it.
        chosen: what the operator chose.
        log: what reads and writes logs in the table's place.
    """
    outside = Outside(
        log=table if log is None else log,
        wakes=table,
        targets=table,
        accounts=table,
        cloudfront=cloudfront,
        changes=queues,
        wake_queue=queues,
        dead_letters=queues,
        surveys=surveys,
        clock=clock,
    )
    return steps(outside, chosen)
