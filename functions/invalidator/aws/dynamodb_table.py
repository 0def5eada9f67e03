"""One DynamoDB table whose items are found by `pk` and `sk`, in as few calls as it takes.

Keys, items and values are in DynamoDB's own form: {"pk": {"S": "pins"}, …}.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from invalidator.aws.aws_errors import AwsError, code_of
from invalidator.failures import MemoryUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
MOST_KEYS_IN_A_CALL = 100
MOST_WRITES_IN_A_CALL = 25
MOST_TRIES = 3


def key(pk: str, sk: str) -> Item:
    """Return an item's key."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def number(value: float) -> Item:
    """Return a number as DynamoDB takes it."""
    return {"N": repr(value)}


def place(item: Item) -> tuple[str, str]:
    """Return the (pk, sk) of an item or of a key."""
    return item["pk"]["S"], item["sk"]["S"]


class DynamoDbTable:
    """A table, asked. Every method raises MemoryUnavailable where it cannot be."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def get(self, keys: Sequence[Item]) -> dict[tuple[str, str], Item]:
        """Return those of the items that there are, by (pk, sk)."""
        got: list[Item] = []
        for start in range(0, len(keys), MOST_KEYS_IN_A_CALL):
            left: Item = {self._name: {"Keys": keys[start : start + MOST_KEYS_IN_A_CALL]}}
            for _ in range(MOST_TRIES):
                answer = self._ask("batch_get_item", RequestItems=left)
                got += answer["Responses"].get(self._name, [])
                left = answer.get("UnprocessedKeys", {})
                if not left:
                    break
            else:
                raise MemoryUnavailable("BatchGetItem left keys unprocessed")
        return {place(each): each for each in got}

    def put(self, item: Item) -> None:
        """Write an item; one with its key is replaced."""
        self._ask("put_item", TableName=self._name, Item=item)

    def put_all(self, items: Sequence[Item]) -> None:
        """Write items. Where this fails, some of them may be written."""
        puts = [{"PutRequest": {"Item": each}} for each in items]
        for start in range(0, len(puts), MOST_WRITES_IN_A_CALL):
            left: Item = {self._name: puts[start : start + MOST_WRITES_IN_A_CALL]}
            for _ in range(MOST_TRIES):
                left = self._ask("batch_write_item", RequestItems=left).get("UnprocessedItems", {})
                if not left:
                    break
            else:
                raise MemoryUnavailable("BatchWriteItem left items unprocessed")

    def delete(self, key: Item) -> None:
        """Remove an item, if there is one."""
        self._ask("delete_item", TableName=self._name, Key=key)

    def update(self, update: Mapping[str, Any]) -> None:
        """Change an item; `update` is UpdateItem's arguments but for the table."""
        self._ask("update_item", TableName=self._name, **update)

    def put_and_update(self, item: Item, update: Mapping[str, Any]) -> None:
        """Write one item and change another, both or neither, in one call."""
        both: Any = [
            {"Put": {"TableName": self._name, "Item": item}},
            {"Update": {"TableName": self._name, **update}},
        ]
        try:
            self._client.transact_write_items(TransactItems=both)
        except AwsError as error:
            if not isinstance(error, ClientError) or code_of(error) != "TransactionCanceledException":
                raise MemoryUnavailable(str(error)) from error
            # Two workers added to the same sum at once. Apart, the two writes do not conflict.
            self.put(item)
            self.update(update)

    def update_if(self, key: Item, update: str, condition: str, values: Item) -> Item | None:
        """Change an item and return what the update changed, as it was; None where the condition did not hold."""
        try:
            answer = self._client.update_item(
                TableName=self._name,
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

    def pages(
        self, pk: str, *, since: str = "", newest_first: bool = False, most: int | None = None
    ) -> Iterator[list[Item]]:
        """Yield the items of a partition, page by page of at most 1 MB, each asked for when it is wanted.

        Args:
            pk: the partition.
            since: the least sort key.
            newest_first: from the greatest sort key down.
            most: items in a page, None for as many as fit.
        """
        asked: Item = {
            "TableName": self._name,
            "KeyConditionExpression": "pk = :pk AND sk >= :since" if since else "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": pk}} | ({":since": {"S": since}} if since else {}),
            "ScanIndexForward": not newest_first,
        } | ({} if most is None else {"Limit": most})
        while True:
            page = self._ask("query", **asked)
            yield page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _ask(self, operation: str, **arguments: Any) -> Item:
        try:
            answer: Item = getattr(self._client, operation)(**arguments)
        except AwsError as error:
            raise MemoryUnavailable(str(error)) from error
        return answer
