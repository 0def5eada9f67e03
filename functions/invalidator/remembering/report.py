"""What the memory of a bucket logs and counts of a run."""

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from invalidator.metric import Metric
from invalidator.remembering.remembering import Judged


def report_judged(done: Judged, logger: Logger, metrics: Metrics) -> None:
    """Log what a person needs to know of a run, and add what is counted to the metrics."""
    about = {"bucket": done.bucket}
    if done.unasked or done.refused:
        logger.error(
            "S3 cannot be asked about a remembered bucket",
            extra={
                **about,
                "detail": done.refused,
                "keys": done.unasked,
                "happens": "they count as changed, as in a bucket that is not remembered",
            },
        )
    if done.forgotten:
        logger.warning(
            "a memory begins anew",
            extra={
                **about,
                "detail": done.forgotten,
                "happens": "keys count as changed until its round is complete",
            },
        )
    if done.released:
        logger.info("changes handed over unjudged", extra={**about, "keys": done.released})
    judged = done.unchanged + done.new + done.changed
    if judged:
        logger.info(
            "changes judged",
            extra={
                **about,
                "unchanged": done.unchanged,
                "new": done.new,
                "changed": done.changed,
                "unchanged_examples": done.examples,
            },
        )
        metrics.add_metric(Metric.UNCHANGED_KEYS, MetricUnit.Count, done.unchanged)
        metrics.add_metric(Metric.NEW_KEYS, MetricUnit.Count, done.new)
        metrics.add_metric(Metric.CHANGED_KEYS, MetricUnit.Count, done.changed)
    if done.unasked or (done.refused and not judged):
        metrics.add_metric(Metric.UNJUDGED_KEYS, MetricUnit.Count, max(1, done.unasked))
    if done.passed:
        state = done.state
        logger.info(
            "a round goes through a remembered bucket",
            extra={
                **about,
                "objects": done.passed,
                "complete": state is not None and not state.round.began,
            },
        )
    for problem in dict.fromkeys(done.mended):
        logger.warning(
            "the table said what cannot be",
            extra={**about, "detail": problem, "happens": "nothing of it is believed"},
        )
    if done.unsent:
        logger.error("wakes were not sent", extra={"detail": done.unsent, "happens": "the sweep calls"})
