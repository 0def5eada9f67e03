"""The sweep's heartbeat in the table, and what it measures besides: letters in the dead-letter queue, a table restored.

| pk | sk | holds |
| --- | --- | --- |
| `sweep` | `heartbeat` | when the last sweep was, and how many dead letters there were |
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from invalidator.aws.aws_errors import AwsError
from invalidator.aws.dynamodb_table import DynamoDbTable, key, number
from invalidator.failures import QueueUnavailable, TableUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What the sweep before this one left.

    Attributes:
        at: when it was, epoch seconds; 0 where there was none.
        letters: how many dead letters there were.
    """

    at: float = 0.0
    letters: int = 0


class Heartbeats:
    """Notes that a sweep was made. Raises TableUnavailable."""

    def __init__(self, table: DynamoDbTable, client: "DynamoDBClient", name: str) -> None:
        self._table = table
        self._client = client
        self._name = name

    def beat(self, now: float, letters: int | None) -> Heartbeat:
        """Note a sweep at `now` (epoch seconds) and the number of letters (None: not known); return the one before."""
        change = "SET #at = :at" + ("" if letters is None else ", #letters = :letters")
        values = {":at": number(now)} | ({} if letters is None else {":letters": number(letters)})
        before = self._table.update(key("sweep", "heartbeat"), change, values, returns="ALL_OLD") or {}
        return Heartbeat(
            float(before["at"]["N"]) if "at" in before else 0.0,
            int(before["letters"]["N"]) if "letters" in before else 0,
        )

    def restored(self) -> float:
        """Return when the table was restored from a backup, epoch seconds; 0 where it never was."""
        try:
            answer = self._client.describe_table(TableName=self._name)
        except AwsError as error:
            raise TableUnavailable(str(error)) from error
        summary = answer["Table"].get("RestoreSummary")
        return summary["RestoreDateTime"].timestamp() if summary else 0.0


def count_letters(client: "SQSClient", url: str) -> int:
    """Return how many messages a queue holds, those that somebody looks at included. Raises QueueUnavailable."""
    try:
        answer = client.get_queue_attributes(
            QueueUrl=url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
    except AwsError as error:
        raise QueueUnavailable(str(error)) from error
    return sum(int(each) for each in answer["Attributes"].values())
