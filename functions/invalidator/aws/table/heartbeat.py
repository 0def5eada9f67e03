"""The heartbeats, in DynamoDB: when the sweep ran last and how many dead letters there were; when the watch ended last.

| pk | sk | holds |
| --- | --- | --- |
| `sweep` | `heartbeat` | `at`, epoch seconds; `letters`; `first`: when a sweep ran first |
| `watched` | `heartbeat` | `at`: the end of the watch's last round; where none was yet, the sweep's first look |
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from invalidator.aws.aws_errors import AwsError
from invalidator.aws.table.dynamodb import DynamoDbTable, key, number, place
from invalidator.failures import TableUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HEARTBEAT = key("sweep", "heartbeat")
WATCHED = key("watched", "heartbeat")


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a sweep noted.

    Attributes:
        at: when it ran, epoch seconds.
        letters: how many dead letters there were then.
        first: when the first of all ran, epoch seconds; 0 where nobody noted it.
    """

    at: float
    letters: int
    first: float = 0.0


def beat(table: DynamoDbTable, now: Heartbeat) -> Heartbeat | None:
    """Note a sweep; return what the one before has noted, None for the first. Raises TableUnavailable."""
    before = table.update(
        HEARTBEAT,
        "SET #at = :at, #letters = :letters, #first = if_not_exists(#first, :at)",
        {":at": number(now.at), ":letters": number(now.letters)},
        returns="ALL_OLD",
    )
    if not before or "letters" not in before:
        return None
    first = float(before["first"]["N"]) if "first" in before else 0.0
    return Heartbeat(float(before["at"]["N"]), int(before["letters"]["N"]), first)


def watched(table: DynamoDbTable, now: float) -> None:
    """Note that the watch came to its end. Raises TableUnavailable."""
    table.put({**WATCHED, "at": number(now)})


def last_watched(table: DynamoDbTable, now: float) -> float:
    """Return when the watch came to its end last, epoch seconds; `now` for the first look. Raises TableUnavailable."""
    for item in table.items("watched"):
        if "at" in item:
            return float(item["at"]["N"])
    watched(table, now)
    return now


def last_sweep(table: DynamoDbTable) -> float:
    """Return when a sweep ran last, epoch seconds; 0 for never. Raises TableUnavailable."""
    item = table.get([HEARTBEAT]).get(place(HEARTBEAT), {})
    return float(item["at"]["N"]) if "at" in item else 0.0


def restored(client: "DynamoDBClient", name: str) -> float:
    """Return when a table was restored from a backup, epoch seconds; 0 where it never was. Raises TableUnavailable."""
    try:
        summary = client.describe_table(TableName=name)["Table"].get("RestoreSummary")
    except AwsError as error:
        raise TableUnavailable(str(error)) from error
    return summary["RestoreDateTime"].timestamp() if summary else 0.0
