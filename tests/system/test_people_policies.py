"""What `invalidator policy` prints is enough for its people and no more; IAM is enforced."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from infra.cli.policy.documents import WHO, Place, document
from infra.local import sam
from infra.local.ministack import REGION
from tests.system import site
from tests.system.conftest import PROOF, SECOND, Stack
from tests.system.stack import invalidator

pytestmark = [pytest.mark.local_aws, pytest.mark.xdist_group("system")]

ACCOUNT = "000000000000"
PLACE = Place("cloudfront-invalidator", ACCOUNT, REGION)
# The names of IAM's actions where they are not the API's.
ACTIONS = {
    "s3:HeadObject": "s3:GetObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "lambda:Invoke": "lambda:InvokeFunction",
}


class As:
    """One who holds a policy: commands and calls with nothing but its rights."""

    def __init__(self, stack: Stack, who: str) -> None:
        self.stack = stack
        self.called: set[str] = set()
        iam = stack.aws.client("iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
        made = iam.create_role(
            RoleName=f"person-{who}",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
        iam.put_role_policy(
            RoleName=f"person-{who}", PolicyName="p", PolicyDocument=json.dumps(document(who, PLACE))
        )
        got = stack.aws.client("sts").assume_role(RoleArn=made["Role"]["Arn"], RoleSessionName="person")[
            "Credentials"
        ]
        self.credentials = {
            "AWS_ACCESS_KEY_ID": got["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": got["SecretAccessKey"],
            "AWS_SESSION_TOKEN": got["SessionToken"],
        }

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note every call that is made, by IAM's name of it."""
        base: Any = BaseClient  # its stubs do not know what every call goes through
        real = base._make_api_call

        def call(client: Any, operation: str, arguments: Any) -> Any:
            service = client.meta.service_model.signing_name
            service = {"monitoring": "cloudwatch"}.get(service, service)
            name = f"{service}:{operation.removesuffix('Batch') if service == 'sqs' else operation}"
            self.called.add(ACTIONS.get(name, name))
            return real(client, operation, arguments)

        with mock.patch.object(base, "_make_api_call", call):
            yield

    def types(self, *arguments: str, expect: int = 0) -> Any:
        """Type a command."""
        environment = {**self.stack.aws.environment, **self.credentials}
        with mock.patch.dict(os.environ, environment), self.noted():
            aws = mock.Mock(subprocess_environment={**os.environ, **environment})
            return invalidator(aws, *arguments, expect=expect)

    def client(self, service: str) -> Any:
        key, secret, token = self.credentials.values()
        session: Any = boto3.Session(key, secret, token, REGION)
        return session.client(service, endpoint_url=self.stack.aws.endpoint)


def allowed(who: str) -> set[str]:
    return {action for each in document(who, PLACE)["Statement"] for action in each["Action"]}


@pytest.fixture(scope="module")
def distribution(stack: Stack) -> str:
    made = site.make_distribution(stack.aws, SECOND)
    stack.aws.client("s3").put_object(Bucket=SECOND, Key="a.html", Body=b"x")
    return str(made)


# What no command calls here: the emulator has none of it, or the stack none of its kind.
CLOUDFRONT = {
    "cloudfront:GetCachePolicy",
    "cloudfront:GetDistributionTenant",
    "cloudfront:GetInvalidation",
    "cloudfront:GetInvalidationForDistributionTenant",
    "cloudfront:ListDistributionTenants",
}
BY_SQS = {"kms:Decrypt", "kms:GenerateDataKey"}


def look(person: As, bucket: str, keys: str) -> None:
    person.types("status")
    person.types("pending", "list")
    person.types("explain", f"s3://{bucket}/a.html")
    person.types("explain", f"s3://{bucket}/gone.html")
    person.types("route", "list")
    person.types("plan", "--bucket", bucket, "--keys", keys)


@pytest.fixture(scope="module")
def operator(stack: Stack) -> As:
    return As(stack, "operator")


def test_an_operators_policy_lets_every_command_run_and_holds_nothing_dead(
    stack, operator, distribution, tmp_path
):
    sqs = stack.aws.client("sqs")
    keys, made = tmp_path / "keys.txt", tmp_path / "made"
    keys.write_text("a.html\n")
    operator.types("route", "refresh")
    look(operator, SECOND, str(keys))
    operator.types("route", "show", SECOND)
    operator.types("route", "pin", SECOND, "--distribution", distribution, "--as", "/x/{key}")
    operator.types("route", "unpin", SECOND, "--distribution", distribution)
    operator.types("bucket", "disconnect", PROOF)
    operator.types("bucket", "connect", PROOF)
    operator.types("bucket", "list")
    for number in range(4):
        sqs.send_message(
            QueueUrl=stack.outputs["DeadLetterQueueUrl"],
            MessageBody=f"no json {number}",
            MessageAttributes={
                "Reason": {"DataType": "String", "StringValue": ["not-json", "unavailable"][number % 2]}
            },
        )
    operator.types("dlq", "list")
    operator.types("dlq", "explain")
    operator.types("dlq", "export", f"{made}1")
    operator.types("dlq", "purge", "--reason", "not-json", "--export", f"{made}2", "--yes")
    operator.types("dlq", "redrive", "--reason", "unavailable", "--yes")
    operator.types("dlq", "redrive", "--yes")
    with mock.patch("infra.cli.logs.as_json", return_value=""):  # its lines are documents, not one
        operator.types("logs", "--minutes", "1")
    operator.types("pause")
    operator.types("resume")
    unused = allowed("operator") - operator.called
    assert unused <= CLOUDFRONT | BY_SQS | FOR_OTHERS, unused - CLOUDFRONT - BY_SQS - FOR_OTHERS


# `check` asks these, `pending drop` and another account's pins need them; tests of their own hold what they call.
FOR_OTHERS = {
    "cloudwatch:DescribeAlarms",
    "dynamodb:BatchWriteItem",
    "dynamodb:DescribeContinuousBackups",
    "dynamodb:DescribeTable",
    "dynamodb:UpdateItem",
    "events:ListTargetsByRule",
    "kms:DescribeKey",
    "sts:AssumeRole",
    "sqs:StartMessageMoveTask",
}


def test_a_ci_jobs_policy_lets_it_look_and_change_nothing(stack, distribution, tmp_path):
    job = As(stack, "ci")
    (tmp_path / "keys").write_text("a.html\n")
    look(job, SECOND, str(tmp_path / "keys"))
    unused = allowed("ci") - job.called
    assert unused <= CLOUDFRONT | FOR_OTHERS, unused
    job.types("dlq", "list", expect=1)
    job.types("pause", expect=1)
    job.types("route", "refresh", expect=1)
    for call in (
        lambda: job.client("s3").put_object(Bucket=SECOND, Key="x", Body=b""),
        lambda: job.client("sqs").purge_queue(QueueUrl=stack.outputs["QueueUrl"]),
        lambda: job.client("dynamodb").delete_table(TableName=stack.outputs["TableName"]),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            call()


FORBIDDEN = {
    "read another stack's queue": lambda c, o: c("sqs").receive_message(QueueUrl=o["queue"]),
    "delete the queue": lambda c, o: c("sqs").delete_queue(QueueUrl=o["own"]),
    "delete the table": lambda c, o: c("dynamodb").delete_table(TableName=o["table"]),
    "read a function's code": lambda c, o: c("lambda").get_function(FunctionName=o["function"]),
    "write objects": lambda c, o: c("s3").put_object(Bucket=SECOND, Key="x", Body=b""),
    "make a user": lambda c, o: c("iam").create_user(UserName="x"),
}


def test_an_operator_may_not(stack, operator):
    other = stack.aws.client("sqs").create_queue(QueueName="operator-other")["QueueUrl"]
    names = {
        "queue": other,
        "own": stack.outputs["QueueUrl"],
        "table": stack.outputs["TableName"],
        "function": stack.outputs["FunctionName"],
    }
    for what, call in FORBIDDEN.items():
        with pytest.raises(ClientError) as refused:
            call(operator.client, names)
        assert "AccessDenied" in refused.value.response["Error"]["Code"], what


def test_a_deployers_policy_is_enough_for_sam_and_names_each_kind_of_resource(stack):
    """The emulator makes what a stack holds with nobody's rights: of those, each kind must be named."""
    deployer = As(stack, "deployer")
    environment = {**stack.aws.subprocess_environment, **deployer.credentials}
    built = stack.aws.build()
    sam.deploy(built, PLACE.stack, {"LogLevel": "INFO"}, stack.aws.logs / "sam.log", environment)
    template = stack.aws.client("cloudformation").get_template(StackName=PLACE.stack)["TemplateBody"]
    text = template if isinstance(template, str) else json.dumps(template)
    services = {"SQS": "sqs", "DynamoDB": "dynamodb", "IAM": "iam", "Lambda": "lambda", "Logs": "logs",
                "CloudWatch": "cloudwatch", "SNS": "sns", "Events": "events", "Serverless": "lambda"}  # fmt: skip
    kinds = {kind for kind in services if f"AWS::{kind}::" in text}
    assert {"SQS", "DynamoDB", "IAM"} <= kinds
    made = {
        action.partition(":")[0] for action in allowed("deployer") if ":Create" in action or ":Put" in action
    }
    assert {services[kind] for kind in kinds} <= made
    with pytest.raises(ClientError, match="AccessDenied"):
        deployer.client("sqs").receive_message(QueueUrl=stack.outputs["QueueUrl"])


def test_each_policy_fits_what_iam_takes():
    """6,144 characters without blanks (IAM guide, quotas)."""
    for who in WHO:
        assert len(json.dumps(document(who, PLACE), separators=(",", ":"))) <= 6144, who
