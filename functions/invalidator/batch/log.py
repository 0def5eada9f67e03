"""What the worker logs of a batch: what a person needs to know, and the keys to look at.

Everything that came from outside is logged as a JSON string, so no key can forge a line of its own.
"""

from aws_lambda_powertools import Logger

from invalidator.batch.report import Postponed, Report
from invalidator.core.messages.backlog import KeyBacklog
from invalidator.core.outcome import Outcome
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.routing.viewer_paths import Router
from invalidator.core.work import Work

MOST_EXAMPLES = 5
# A legitimate batch names a few; a forged one could fill the log with names. The metrics count all.
MOST_BUCKETS = 100


def log_batch(report: Report, logger: Logger, routing: RoutingSettings) -> None:
    """Log what a person needs to know of a batch; `routing` as the worker was given them."""
    _log_messages(report, logger)
    for work, outcome in report.outcomes:
        _log_outcome(report, work, outcome, logger, routing)


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
            "routes are stale: CloudFront cannot be asked",
            extra={"buckets": sorted(report.routes.stale)[:MOST_BUCKETS], "count": len(report.routes.stale)},
        )
    for bucket, keys in list(report.work.unserved.items())[:MOST_BUCKETS]:
        logger.info("no distribution serves these keys", extra={"bucket": bucket, "keys": keys})
    for backlog in report.work.dropped[:MOST_BUCKETS]:
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
            "count": backlog.size,
            "messages": list(dict.fromkeys(postponed.messages))[:MOST_EXAMPLES],
            "reason": postponed.dead or type(postponed.failure).__name__,
            "detail": str(postponed.failure),
            "happens": _happens(retried) if postponed.dead else _waits(retried),
        },
    )


def _log_outcome(
    report: Report, work: Work, outcome: Outcome, logger: Logger, routing: RoutingSettings
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
    examples = _example_keys(report, work, outcome, routing)
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


def _example_keys(report: Report, work: Work, outcome: Outcome, routing: RoutingSettings) -> list[list[str]]:
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
        router = Router(work.distribution, name, routing)
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
