"""Whatever call AWS refuses somebody, the command says which permission that is, in a line and without a traceback."""

from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from infra.cli.errors import explain_aws_error, permission
from infra.cli.policy.documents import WHO, Place, document
from infra.cli.session import Session
from tests.cli.made_distributions import config, create
from tests.cli.wait.test_wait import ALLOWED, SITE, make_bucket


class Refusing:
    """AWS as somebody sees it who lacks one permission: it does not say which, as S3 and CloudFront do not.

    Attributes:
        lacks: IAM's name of it.
    """

    lacks = ""

    def ask(self, operation):
        if permission(operation) == self.lacks:
            raise refusal(operation)


def refusal(operation, code="AccessDenied", message="Access Denied"):
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    return ClientError(answer, operation)


@pytest.fixture
def desk(deployed_desk):
    deployed_desk.sqs.policy = ALLOWED
    make_bucket("site", deployed_desk.sqs.outputs["QueueArn"])
    deployed_desk.made = create(config(SITE))
    deployed_desk.stored.survey()
    return deployed_desk


@pytest.fixture
def aws(desk, monkeypatch):
    refusing = Refusing()
    base: Any = BaseClient  # its stubs do not know what every call goes through
    real, found = base._make_api_call, Session.client

    def call(client, operation, arguments):
        refusing.ask(operation)
        return real(client, operation, arguments)

    class Functions:
        def __getattr__(self, name):
            refusing.ask("".join(part.title() for part in name.split("_")))
            return getattr(desk.function, name)

    def client(self, name, config=None):
        return Functions() if name == "lambda" else found(self, name, config)

    monkeypatch.setattr(base, "_make_api_call", call)
    monkeypatch.setattr(Session, "client", client)
    return refusing


# Command, the permission that is missing, exit code: 0 where the rest can be shown without it.
CASES = [
    ("explain s3://site/a.html", "s3:GetObject", 0),
    ("explain s3://site/a.html", "dynamodb:Query", 1),
    ("explain s3://site/a.html", "lambda:GetFunctionConfiguration", 1),
    ("send s3://site/docs/ --yes", "sqs:SendMessage", 1),
    ("wait s3://site --settle 0", "sqs:GetQueueAttributes", 1),
    ("wait s3://site --settle 0", "s3:GetBucketNotification", 0),
    ("bucket list", "s3:ListAllMyBuckets", 1),
    ("bucket list site", "s3:GetBucketNotification", 1),
    ("bucket list site", "sqs:GetQueueAttributes", 0),
    ("bucket disconnect site", "s3:PutBucketNotification", 1),
    ("route list", "dynamodb:BatchGetItem", 1),
    ("route pin site --distribution {made} --origin-path /p", "dynamodb:PutItem", 1),
    ("route refresh", "lambda:InvokeFunction", 1),
    ("status", "cloudwatch:GetMetricStatistics", 0),
    ("check", "lambda:ListEventSourceMappings", 3),
    ("pending list", "dynamodb:Query", 1),
    ("pending export {new}", "lambda:GetFunctionConfiguration", 0),
    ("dlq list", "sqs:ReceiveMessage", 1),
    ("logs", "logs:FilterLogEvents", 1),
    ("pause", "lambda:UpdateEventSourceMapping", 1),
]


@pytest.mark.parametrize(("command", "action", "code"), CASES)
def test_the_permission_that_is_missing_is_named(desk, aws, tmp_path, command, action, code):
    aws.lacks = action
    answer = desk.run(*command.format(made=desk.made, new=tmp_path / "new").split())
    assert answer.code == code, answer
    assert action in f"{answer.out} {answer.err}"
    assert "Traceback" not in answer.err


def test_every_permission_that_people_are_given_has_a_call_that_names_it():
    """Where AWS's own words name another in small letters, or none, ours is said."""
    said = explain_aws_error(
        refusal("GetQueueAttributes", message="not authorized to perform: sqs:getqueueattributes")
    )
    assert said.startswith("sqs:GetQueueAttributes is not allowed to these credentials (AWS refused")
    assert explain_aws_error(refusal("Odd", message="may not perform: odd:Thing on x")).startswith(
        "odd:Thing is not"
    )
    assert "these credentials may not do that" in explain_aws_error(refusal("Odd"))
    for who in ("ci", "operator"):
        assert who in WHO
        given = {each for part in document(who, Place("s", "1", "r"))["Statement"] for each in part["Action"]}
        # SQS uses these itself, with the rights of who sends and receives.
        used_by_sqs = {"kms:Decrypt", "kms:GenerateDataKey"}
        named = {permission(each.partition(":")[2]) for each in given} | {
            permission(each) for each in OTHER_NAMES
        }
        assert given - used_by_sqs <= named, given - named


OTHER_NAMES = (
    "Invoke",
    "HeadObject",
    "HeadBucket",
    "ListBuckets",
    "GetBucketNotificationConfiguration",
    "PutBucketNotificationConfiguration",
    "ChangeMessageVisibilityBatch",
    "DeleteMessageBatch",
)
