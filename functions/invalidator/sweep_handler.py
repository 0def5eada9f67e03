"""The sweep's entry: every minute, and whenever it is invoked, with any event. Returns what it found, as JSON."""

import os
import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from invalidator.aws.heartbeat import Heartbeat, count_letters
from invalidator.failures import QueueUnavailable
from invalidator.sweep.restored import AWAY_SECONDS, doubt_all
from invalidator.sweep.sweep import Swept, sweep
from invalidator.telemetry import telemetry
from invalidator.wiring import wire_sweep

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger, metrics, _ = telemetry(os.environ)
wired = wire_sweep(os.environ)


@logger.inject_lambda_context
@metrics.log_metrics(capture_cold_start_metric=False)
def handler(event: object, context: "LambdaContext") -> dict[str, Any]:  # noqa: ARG001  any event will do
    """Sweep once. Raises TableUnavailable: the function's error alarm sees a table that is away."""
    now = time.time()
    swept = sweep(wired.wakes, wired.wake_queue, wired.clock)
    letters = _letters()
    before = wired.heartbeats.beat(now, letters)
    doubted = _doubt_what_was_lost(before, now)
    new = 0 if letters is None else max(0, letters - before.letters)
    oldest = 0.0 if swept.oldest is None else max(0.0, now - swept.oldest)
    metrics.add_metric("OldestUnsentSeconds", MetricUnit.Seconds, round(oldest))
    metrics.add_metric("PendingTargets", MetricUnit.Count, swept.waiting)
    metrics.add_metric("NewDeadLetters", MetricUnit.Count, new)
    _log(swept, doubted)
    return {
        "oldest_unsent_seconds": round(oldest, 1),
        "oldest": swept.oldest_name,
        "waiting": swept.waiting,
        "called": len(swept.called),
        "dead_letters": letters,
        "new_dead_letters": new,
        "doubted_buckets": len(doubted),
    }


def _letters() -> int | None:
    try:
        return count_letters(wired.sqs, wired.dead_letter_queue_url)
    except QueueUnavailable as failure:
        logger.warning("dead letters cannot be counted", extra={"detail": str(failure)})
        return None


def _doubt_what_was_lost(before: Heartbeat, now: float) -> list[str]:
    if not before.at or now - before.at < AWAY_SECONDS:
        return []
    restored = wired.heartbeats.restored()
    if restored <= before.at:
        return []
    buckets = sorted({bucket for routes, _ in wired.routes.all_routes() for bucket in routes.buckets})
    return doubt_all(buckets, "the table was restored from a backup", wired.log, wired.waking, wired.clock)


def _log(swept: Swept, doubted: list[str]) -> None:
    if swept.called:
        logger.warning(
            "looks were due and nobody came",
            extra={"count": len(swept.called), "names": swept.called[:20]},
        )
    if swept.unsent:
        logger.error("wakes cannot be sent", extra={"detail": swept.unsent})
    if doubted:
        logger.error(
            "the table was restored: what was taken in since is not known",
            extra={
                "buckets": doubted[:100],
                "count": len(doubted),
                "happens": "all that leads to them is invalidated",
            },
        )
