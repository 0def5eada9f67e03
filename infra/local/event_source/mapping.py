"""What an event source mapping from SQS says, read from the one that was deployed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.event_source.batching import BatchRules

# Without MaximumConcurrency a mapping scales to hundreds; here, to what five pollers can keep busy.
UNLIMITED_CONCURRENCY = 5


@dataclass(frozen=True, slots=True)
class DeployedMapping:
    """One mapping.

    Attributes:
        uuid: its id.
        queue_arn: where messages come from.
        function: the ARN of the function they go to.
        rules: when a batch closes.
        concurrency: most invocations at a time.
        partial: whether it has ReportBatchItemFailures.
    """

    uuid: str
    queue_arn: str
    function: str
    rules: BatchRules
    concurrency: int
    partial: bool

    @property
    def queue_name(self) -> str:
        """The queue's name."""
        return self.queue_arn.rsplit(":", 1)[1]


def deployed_mapping(entry: Mapping[str, Any]) -> DeployedMapping | None:
    """Read an entry of ListEventSourceMappings; None where it is disabled or its source is no SQS queue."""
    if entry.get("State") != "Enabled" or ":sqs:" not in entry.get("EventSourceArn", ""):
        return None
    return DeployedMapping(
        uuid=entry["UUID"],
        queue_arn=entry["EventSourceArn"],
        function=entry["FunctionArn"],
        rules=BatchRules(entry.get("BatchSize", 10), entry.get("MaximumBatchingWindowInSeconds") or 0),
        concurrency=(entry.get("ScalingConfig") or {}).get("MaximumConcurrency") or UNLIMITED_CONCURRENCY,
        partial="ReportBatchItemFailures" in (entry.get("FunctionResponseTypes") or ()),
    )
