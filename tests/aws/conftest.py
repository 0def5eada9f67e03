"""A DynamoDB table of the template's form, on moto."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from invalidator.aws.memory_table import MemoryTable
from tests.aws.remembered import TABLE
from tests.memory_tables import make_table


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client(
            "dynamodb", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )


@pytest.fixture
def table(client: Any) -> Iterator[MemoryTable]:
    make_table(client, TABLE)
    yield MemoryTable(client, TABLE)
    client.delete_table(TableName=TABLE)
