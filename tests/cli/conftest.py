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
from tests.cli.dlq.desk import Desk, environment
from tests.cli.dlq.local_sqs import local_sqs
from tests.cli.fake_lambda import FakeLambda
from tests.cli.stored import Stored
from tests.memory_tables import make_table

REGION = "eu-west-1"
STACK = "cloudfront-invalidator"
TABLE = "mapping"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:Queue"
TRUSTED_ROLE = "arn:aws:iam::123456789012:role/trusted"
VARIABLES = {
    "TABLE_NAME": TABLE,
    "QUEUE_URL": "https://queue",
    "WAKE_QUEUE_URL": "https://wakes",
    "WAKE_QUEUE_ARN": "arn:aws:sqs:eu-west-1:123456789012:Wakes",
    "DEAD_LETTER_QUEUE_URL": "https://dead",
    "SURVEY_FUNCTION_NAME": "survey",
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
def stored(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stored]:
    """An AWS account with the stack deployed; the value is what its table holds."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.setenv(name, REGION)
    monkeypatch.setattr(Session, "aws", _sdk())
    with mock_aws():
        stored = _made_table()
        stored.functions = FakeLambda(VARIABLES, QUEUE, stored.survey)
        _answer_with(
            monkeypatch,
            {
                # moto's CloudFormation needs packages that the project does not have.
                "cloudformation": SimpleNamespace(describe_stacks=_describe_stacks),
                "lambda": stored.functions,
            },
        )
        yield stored


def _made_table() -> Stored:
    database = boto3.client("dynamodb")
    make_table(database, TABLE)
    return Stored(database, TABLE)


def _answer_with(monkeypatch: pytest.MonkeyPatch, others: dict[str, Any]) -> None:
    real = Session.client
    monkeypatch.setattr(
        Session, "client", lambda self, name, config=None: others.get(name) or real(self, name, config)
    )


@functools.cache
def _sdk() -> boto3.Session:
    """One session for all tests: it reads each service's model once, which is most of what a client costs."""
    return boto3.Session(region_name=REGION)


def _describe_stacks(StackName: str) -> dict[str, Any]:
    if StackName != STACK:
        error = {"Error": {"Code": "ValidationError", "Message": "does not exist"}}
        raise ClientError(error, "DescribeStacks")
    outputs = {
        "TableName": TABLE,
        "FunctionName": "invalidator",
        "SurveyFunctionName": "survey",
        "SweepFunctionName": "sweep",
        "QueueArn": QUEUE,
    }
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
        sqs.outputs |= {"TableName": TABLE, "SurveyFunctionName": "survey", "SweepFunctionName": "sweep"}
        with mock_aws():
            yield Desk(sqs, typed)


@pytest.fixture
def deployed_desk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The desk with the stack's table and functions; `stored` is what the table holds."""
    desk.stored = _made_table()
    desk.function = FakeLambda(
        VARIABLES | {"MONTHLY_PATH_BUDGET": "1000"}, desk.sqs.outputs["QueueArn"], desk.stored.survey
    )
    _answer_with(monkeypatch, {"lambda": desk.function})
    return desk
