"""What the sender logs and counts of a run.

Everything that came from outside is logged as a JSON string, so no key can forge a line of its own.
"""

from collections.abc import Iterable, Sequence

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from invalidator.core.outcome import Outcome
from invalidator.core.sent import Sent
from invalidator.metric import Metric
from invalidator.sender.buckets import BucketRun
from invalidator.sender.sender import Run

MOST_EXAMPLES = 5
MOST_BUCKETS = 100
# Latencies are told as this many evenly chosen values of a run: enough for a median and a p95.
MOST_SAMPLES = 20


def report_sent(sent: Sent, logger: Logger, metrics: Metrics) -> None:
    """Log and count one invalidation, as soon as CloudFront has accepted it: what fails after that hides it not."""
    logger.info(
        "invalidation created",
        extra={
            "distribution": sent.distribution,
            "invalidation": sent.id,
            "paths": len(sent.paths),
            "wildcards": sent.wildcards,
            "examples": sent.paths[:MOST_EXAMPLES],
        },
    )
    metrics.add_metric(Metric.PATHS_SENT, MetricUnit.Count, len(sent.paths))


def report_run(run: Run, logger: Logger, metrics: Metrics) -> None:
    """Log what a person needs to know of a target's run, and add what is counted to the metrics.

    Not the invalidations themselves: `report_sent` told of each when it was accepted.
    """
    outcome = run.outcome
    if run.gone:
        logger.warning(
            "no survey knows this distribution", extra={"distribution": run.target, "dead": len(outcome.dead)}
        )
    _log_mended(run.mended, {"distribution": run.target}, logger)
    if run.pending is not None:
        _log_pending(run, logger)
    buckets = () if run.routes is None else run.routes.buckets[:MOST_BUCKETS]
    for dead in outcome.dead:
        logger.error(
            "paths given up",
            extra={
                "distribution": run.target,
                "buckets": buckets,
                "keys": run.pending.examples if run.pending else [],
                "paths": list(dead.paths)[:MOST_EXAMPLES],
                "path_count": len(dead.paths),
                "reason": dead.reason,
                "detail": dead.detail,
                "happens": "it is in the dead-letter queue",
            },
        )
    if outcome.left and outcome.reason:
        logger.warning(
            "paths wait",
            extra={
                "distribution": run.target,
                "path_count": len(outcome.left),
                "reason": outcome.reason,
                "failing": outcome.failing,
                "since": min(first for first, _ in outcome.left.values()),
                "until": run.due,
                "happens": "they stay pending",
            },
        )
    _count(run, metrics)


def report_buckets(run: BucketRun, logger: Logger, metrics: Metrics) -> None:
    """Log what a step of a bucket, or of the unknown ones, did."""
    for bucket, keys in list(run.unserved.items())[:MOST_BUCKETS]:
        logger.info("no distribution serves these keys", extra={"bucket": bucket, "keys": keys})
    for bucket, dead in list(run.dead.items())[:MOST_BUCKETS]:
        logger.error(
            "keys given up: no survey could tell who serves the bucket",
            extra={
                "bucket": bucket,
                "keys": dead.count,
                "reason": dead.reason,
                "detail": dead.detail,
                "happens": "it is in the dead-letter queue",
            },
        )
    for problem in run.doubts:
        logger.error(
            "nobody can tell what changed",
            extra={
                "detail": problem,
                "happens": "nothing: invalidate by hand what a new distribution showed meanwhile",
            },
        )
    _log_mended(run.mended, {"of": run.name}, logger)
    if run.unsent:
        logger.error("wakes were not sent", extra={"detail": run.unsent, "happens": "the sweep calls"})
    if run.dead:
        metrics.add_metric(Metric.NEW_DEAD_LETTERS, MetricUnit.Count, len(run.dead))
    if run.waiting:
        logger.warning(
            "distributions of a bucket unknown",
            extra={
                "buckets": dict(run.waiting.most_common(MOST_BUCKETS)),
                "surveying": run.surveying,
                "happens": "they stay pending until a survey has told",
            },
        )
    logger.info("targets woken", extra={"of": run.name, "woken": run.woken, "moved": sum(run.moved.values())})


def _log_mended(mended: Iterable[str], about: dict[str, str], logger: Logger) -> None:
    for problem in dict.fromkeys(mended):
        logger.warning(
            "the table said what cannot be",
            extra={**about, "detail": problem, "happens": "nothing of it is believed"},
        )


def _log_pending(run: Run, logger: Logger) -> None:
    pending = run.pending
    if pending is None:
        return
    if not pending.entries and not pending.paths:
        logger.info("nothing is pending", extra={"distribution": run.target})
        return
    for problem in pending.doubts:
        logger.error(
            "nobody can tell what changed",
            extra={
                "distribution": run.target,
                "detail": problem,
                "happens": "all that may have changed is invalidated",
            },
        )
    if pending.new:
        logger.info(
            "keys are new: nothing of them can be old",
            extra={"distribution": run.target, "keys": pending.new},
        )
    if pending.unserved == pending.keys and pending.keys:
        logger.info(
            "the distribution serves none of these keys",
            extra={"distribution": run.target, "keys": pending.keys, "examples": pending.examples},
        )


def _count(run: Run, metrics: Metrics) -> None:
    outcome = run.outcome
    if outcome.refused:
        metrics.add_metric(Metric.THROTTLED, MetricUnit.Count, outcome.refused)
    if outcome.dead:
        metrics.add_metric(Metric.NEW_DEAD_LETTERS, MetricUnit.Count, len(outcome.dead))
    if run.paths_this_month is not None and (outcome.sent or outcome.at_limit):
        # What the limit stops would pass it: said as the limit reached, so that its alarm goes.
        paths = max(run.paths_this_month, outcome.at_limit)
        metrics.add_metric(Metric.PATHS_THIS_MONTH, MetricUnit.Count, paths)
    for seconds in _latencies(run, outcome):
        metrics.add_metric(Metric.EVENT_TO_INVALIDATION_SECONDS, MetricUnit.Seconds, seconds)


def _latencies(run: Run, outcome: Outcome) -> Sequence[float]:
    """From a change to the invalidation that made it fresh, seconds; a sample of the run."""
    if not outcome.sent or run.pending is None:
        return ()
    created = outcome.sent[-1].created
    values = sorted(
        max(0.0, created - first)
        for path, (first, _) in run.pending.paths.items()
        if path not in outcome.left
    )
    step = max(1, len(values) // MOST_SAMPLES)
    return [round(value, 2) for value in values[step // 2 :: step][:MOST_SAMPLES]]
