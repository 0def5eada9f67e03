"""How a bucket stood when the watch looked last; kept in the table, for the next round and for `status`.

| pk | sk | holds |
| --- | --- | --- |
| `watch` | bucket | `standing`: the fields of `Standing` as JSON; `tried`, when a repair was tried last |
"""

import json
from dataclasses import asdict, dataclass
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from invalidator.aws.table.dynamodb import DynamoDbTable, key, number, text
from invalidator.aws.table.heartbeat import watched

WATCH = "watch"
# No bucket is repaired more often.
REPAIRS_APART_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Standing:
    """One bucket.

    Attributes:
        bucket: its name.
        road: how it was connected, for people.
        looked: when it was looked at last, epoch seconds.
        right: when it was seen right last; 0 for never.
        wrong_since: when it was first found wrong since; 0 while it is right.
        wrong: what is wrong.
        fix: the first command.
        unknown: why it could not be looked at, "" where it was.
        losses: when it was found newly wrong, within the last day.
        by: who took it away, as far as that can be told.
        others: the entries of others when it was seen right last, one line each.
    """

    bucket: str
    road: str = ""
    looked: float = 0.0
    right: float = 0.0
    wrong_since: float = 0.0
    wrong: tuple[str, ...] = ()
    fix: str = ""
    unknown: str = ""
    losses: tuple[float, ...] = ()
    by: str = ""
    others: tuple[str, ...] = ()


_validate = TypeAdapter(Standing).validate_json


class Standings(Protocol):
    """The standings. Each method raises TableUnavailable."""

    def all(self) -> dict[str, Standing]:
        """Return each bucket's."""

    def save(self, standing: Standing) -> None:
        """Remember one."""

    def forget(self, bucket: str) -> None:
        """Forget one of a bucket that nobody wants any more."""

    def claim_repair(self, bucket: str, now: float) -> bool:
        """Note a repair at `now`; False where one was tried within `REPAIRS_APART_SECONDS`."""

    def ended(self, now: float) -> None:
        """Note that a round came to its end: the sweep tells where none does."""


class StandingTable:
    """`Standings` over DynamoDB."""

    def __init__(self, table: DynamoDbTable) -> None:
        self._table = table

    def all(self) -> dict[str, Standing]:
        """Return each bucket's; one that cannot be read begins anew."""
        found: dict[str, Standing] = {}
        for item in self._table.items(WATCH):
            try:
                found[item["sk"]["S"]] = _validate(item["standing"]["S"])
            except (KeyError, ValidationError):
                continue
        return found

    def save(self, standing: Standing) -> None:
        """Remember one; when it was repaired stays."""
        self._table.update(
            key(WATCH, standing.bucket),
            "SET #standing = :standing",
            {":standing": text(json.dumps(asdict(standing)))},
        )

    def forget(self, bucket: str) -> None:
        """Forget one."""
        self._table.delete(key(WATCH, bucket))

    def claim_repair(self, bucket: str, now: float) -> bool:
        """Note a repair at `now`; False where one was tried within the hour. A time that lies ahead does not count."""
        values = {":now": number(now), ":earlier": number(now - REPAIRS_APART_SECONDS)}
        condition = "attribute_not_exists(#tried) OR #tried <= :earlier OR #tried > :now"
        return self._table.update(key(WATCH, bucket), "SET #tried = :now", values, condition) is not None

    def ended(self, now: float) -> None:
        """Note that a round came to its end."""
        watched(self._table, now)
