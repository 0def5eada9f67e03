"""What the worker counts of a batch: one line of metrics, from which the dashboard and the alarms live."""

from collections.abc import Sequence

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from invalidator.batch.report import Report

# Latencies are told as this many evenly chosen values of a batch: enough for a median and a p95.
MOST_SAMPLES = 20


def count_batch(report: Report, metrics: Metrics) -> None:
    """Add what became of a batch to the metrics, which are written when the handler ends."""
    outcomes = [outcome for _, outcome in report.outcomes]
    sent = [each for outcome in outcomes for each in outcome.sent]
    counts = {
        "Messages": report.messages,
        "Keys": sum(len(bucket.keys) for bucket in report.buckets.values()),
        "TestEvents": report.inbox.tests,
        "Ignored": report.inbox.ignored,
        "Unserved": sum(report.work.unserved.values()),
        "Invalidations": len(sent),
        "PathsSent": sum(len(each.paths) for each in sent),
        "WildcardsSent": sum(each.wildcards for each in sent),
        "AlreadyCovered": sum(outcome.covered for outcome in outcomes),
        "Deferred": sum(len(outcome.waiting) for outcome in outcomes)
        + sum(each.backlog.size for each in report.postponed if each.dead is None),
        "Throttled": sum(outcome.refused for outcome in outcomes),
        "Failed": len(report.retry),
        "DeadLettered": len(report.inbox.unreadable)
        + sum(each.dead is not None for each in report.postponed)
        + sum(len(outcome.dead) for outcome in outcomes),
        "Unrecorded": sum(outcome.unrecorded for outcome in outcomes),
    }
    # The alarm on a stuck backlog watches this: there was work, and none of it could be sent.
    counts["NothingSent"] = int(bool(counts["Deferred"] or counts["Failed"]) and not sent)
    for name, value in counts.items():
        metrics.add_metric(name, MetricUnit.Count, value)
    known = [outcome.collateral for outcome in outcomes if outcome.collateral is not None]
    if known:
        metrics.add_metric("Collateral", MetricUnit.Count, sum(known))
    if report.paths_this_month is not None:
        metrics.add_metric("PathsThisMonth", MetricUnit.Count, report.paths_this_month)
    for milliseconds in _latencies(report):
        metrics.add_metric("EventToInvalidationMilliseconds", MetricUnit.Milliseconds, milliseconds)


def _latencies(report: Report) -> Sequence[float]:
    """From a change to the invalidation that made it fresh, milliseconds; a sample of the batch."""
    values = []
    for work, outcome in report.outcomes:
        if outcome.sent and not outcome.waiting:
            created = outcome.sent[-1].created
            values += [max(0.0, created - at) * 1000 for at in work.paths.values()]
    values.sort()
    step = max(1, len(values) // MOST_SAMPLES)
    return [round(value) for value in values[step // 2 :: step][:MOST_SAMPLES]]
