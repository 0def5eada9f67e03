"""The DynamoDB table: who serves which bucket, what was sent, what was spent, what was learned.

How each item looks stands in `table_items`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from invalidator.core.budget import month_of
from invalidator.core.pace import FURTHEST_SLOT_SECONDS, Pace
from invalidator.core.pins import Pin
from invalidator.core.sent import Sent
from invalidator.failures import MemoryUnavailable
from invalidator.ports import Account, StoredRoutes
from invalidator.services import table_items as items
from invalidator.services.aws_errors import AwsError, code_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_KEYS_IN_A_CALL = 100
MOST_WRITES_IN_A_CALL = 25
# Pages of at most 1 MB; older invalidations than fit are not looked at, and their paths are sent again.
MOST_PAGES = 3
# Nor those past so many characters of paths: what a page packs could fill the function's memory.
MOST_CHARACTERS = 48 * 1024 * 1024
MOST_TRIES = 3


class MemoryTable:
    """The worker's memory, in DynamoDB. Every method raises MemoryUnavailable where the table cannot be asked."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def recall(
        self, buckets: Iterable[str], account: str, now: float
    ) -> tuple[dict[str, StoredRoutes], Account]:
        """Return what is known of the buckets (absent: nothing readable) and of an account."""
        keys = [items.routes_key(bucket) for bucket in buckets]
        keys += [(f"account#{account}", f"spending#{month_of(now)}"), (f"account#{account}", "pace")]
        found = {(item["pk"]["S"], item["sk"]["S"]): item for item in self._get(keys)}
        *routes_keys, spending, pace = keys
        routes = {
            bucket: stored
            for partition, bucket in routes_keys
            if (item := found.get((partition, bucket))) and (stored := items.read_routes(item)) is not None
        }
        return routes, items.read_account(found.get(spending, {}), found.get(pace, {}), now)

    def all_routes(self) -> dict[str, StoredRoutes]:
        """Return what is known of every bucket that was ever asked for or served, stale answers included."""
        return {
            item["sk"]["S"]: stored
            for item in self._partition("routes")
            if (stored := items.read_routes(item)) is not None
        }

    def store_routes(self, routes: Mapping[str, StoredRoutes]) -> None:
        """Remember who serves which bucket."""
        puts = [
            {"PutRequest": {"Item": items.routes_item(bucket, stored)}} for bucket, stored in routes.items()
        ]
        for start in range(0, len(puts), MOST_WRITES_IN_A_CALL):
            left: dict[str, Any] = {self._table: puts[start : start + MOST_WRITES_IN_A_CALL]}
            for _ in range(MOST_TRIES):
                left = self._ask("batch_write_item", RequestItems=left).get("UnprocessedItems", {})
                if not left:
                    break
            else:
                raise MemoryUnavailable("BatchWriteItem left items unprocessed")

    def pins(self) -> list[Pin]:
        """Return what people have pinned."""
        return [pin for item in self._partition("pins") if (pin := items.read_pin(item)) is not None]

    def pin(self, pin: Pin) -> None:
        """Remember a pin; the same pin again replaces it."""
        self._ask("put_item", Item=items.pin_item(pin))

    def unpin(self, pin: Pin) -> None:
        """Forget a pin."""
        self._ask("delete_item", Key=items.pin_key(pin))

    def sent_since(self, distribution: str, since: float) -> list[Sent]:
        """Return the distribution's invalidations created at or after `since`, newest first."""
        sent: list[Sent] = []
        characters = 0
        start: dict[str, Any] = {}
        for _ in range(MOST_PAGES):
            page = self._ask(
                "query",
                KeyConditionExpression="pk = :pk AND sk >= :since",
                ExpressionAttributeValues={
                    ":pk": {"S": f"sent#{distribution}"},
                    ":since": {"S": items.sent_sort_key(since)},
                },
                ScanIndexForward=False,
                **start,
            )
            for item in page["Items"]:
                each = items.read_sent(distribution, item)
                if each is None:
                    continue
                characters += sum(map(len, each.paths))
                if characters > MOST_CHARACTERS:
                    return sent
                sent.append(each)
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        return sent

    def last_sent(self, distribution: str) -> Sent | None:
        """Return the distribution's newest invalidation, None where none is remembered."""
        page = self._ask(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"sent#{distribution}"}},
            ScanIndexForward=False,
            Limit=1,
        )
        return next((items.read_sent(distribution, item) for item in page["Items"]), None)

    def record(self, sent: Sent, account: str, now: float) -> None:
        """Remember an invalidation, and add its paths to what the account has spent, in one call."""
        put = {"Item": items.sent_item(sent)}
        add = items.spending_update(account, len(sent.paths), now)
        both: Any = [
            {"Put": {"TableName": self._table, **put}},
            {"Update": {"TableName": self._table, **add}},
        ]
        try:
            self._client.transact_write_items(TransactItems=both)
        except AwsError as error:
            if not isinstance(error, ClientError) or code_of(error) != "TransactionCanceledException":
                raise MemoryUnavailable(str(error)) from error
            # Two workers added to the same sum at once. Apart, the two writes do not conflict.
            self._ask("put_item", **put)
            self._ask("update_item", **add)

    def mark_completed(self, sent: Sent) -> None:
        """Remember that CloudFront finished an invalidation; one that was never recorded stays so."""
        self._update_if(
            items.sent_key(sent),
            "SET completed = :yes",
            "attribute_exists(pk)",
            {":yes": {"BOOL": True}},
        )

    def learn(self, account: str, pace: Pace) -> None:
        """Remember what CloudFront accepts."""
        self._ask(
            "update_item",
            Key=items.key(f"account#{account}", "pace"),
            UpdateExpression=(
                "SET request_paths = :paths, request_wildcards = :wildcards, gap = :gap, learned = :learned"
            ),
            ExpressionAttributeValues={
                ":paths": items.number(pace.paths),
                ":wildcards": items.number(pace.wildcards),
                ":gap": items.number(pace.gap),
                ":learned": items.number(pace.learned),
            },
        )

    def reserve_call(self, account: str, now: float, gap: float, latest: float) -> float | None:
        """Take the account's next call slot, `gap` seconds after the one before; None where that is too late.

        Both attempts are conditional writes on one number, so two workers never get the same slot. No worker
        reserves far ahead: a slot that is further off was not written by one, and would stop all of them.
        """
        if now > latest:
            return None
        pace = items.key(f"account#{account}", "pace")
        free_now = self._update_if(
            pace,
            "SET next_call = :next",
            "attribute_not_exists(next_call) OR next_call <= :now OR next_call > :absurd",
            {
                ":next": items.number(now + gap),
                ":now": items.number(now),
                ":absurd": items.number(now + FURTHEST_SLOT_SECONDS),
            },
        )
        if free_now is not None:
            return now
        taken = self._update_if(
            pace,
            "SET next_call = next_call + :gap",
            "next_call <= :latest",
            {":gap": items.number(gap), ":latest": items.number(latest)},
        )
        return None if taken is None else float(taken["next_call"]["N"])

    def _update_if(
        self, key: dict[str, Any], update: str, condition: str, values: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Update an item and return what the update changed, as it was; None where the condition did not hold."""
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                ReturnValues="UPDATED_OLD",
            )
        except AwsError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return None
            raise MemoryUnavailable(str(error)) from error
        return dict(answer.get("Attributes", {}))

    def _get(self, keys: list[tuple[str, str]]) -> list[dict[str, Any]]:
        got: list[dict[str, Any]] = []
        for start in range(0, len(keys), MOST_KEYS_IN_A_CALL):
            wanted = [items.key(pk, sk) for pk, sk in keys[start : start + MOST_KEYS_IN_A_CALL]]
            left: dict[str, Any] = {self._table: {"Keys": wanted}}
            for _ in range(MOST_TRIES):
                answer = self._ask("batch_get_item", RequestItems=left)
                got += answer["Responses"].get(self._table, [])
                left = answer.get("UnprocessedKeys", {})
                if not left:
                    break
            else:
                raise MemoryUnavailable("BatchGetItem left keys unprocessed")
        return got

    def _partition(self, pk: str) -> Iterator[dict[str, Any]]:
        start: dict[str, Any] = {}
        while True:
            page = self._ask(
                "query",
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": pk}},
                **start,
            )
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _ask(self, operation: str, **arguments: Any) -> dict[str, Any]:
        if not operation.startswith("batch_"):
            arguments["TableName"] = self._table
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**arguments)
        except AwsError as error:
            raise MemoryUnavailable(str(error)) from error
        return answer
