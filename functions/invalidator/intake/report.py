"""What intake logs and counts of a batch.

Everything that came from outside is logged as a JSON string, so no key can forge a line of its own.
"""

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from invalidator.core.messages.message_content import Problem
from invalidator.intake.intake import Intaken
from invalidator.metric import Metric
from invalidator.ports import Message

# A legitimate batch names a few; a forged one could fill the log with names.
MOST_BUCKETS = 100
MOST_BODY = 200
MOST_KINDS = 5


def report_intake(done: Intaken, logger: Logger, metrics: Metrics) -> None:
    """Log what a person needs to know of a batch, and add what is counted to the metrics."""
    for message, problem in done.given_up:
        _log_given_up(message, problem, "it is in the dead-letter queue", logger)
    buried = {message.id for message, _ in done.given_up}
    for message, problem in done.inbox.unreadable:
        if message.id not in buried:
            _log_given_up(message, problem, "the message stays on the queue", logger)
    for name, why in list(done.problems.items())[:MOST_BUCKETS]:
        logger.error(
            "changes stay on the queue",
            extra={"about": name, "detail": why, "messages": len(done.retry)},
        )
    if done.inbox.ignored:
        # None of these asks for an invalidation; who finds an object stale sees here what was taken so.
        logger.info(
            "records ignored: viewers cannot see what they tell of",
            extra={"count": done.inbox.ignored, "kinds": sorted(done.inbox.ignored_kinds)[:MOST_KINDS]},
        )
    if done.hinted:
        logger.info(
            "changes need nothing by IgnoredKeys or ImmutableKeys",
            extra={"buckets": dict(done.hinted.most_common(MOST_BUCKETS))},
        )
    if done.unsent:
        logger.error("wakes were not sent", extra={"detail": done.unsent, "happens": "the sweep calls"})
    if done.inbox.misdated:
        logger.warning(
            "changes whose eventTime cannot be",
            extra={"count": done.inbox.misdated, "happens": "they count as young as their message"},
        )
    logger.info(
        "changes taken in",
        extra={
            "messages": done.messages,
            "buckets": dict(list(done.pending.items())[:MOST_BUCKETS]),
            "unknown": dict(list(done.unknown.items())[:MOST_BUCKETS]),
            "test_events": done.inbox.tests,
            "ignored": done.inbox.ignored,
            "ignored_kinds": sorted(done.inbox.ignored_kinds)[:MOST_KINDS],
            "woken": done.woken,
        },
    )
    if done.given_up:
        metrics.add_metric(Metric.NEW_DEAD_LETTERS, MetricUnit.Count, len(done.given_up))


def _log_given_up(message: Message, problem: Problem, happens: str, logger: Logger) -> None:
    logger.error(
        "message given up",
        extra={
            "message_id": message.id,
            "reason": problem.reason,
            "detail": problem.detail,
            "body": message.body[:MOST_BODY],
            "happens": happens,
        },
    )
