"""An account in this process, with the stack deployed; and the command line as a person types it."""

import functools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.cli.main import main
from infra.cli.session import Session
from invalidator.aws.memory_table import MemoryTable
from tests.cli.dlq.desk import Desk, FakeFunction, environment
from tests.cli.dlq.local_sqs import local_sqs
from tests.memory_tables import make_table

REGION = "eu-west-1"
STACK = "cloudfront-invalidator"
TABLE = "mapping"
TRUSTED_ROLE = "arn:aws:iam::123456789012:role/trusted"
VARIABLES = {
    "TABLE_NAME": TABLE,
    "QUEUE_URL": "https://queue",
    "DEAD_LETTER_QUEUE_URL": "https://dead",
    "INDEX_DOCUMENTS": "index.html,default.htm",
    "MAX_PATHS": "500",
    "MAX_WILDCARDS": "10",
}


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Types a command and returns what a person sees."""

    def type_(*arguments: str) -> Answer:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Answer(ended.value.code, captured.out, captured.err)

    return type_


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryTable]:
    """An AWS account with the stack deployed; the value is the worker's memory in it."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.setenv(name, REGION)
    # moto's CloudFormation and Lambda need packages that the project does not have.
    others = {
        "cloudformation": SimpleNamespace(describe_stacks=_describe_stacks),
        "lambda": SimpleNamespace(
            get_function_configuration=lambda FunctionName: {"Environment": {"Variables": VARIABLES}}  # noqa: N803
        ),
    }
    real = Session.client
    monkeypatch.setattr(Session, "aws", _sdk())
    monkeypatch.setattr(Session, "client", lambda self, name: others.get(name) or real(self, name))
    with mock_aws():
        yield _made_table()


def _made_table() -> MemoryTable:
    database = boto3.client("dynamodb")
    make_table(database, TABLE)
    return MemoryTable(database, TABLE)


@functools.cache
def _sdk() -> boto3.Session:
    """One session for all tests: it reads each service's model once, which is most of what a client costs."""
    return boto3.Session(region_name=REGION)


def _describe_stacks(StackName: str) -> dict[str, Any]:  # noqa: N803  boto3's name
    if StackName != STACK:
        error = {"Error": {"Code": "ValidationError", "Message": "does not exist"}}
        raise ClientError(error, "DescribeStacks")
    outputs = {"TableName": TABLE, "FunctionName": "worker"}
    return {
        "Stacks": [
            {
                "Parameters": [{"ParameterKey": "AssumableRoleArns", "ParameterValue": TRUSTED_ROLE}],
                "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
            }
        ]
    }


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, typed: Callable[..., Answer]) -> Iterator[Desk]:
    """The operator's desk: queues in a local SQS, everything else in moto."""
    for name in ("AWS_PROFILE", "AWS_REGION", "INVALIDATOR_STACK", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with local_sqs() as sqs:
        # Before moto puts its own credentials there: monkeypatch would put those back at the end, for every later test.
        for name, value in environment(sqs).items():
            monkeypatch.setenv(name, value)
        sqs.outputs["TableName"] = TABLE
        with mock_aws():
            yield Desk(sqs, typed)


@pytest.fixture
def deployed_desk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The desk with the worker's table and function; `memory` is what the worker remembers."""
    desk.memory = _made_table()
    desk.function = FakeFunction(VARIABLES | {"MONTHLY_PATH_BUDGET": "1000"})
    real = Session.client
    monkeypatch.setattr(
        Session, "client", lambda self, name: desk.function if name == "lambda" else real(self, name)
    )
    return desk
