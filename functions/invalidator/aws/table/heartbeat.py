"""The heartbeats, in DynamoDB, of the sweep and of the watch, and which table it is that holds them.

| pk | sk | holds |
| --- | --- | --- |
| `sweep` | `heartbeat` | `at`, epoch seconds; `letters`; `first` sweep; `table`, an id; `doubted` packed |
| `watched` | `heartbeat` | `at`: the end of the watch's last round; where none was yet, the sweep's first look |
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

from invalidator.aws.aws_errors import AwsError
from invalidator.aws.table.dynamodb import DynamoDbTable, key, number, place, text
from invalidator.aws.table.packed_values import UNREADABLE, packed, unpacked
from invalidator.aws.table.routes import RoutesTable
from invalidator.core.heartbeat import Heartbeat, Identity
from invalidator.failures import TableUnavailable
from invalidator.ports import CLOCKS_APART_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HEARTBEAT = key("sweep", "heartbeat")
WATCHED = key("watched", "heartbeat")


def last_beat(table: DynamoDbTable) -> Heartbeat | None:
    """Return what the sweep before has noted, None for the first. Raises TableUnavailable."""
    item = table.get([HEARTBEAT]).get(place(HEARTBEAT))
    if item is None or "letters" not in item:
        return None
    try:
        doubted = unpacked(item["doubted"]) if "doubted" in item else ()
        return Heartbeat(
            float(item["at"]["N"]),
            int(item["letters"]["N"]),
            float(item["first"]["N"]) if "first" in item else 0.0,
            item.get("table", {}).get("S", ""),
            frozenset(map(str, doubted)),
        )
    except UNREADABLE:
        return None


def last_sweep(table: DynamoDbTable) -> float:
    """Return when a sweep ran last, epoch seconds; 0 for never. Raises TableUnavailable."""
    noted = last_beat(table)
    return noted.at if noted is not None else 0.0


def beat(table: DynamoDbTable, now: Heartbeat) -> None:
    """Note a sweep. Raises TableUnavailable."""
    item = {
        **HEARTBEAT,
        "at": number(now.at),
        "letters": number(now.letters),
        "first": number(now.first),
        "table": text(now.table),
    }
    if now.doubted:
        item["doubted"] = packed(sorted(now.doubted))
    table.put(item)


def watched(table: DynamoDbTable, now: float) -> None:
    """Note that the watch came to its end. Raises TableUnavailable."""
    table.put({**WATCHED, "at": number(now)})


def last_watched(table: DynamoDbTable, now: float) -> float:
    """Return when the watch came to its end last, epoch seconds; `now` for the first look. Raises TableUnavailable."""
    for item in table.items("watched"):
        try:
            if (at := float(item["at"]["N"])) <= now + CLOCKS_APART_SECONDS:
                return at
        except UNREADABLE:
            break
    watched(table, now)
    return now


class WhichTable:
    """The port `Restorable` over DynamoDB."""

    def __init__(self, client: "DynamoDBClient", name: str, routes: RoutesTable) -> None:
        self._client = client
        self._name = name
        self._routes = routes

    def identity(self) -> Identity:
        """Return which table it is. Raises TableUnavailable."""
        try:
            table = self._client.describe_table(TableName=self._name)["Table"]
        except AwsError as error:
            raise TableUnavailable(str(error)) from error
        made = table["CreationDateTime"].timestamp()
        return Identity(table.get("TableId", str(made)), made, "RestoreSummary" in table)

    def surveyed(self) -> float:
        """Return when the last complete survey was started, epoch seconds. Raises TableUnavailable."""
        return self._routes.survey_state().completed

    def buckets(self) -> Collection[str]:
        """Return the buckets that somebody serves. Raises TableUnavailable."""
        return {bucket for routes, _ in self._routes.all_routes() for bucket in routes.buckets}
