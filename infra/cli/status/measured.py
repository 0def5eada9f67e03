"""What CloudWatch measured of a stack: how old the backlog is, how long changes take to their invalidation."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.cli.session import Session

AGE_MINUTES = 15
LATENCY_HOURS = 24
NAMESPACE = "CloudFrontInvalidator"
LATENCY = "EventToInvalidationSeconds"


@dataclass(frozen=True, slots=True)
class Latency:
    """From a change to the invalidation that made it fresh, in seconds."""

    median: float
    p95: float


def oldest_seconds(session: Session, url: str, now: float) -> float | None:
    """Return the age of the oldest message of the queue at `url`; None where nothing was measured lately."""
    points = _points(
        session,
        now,
        timedelta(minutes=AGE_MINUTES),
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": url.rpartition("/")[2]}],
        Period=60,
        Statistics=["Maximum"],
    )
    return float(points[-1]["Maximum"]) if points else None


def latency(session: Session, now: float) -> Latency | None:
    """Return how long changes took to their invalidation; None where none was sent in a day."""
    points = _points(
        session,
        now,
        timedelta(hours=LATENCY_HOURS),
        Namespace=NAMESPACE,
        MetricName=LATENCY,
        Dimensions=[{"Name": "service", "Value": session.stack}],
        Period=LATENCY_HOURS * 3600,
        ExtendedStatistics=["p50", "p95"],
    )
    if not points:
        return None
    values = points[-1]["ExtendedStatistics"]
    return Latency(float(values["p50"]), float(values["p95"]))


def _points(session: Session, now: float, before: timedelta, **question: Any) -> list[Any]:
    end = datetime.fromtimestamp(now, UTC)
    answer = session.client("cloudwatch").get_metric_statistics(
        StartTime=end - before, EndTime=end, **question
    )
    return sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
