"""A DynamoDB table of the template's form, on moto; and the table's ports, in memory and over it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.simulator.aws.table import InMemoryTable
from invalidator.aws.table.accounts import AccountTable
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.logs import LogTable
from invalidator.aws.table.pins import PinTable
from invalidator.aws.table.routes import RoutesTable
from invalidator.aws.table.targets import TargetTable
from invalidator.aws.table.wakes import WakeTable
from invalidator.ports import Accounts, Log, RoutesStore, Targets, Wakes
from tests.aws.table.remembered import NOW, TABLE
from tests.memory_tables import make_table

_owners = count(1)


@dataclass(frozen=True)
class Ports:
    """One table by its ports. Tests share it, so each takes names of its own."""

    log: Log
    wakes: Wakes
    targets: Targets
    accounts: Accounts
    routes: RoutesStore

    def name(self, kind: str = "e") -> str:
        """A name that no other test has."""
        return f"{kind}{next(_owners)}"


def ports_over(table: DynamoDbTable) -> Ports:
    return Ports(
        LogTable(table, lambda: NOW),
        WakeTable(table),
        TargetTable(table),
        AccountTable(table),
        RoutesTable(table),
    )


@pytest.fixture(scope="package")
def client() -> Iterator[Any]:
    # Credentials of its own: moto's would stay in the environment of every test of the package.
    with mock_aws(config={"core": {"mock_credentials": False}}):
        client = boto3.client(
            "dynamodb", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        make_table(client, TABLE)
        yield client


@pytest.fixture(scope="package")
def table(client: Any) -> DynamoDbTable:
    return DynamoDbTable(client, TABLE)


@pytest.fixture
def stored(table: DynamoDbTable) -> Ports:
    return ports_over(table)


@pytest.fixture
def pin_table(table: DynamoDbTable) -> PinTable:
    return PinTable(table)


@pytest.fixture(params=["in memory", "in DynamoDB"])
def ports(request: pytest.FixtureRequest) -> Ports:
    if request.param == "in DynamoDB":
        stored: Ports = request.getfixturevalue("stored")
        return stored
    table = InMemoryTable()
    return Ports(table, table, table, table, table)
