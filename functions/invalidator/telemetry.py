"""What the worker tells the outside: log lines for people, one metrics line a batch.

Everything that came from outside is logged as a JSON string, so no key can forge a line of its own.
"""

from collections.abc import Sequence

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from invalidator.core.backlog import KeyBacklog, PathBacklog
from invalidator.core.outcome import Outcome
from invalidator.core.viewer_paths import Router
from invalidator.core.work import Work
from invalidator.report import Postponed, Report

MOST_EXAMPLES = 5
# A legitimate batch names a few; a forged one could fill the log with names. The metrics count all.
MOST_BUCKETS = 100
# Latencies are told as this many evenly chosen values of a batch: enough for a median and a p95.
MOST_SAMPLES = 20


def tell(report: Report, logger: Logger, metrics: Metrics, index_documents: tuple[str, ...]) -> None:
    """Log what a person needs to know of a batch, and count the rest."""
    _log_messages(report, logger)
    for work, outcome in report.outcomes:
        _log_outcome(report, work, outcome, logger, index_documents)
    _count(report, metrics)


def _log_messages(report: Report, logger: Logger) -> None:
    for message, problem in report.inbox.unreadable:
        logger.error(
            "message given up",
            extra={
                "message_id": message.id,
                "reason": problem.reason,
                "detail": problem.detail,
                "body": message.body[:200],
                "happens": _happens(message.id in report.retry),
            },
        )
    for postponed in report.postponed:
        _log_postponed(report, postponed, logger)
    if report.routes.stale:
        logger.warning(
            "mapping is stale: CloudFront cannot be asked",
            extra={"buckets": sorted(report.routes.stale)[:MOST_BUCKETS], "count": len(report.routes.stale)},
        )
    for bucket, keys in list(report.sorted.unserved.items())[:MOST_BUCKETS]:
        logger.info("no distribution serves these keys", extra={"bucket": bucket, "keys": keys})
    for backlog in report.sorted.dropped[:MOST_BUCKETS]:
        logger.info(
            "distribution serves these buckets no more",
            extra={
                "distribution": backlog.distribution,
                "buckets": backlog.buckets[:MOST_EXAMPLES],
                "paths": len(backlog.paths),
            },
        )


def _log_postponed(report: Report, postponed: Postponed, logger: Logger) -> None:
    backlog = postponed.backlog
    retried = not report.retry.isdisjoint(postponed.messages)
    about: dict[str, object] = (
        {"buckets": [backlog.bucket], "keys": list(backlog.keys)[:MOST_EXAMPLES]}
        if isinstance(backlog, KeyBacklog)
        else {
            "distribution": backlog.distribution,
            "buckets": list(backlog.buckets)[:MOST_EXAMPLES],
            "paths": list(backlog.paths)[:MOST_EXAMPLES],
        }
    )
    logger.error(
        "distributions of a bucket unknown",
        extra={
            **about,
            "count": _size(backlog),
            "messages": list(dict.fromkeys(postponed.messages))[:MOST_EXAMPLES],
            "reason": postponed.dead or type(postponed.failure).__name__,
            "detail": str(postponed.failure),
            "happens": _happens(retried) if postponed.dead else _waits(retried),
        },
    )


def _log_outcome(
    report: Report, work: Work, outcome: Outcome, logger: Logger, index_documents: tuple[str, ...]
) -> None:
    retried = not report.retry.isdisjoint(work.messages)
    for sent in outcome.sent:
        logger.info(
            "invalidation created",
            extra={
                "distribution": outcome.distribution,
                "invalidation": sent.id,
                "paths": len(sent.paths),
                "wildcards": sent.wildcards,
                "examples": sent.paths[:MOST_EXAMPLES],
            },
        )
    examples = _example_keys(report, work, outcome, index_documents)
    for dead, keys in zip(outcome.dead, examples, strict=True):
        logger.error(
            "paths given up",
            extra={
                "distribution": outcome.distribution,
                "buckets": sorted(work.buckets)[:MOST_BUCKETS],
                "keys": keys,
                "messages": list(dict.fromkeys(work.messages))[:MOST_EXAMPLES],
                "paths": list(dead.paths)[:MOST_EXAMPLES],
                "path_count": len(dead.paths),
                "reason": dead.reason,
                "detail": dead.detail,
                "happens": _happens(retried),
            },
        )
    if outcome.waiting:
        logger.warning(
            "paths put back",
            extra={
                "distribution": outcome.distribution,
                "path_count": len(outcome.waiting),
                "reason": "passing error" if outcome.failed else "back-pressure",
                "detail": outcome.waiting_reason,
                "happens": _waits(retried),
            },
        )


def _happens(retried: object) -> str:
    return "the message stays on the queue" if retried else "it is in the dead-letter queue"


def _waits(retried: object) -> str:
    return "the messages stay on the queue" if retried else "one compact message waits for them"


def _example_keys(report: Report, work: Work, outcome: Outcome, names: tuple[str, ...]) -> list[list[str]]:
    """Some keys of the batch behind each of the outcome's `dead`: one look at each key, however many those are."""
    exact: dict[str, int] = {}
    prefixes: list[tuple[str, int]] = []
    for position, dead in enumerate(outcome.dead):
        for path in dead.paths:
            if path.endswith("*"):
                prefixes.append((path[:-1], position))
            else:
                exact[path] = position
    found: list[list[str]] = [[] for _ in outcome.dead]
    for name in sorted(work.buckets & report.buckets.keys()) if found else ():
        router = Router(work.distribution, name, names)
        for key in report.buckets[name].keys:
            paths = router.paths(key)
            behind = {exact[path] for path in paths if path in exact}
            behind |= {
                position for prefix, position in prefixes if any(path.startswith(prefix) for path in paths)
            }
            for position in behind:
                if len(found[position]) < MOST_EXAMPLES:
                    found[position].append(key)
    return found


def _count(report: Report, metrics: Metrics) -> None:
    outcomes = [outcome for _, outcome in report.outcomes]
    sent = [each for outcome in outcomes for each in outcome.sent]
    counts = {
        "Messages": report.messages,
        "Keys": sum(len(bucket.keys) for bucket in report.buckets.values()),
        "TestEvents": report.inbox.tests,
        "Ignored": report.inbox.ignored,
        "Unserved": sum(report.sorted.unserved.values()),
        "Invalidations": len(sent),
        "PathsSent": sum(len(each.paths) for each in sent),
        "WildcardsSent": sum(each.wildcards for each in sent),
        "AlreadyCovered": sum(outcome.covered for outcome in outcomes),
        "Deferred": sum(len(outcome.waiting) for outcome in outcomes)
        + sum(_size(each.backlog) for each in report.postponed if each.dead is None),
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


def _size(backlog: KeyBacklog | PathBacklog) -> int:
    return len(backlog.keys if isinstance(backlog, KeyBacklog) else backlog.paths)


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
