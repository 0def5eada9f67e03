"""A DynamoDB table of the template's form, on moto."""

import re
from typing import Any

from moto.dynamodb import models
from moto.dynamodb.exceptions import ConditionalCheckFailed
from moto.dynamodb.models import DynamoDBBackend

_INSERT = re.compile(r"""INSERT INTO "(\w+)" VALUE \{((?:'\w+': \?(?:, )?)+)\}""")
_UPDATE = re.compile(r'UPDATE "(\w+)" ((?:SET "\w+" = \? )+)WHERE "pk" = \? AND "sk" = \? AND "(\w+)" = \?')


def make_table(client: Any, name: str) -> None:
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )


def _written(backend: DynamoDBBackend, statement: dict[str, Any]) -> dict[str, Any]:
    found = _INSERT.fullmatch(statement["Statement"])
    return _updated(backend, statement) if found is None else _inserted(backend, found, statement)


def _inserted(backend: DynamoDBBackend, found: "re.Match[str]", statement: dict[str, Any]) -> dict[str, Any]:
    item = dict(zip(re.findall(r"'(\w+)'", found[2]), statement["Parameters"], strict=True))
    try:
        backend.put_item(found[1], item, condition_expression="attribute_not_exists(pk)")
    except ConditionalCheckFailed:
        return {"TableName": found[1], "Error": {"Code": "DuplicateItem", "Message": "there is one"}}
    return {"TableName": found[1]}


def _updated(backend: DynamoDBBackend, statement: dict[str, Any]) -> dict[str, Any]:
    found = _UPDATE.fullmatch(statement["Statement"])
    assert found, statement
    names = re.findall(r'"(\w+)"', found[2])
    *values, pk, sk, condition = statement["Parameters"]
    try:
        backend.update_item(
            found[1],
            {"pk": pk, "sk": sk},
            "SET " + ", ".join(f"#{name} = :{name}" for name in names),
            {f"#{name}": name for name in {*names, found[3]}},
            {
                **{f":{name}": value for name, value in zip(names, values, strict=True)},
                ":condition": condition,
            },
            condition_expression=f"#{found[3]} = :condition",
        )
    except ConditionalCheckFailed:
        return {"TableName": found[1], "Error": {"Code": "ConditionalCheckFailed", "Message": "no"}}
    return {"TableName": found[1]}


def _answer(backend: DynamoDBBackend, statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answer a batch of PartiQL by single calls: moto's own parser cannot read two SETs, or a second condition.

    The statements themselves are held against an emulator that can (tests/system/test_rows_in_batches.py).
    """
    return [_written(backend, each) for each in statements]


vars(models)["DynamoDBBackend"].batch_execute_statement = _answer
