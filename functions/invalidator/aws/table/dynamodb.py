"""One DynamoDB table whose items are found by `pk` and `sk`, in as few calls as it takes.

Keys, items and values are in DynamoDB's own form: {"pk": {"S": "pins"}, …}. Expressions name attributes as `#name`, so
that no name can be one of DynamoDB's reserved words; what `#name` stands for is filled in here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from invalidator.aws.aws_errors import AwsError, code_of
from invalidator.failures import TableUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
Place = tuple[str, str]
DAY = 86_400
MOST_KEYS_IN_A_CALL = 100
MOST_WRITES_IN_A_CALL = 25
MOST_STATEMENTS_IN_A_CALL = 25
MOST_TRIES = 3
# As an UpdateItem or PutItem whose condition does not hold answers.
CONDITION_FAILED = "ConditionalCheckFailedException"
NOT_THERE = "attribute_not_exists(#pk)"


def key(pk: str, sk: str) -> Item:
    """Return an item's key."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def number(value: float) -> Item:
    """Return a number as DynamoDB takes it; it comes back as it was."""
    return {"N": repr(value)}


def text(value: str) -> Item:
    """Return a text as DynamoDB takes it."""
    return {"S": value}


def place(item: Item) -> Place:
    """Return the (pk, sk) of an item or of a key."""
    return item["pk"]["S"], item["sk"]["S"]


class DynamoDbTable:
    """A table, asked. Every method raises TableUnavailable where it cannot be."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def get(self, keys: Sequence[Item]) -> dict[Place, Item]:
        """Return those of the items that there are, by (pk, sk), strongly consistent."""
        got: list[Item] = []
        for start in range(0, len(keys), MOST_KEYS_IN_A_CALL):
            left: Item = {
                self._name: {"Keys": keys[start : start + MOST_KEYS_IN_A_CALL], "ConsistentRead": True}
            }
            for _ in range(MOST_TRIES):
                answer = self._ask("batch_get_item", RequestItems=left)
                got += answer["Responses"].get(self._name, [])
                left = answer.get("UnprocessedKeys", {})
                if not left:
                    break
            else:
                raise TableUnavailable("BatchGetItem left keys unprocessed")
        return {place(each): each for each in got}

    def put(self, item: Item) -> None:
        """Write an item; one with its key is replaced."""
        self._ask("put_item", TableName=self._name, Item=item)

    def put_if(self, item: Item, condition: str, values: Item | None = None) -> bool:
        """Write an item where a condition holds of the one with its key; tell whether it did."""
        return self._ask_if("put_item", condition, values or {}, Item=item) is not None

    def replace_each(self, items: Sequence[tuple[Item, Item]], attribute: str) -> list[bool]:
        """Write items, each in the place of one whose attribute has a value; tell of each whether that is surely done.

        A tenth of the processor time of as many conditional PutItem, for the same write units: a batch of PartiQL holds
        25 statements, each with a condition of its own [BatchExecuteStatement]. Why one was not done it tells too
        roughly; `put_if` does it again.

        Args:
            items: the item, and the value; all with the same attributes as what they replace.
            attribute: its name.
        """
        return self._execute([self._replacement(item, attribute, value) for item, value in items])

    def insert_each(self, items: Sequence[Item]) -> list[bool]:
        """Write items, each where none has its key, as `replace_each` does; all have the same attributes."""
        return self._execute([self._insertion(item) for item in items])

    def change_all(self, puts: Sequence[Item] = (), deletes: Sequence[Item] = ()) -> None:
        """Write items, and remove others by their keys. Where this fails, some of it may be done."""
        changes: list[Item] = [{"PutRequest": {"Item": each}} for each in puts]
        changes += [{"DeleteRequest": {"Key": each}} for each in deletes]
        for start in range(0, len(changes), MOST_WRITES_IN_A_CALL):
            left: Item = {self._name: changes[start : start + MOST_WRITES_IN_A_CALL]}
            for _ in range(MOST_TRIES):
                left = self._ask("batch_write_item", RequestItems=left).get("UnprocessedItems", {})
                if not left:
                    break
            else:
                raise TableUnavailable("BatchWriteItem left items unprocessed")

    def delete(self, key: Item) -> None:
        """Remove an item, if there is one."""
        self._ask("delete_item", TableName=self._name, Key=key)

    def delete_if(self, key: Item, condition: str, values: Item) -> None:
        """Remove an item where a condition holds of it."""
        self._ask_if("delete_item", condition, values, Key=key)

    def update(
        self,
        key: Item,
        change: str,
        values: Item,
        condition: str = "",
        returns: Literal["ALL_NEW", "ALL_OLD"] = "ALL_NEW",
    ) -> Item | None:
        """Change an item; return it as it is then, or as it was; None where the condition did not hold."""
        answer = self._ask_if(
            "update_item", condition, values, change, Key=key, UpdateExpression=change, ReturnValues=returns
        )
        return None if answer is None else dict(answer.get("Attributes", {}))

    def pages(
        self,
        pk: str,
        *,
        since: str = "",
        newest_first: bool = False,
        most: int | None = None,
        attributes: Sequence[str] = (),
        consistent: bool = True,
    ) -> Iterator[list[Item]]:
        """Yield the items of a partition, page by page of at most 1 MB, each asked for when it is wanted.

        Args:
            pk: the partition.
            since: the least sort key.
            newest_first: from the greatest sort key down.
            most: items in a page, None for as many as fit.
            attributes: what of the items is wanted; all of it by default.
            consistent: whether what was written before must be seen.
        """
        asked: Item = {
            "TableName": self._name,
            "KeyConditionExpression": "#pk = :pk AND #sk >= :since" if since else "#pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": pk}} | ({":since": {"S": since}} if since else {}),
            "ScanIndexForward": not newest_first,
            "ConsistentRead": consistent,
        } | ({} if most is None else {"Limit": most})
        if attributes:
            asked["ProjectionExpression"] = ", ".join(f"#{each}" for each in attributes)
        asked["ExpressionAttributeNames"] = _names(
            asked["KeyConditionExpression"], asked.get("ProjectionExpression", "")
        )
        while True:
            page = self._ask("query", **asked)
            yield page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def items(self, pk: str, **asked: Any) -> Iterator[Item]:
        """Yield the items of a partition; the arguments are those of `pages`."""
        for page in self.pages(pk, **asked):
            yield from page

    def _execute(self, statements: Sequence[Item]) -> list[bool]:
        done: list[bool] = []
        for start in range(0, len(statements), MOST_STATEMENTS_IN_A_CALL):
            part = statements[start : start + MOST_STATEMENTS_IN_A_CALL]
            answers = self._ask("batch_execute_statement", Statements=part)["Responses"]
            done += ["Error" not in answer for answer in answers]
        return done

    def _insertion(self, item: Item) -> Item:
        values = ", ".join(f"'{name}': ?" for name in item)
        return {
            "Statement": f'INSERT INTO "{self._name}" VALUE {{{values}}}',
            "Parameters": list(item.values()),
        }

    def _replacement(self, item: Item, attribute: str, value: Item) -> Item:
        changed = [name for name in item if name not in ("pk", "sk")]
        setting = " ".join(f'SET "{name}" = ?' for name in changed)
        return {
            "Statement": f'UPDATE "{self._name}" {setting} WHERE "pk" = ? AND "sk" = ? AND "{attribute}" = ?',
            "Parameters": [*(item[name] for name in changed), item["pk"], item["sk"], value],
        }

    def _ask(self, operation: str, **arguments: Any) -> Item:
        try:
            answer: Item = getattr(self._client, operation)(**arguments)
        except AwsError as error:
            raise TableUnavailable(str(error)) from error
        return answer

    def _ask_if(
        self, operation: str, condition: str, values: Item, change: str = "", **arguments: Any
    ) -> Item | None:
        asked: Item = {"TableName": self._name, **arguments}
        if condition:
            asked["ConditionExpression"] = condition
        if names := _names(condition, change):
            asked["ExpressionAttributeNames"] = names
        if values:
            asked["ExpressionAttributeValues"] = values
        try:
            answer: Item = getattr(self._client, operation)(**asked)
        except AwsError as error:
            if code_of(error) == CONDITION_FAILED:
                return None
            # It may be this item's fault, where somebody edited it.
            raise TableUnavailable(
                f"{' '.join(place(asked.get('Key') or asked['Item']))}: {error}"
            ) from error
        return answer


def _names(*expressions: str) -> Mapping[str, str]:
    return {f"#{each}": each for expression in expressions for each in re.findall(r"#(\w+)", expression)}
