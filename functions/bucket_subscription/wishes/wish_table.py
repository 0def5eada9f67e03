"""What is remembered of connected buckets, in the stack's DynamoDB table.

| pk | sk | holds |
| --- | --- | --- |
| `subscriptions` | bucket, road, maker, topic, prefix and suffix | a wish: its `events` |
| `gaps` | bucket | changes may have been lost `since` (epoch seconds, 0 for: ever) until it was `noted`; `due`, when the new configuration |
| | | is in force and the doubt is to be written; `why`; `covered`, when that was done |

The sweep covers gaps (`invalidator/aws/table/gaps.py` reads them).
"""  # noqa: E501  a row of a table

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from bucket_subscription.errors import UnsettledError
from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.wishes.wish import Maker, Road, Wish

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SUBSCRIPTIONS = "subscriptions"
GAPS = "gaps"
# A notification that was put is in force within five minutes (S3 user guide, "Enabling and configuring event
# notifications").
IN_FORCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which a bucket's changes may have been lost.

    Attributes:
        bucket: its name.
        since: since when, epoch seconds; 0 where nobody knows.
        noted: when the bucket was seen right, or connected, epoch seconds.
        due: when the doubt is to be written: the configuration is in force then.
        why: for people.
        covered: when that was done, 0 while it was not.
    """

    bucket: str
    since: float
    noted: float
    due: float
    why: str
    covered: float = 0.0


class Wishes(Protocol):
    """The wishes and the gaps. Each method raises UnsettledError where they cannot be asked or written."""

    def all(self) -> list[Wish]:
        """Return all wishes."""

    def wish(self, wish: Wish) -> None:
        """Remember a wish; the same again replaces it."""

    def forget(self, wishes: Iterable[Wish]) -> None:
        """Forget wishes."""

    def note_gap(self, bucket: str, since: float, now: float, why: str) -> None:
        """Note that changes of a bucket may have been lost until `now`; a gap not covered yet grows."""

    def gaps(self) -> dict[str, Gap]:
        """Return the gap of each bucket that has, or had, one."""


class WishTable:
    """`Wishes` over the SDK.

    Args:
        client: a DynamoDB client.
        name: the table.
    """

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def all(self) -> list[Wish]:
        """Return all wishes; an item that cannot be read is passed over: it is learned again."""
        found = (_read_wish(item) for item in self._items(SUBSCRIPTIONS))
        return sorted(wish for wish in found if wish is not None)

    def wish(self, wish: Wish) -> None:
        """Remember a wish."""
        item = {**_wish_key(wish), "events": {"L": [{"S": event} for event in wish.events]}}
        self._ask("put_item", Item=item)

    def forget(self, wishes: Iterable[Wish]) -> None:
        """Forget wishes."""
        for wish in wishes:
            self._ask("delete_item", Key=_wish_key(wish))

    def note_gap(self, bucket: str, since: float, now: float, why: str) -> None:
        """Note a gap; one that is not covered yet keeps its beginning."""
        standing = self.gaps().get(bucket)
        if standing is not None and not standing.covered:
            since = min(since, standing.since)
        self._ask("put_item", Item=gap_item(Gap(bucket, since, now, now + IN_FORCE_SECONDS, why)))

    def gaps(self) -> dict[str, Gap]:
        """Return the gaps by bucket."""
        found = (read_gap(item) for item in self._items(GAPS))
        return {gap.bucket: gap for gap in found if gap is not None}

    def _items(self, pk: str) -> Iterable[dict[str, Any]]:
        asked: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": pk}},
            "ConsistentRead": True,
        }
        while True:
            page = self._ask("query", **asked)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _ask(self, operation: str, **asked: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(TableName=self._name, **asked)
        except ClientError as error:
            raise UnsettledError(f"the stack's table could not be asked: {error}; run it again") from error
        except (HTTPClientError, NoConnectionError) as error:
            raise UnsettledError(f"the stack's table did not answer ({error}); run it again") from error
        return answer


def gap_item(gap: Gap) -> dict[str, Any]:
    """Return the item of a gap."""
    return {
        "pk": {"S": GAPS},
        "sk": {"S": gap.bucket},
        **{name: {"N": repr(getattr(gap, name))} for name in ("since", "noted", "due", "covered")},
        "why": {"S": gap.why},
    }


def read_gap(item: dict[str, Any]) -> Gap | None:
    """Read a gap; None for an item that somebody edited into what is none."""
    try:
        since, noted, due, covered = (float(item[name]["N"]) for name in ("since", "noted", "due", "covered"))
        return Gap(item["sk"]["S"], since, noted, due, item["why"]["S"], covered)
    except (KeyError, TypeError, ValueError):
        return None


def _wish_key(wish: Wish) -> dict[str, Any]:
    named = [wish.bucket, wish.road, wish.maker, wish.through, wish.keys.prefix, wish.keys.suffix]
    return {"pk": {"S": SUBSCRIPTIONS}, "sk": {"S": json.dumps(named)}}


def _read_wish(item: dict[str, Any]) -> Wish | None:
    try:
        bucket, road, maker, through, prefix, suffix = json.loads(item["sk"]["S"])
        events = tuple(str(event["S"]) for event in item["events"]["L"])
        return Wish(bucket, Road(road), Maker(maker), KeyFilter(prefix, suffix), events, through)
    except (KeyError, TypeError, ValueError):
        return None
