"""What `invalidator policy` prints is enough for its people, and no more: IAM is enforced.

What this local AWS cannot show, and nothing but an account can: the deployer's rights on the resources that
CloudFormation makes (the emulator makes them with nobody's rights, so their kinds are compared with the template
instead), conditions on kms:ViaService, and what no command calls here (`NOT_CALLED_HERE`, each with its reason).
"""

import contextlib
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from infra.cli.policy.documents import WHO, Place, document
from infra.local.ministack import REGION
from infra.template import read_template
from tests.system import site
from tests.system.conftest import PROOF, SECOND, Stack
from tests.system.stack import invalidator

pytestmark = [
    pytest.mark.local_aws,
    pytest.mark.xdist_group("system"),
    pytest.mark.soak("minutes of a busy machine"),
]

ACCOUNT = "000000000000"
PLACE = Place("cloudfront-invalidator", ACCOUNT, REGION)
# The names of IAM's actions where they are not the API's.
ACTIONS = {
    "s3:HeadObject": "s3:GetObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "lambda:Invoke": "lambda:InvokeFunction",
}
# Service and action → why no command calls it here.
NOT_CALLED_HERE = {
    "cloudfront:GetCachePolicy": "of a behavior with a cache policy; none here has one",
    "cloudfront:GetDistributionTenant": "of a multi-tenant distribution, which the emulator does not know",
    "cloudfront:GetInvalidation": "explain and wait ask for it once something was sent",
    "cloudfront:GetInvalidationForDistributionTenant": "of a multi-tenant distribution",
    "cloudfront:ListDistributionTenants": "of a multi-tenant distribution",
    "dynamodb:BatchWriteItem": "pending drop and redrive of what is pending",
    "dynamodb:UpdateItem": "pending drop",
    "events:EnableRule": "check --repair, of a rule that is off; here all are on",
    "sqs:SetQueueAttributes": "check --repair, of a queue's policy; here it is as it must be",
    "kms:Decrypt": "SQS calls it with the person's rights",
    "kms:GenerateDataKey": "SQS calls it with the person's rights",
    "kms:DescribeKey": "check, of a queue whose key is named by an alias",
    "lambda:GetEventSourceMapping": "waiters, for tools beside this one",
    "sqs:StartMessageMoveTask": "the emulator knows no moves, and answers the question before it",
    "sts:AssumeRole": "of a pin with another account's role",
    "s3:ListBucket": "S3 asks for it where HeadObject names a missing object",
}


class Person:
    """One who holds a policy: commands and calls with its rights alone."""

    def __init__(self, stack: Stack, who: str) -> None:
        self.stack = stack
        self.called: set[str] = set()
        iam = stack.aws.client("iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
        made = iam.create_role(
            RoleName=f"person-{who}",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )["Role"]
        iam.put_role_policy(
            RoleName=f"person-{who}", PolicyName="p", PolicyDocument=json.dumps(document(who, PLACE))
        )
        got = stack.aws.client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="person")[
            "Credentials"
        ]
        self.credentials = {
            "AWS_ACCESS_KEY_ID": got["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": got["SecretAccessKey"],
            "AWS_SESSION_TOKEN": got["SessionToken"],
        }

    def types(self, *arguments: str, expect: int | None = 0) -> Any:
        """Type a command."""
        environment = {**self.stack.aws.subprocess_environment, **self.credentials}
        with self._noted():
            return invalidator(SimpleNamespace(subprocess_environment=environment), *arguments, expect=expect)

    def client(self, service: str) -> Any:
        key, secret, token = self.credentials.values()
        session: Any = boto3.Session(key, secret, token, REGION)
        return session.client(service, endpoint_url=self.stack.aws.endpoint)

    @contextlib.contextmanager
    def _noted(self) -> Iterator[None]:
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


def granted(who: str) -> set[str]:
    return {action for each in document(who, PLACE)["Statement"] for action in each["Action"]}


def denied(call: Any) -> bool:
    with pytest.raises(ClientError) as refused:
        call()
    return "AccessDenied" in refused.value.response["Error"]["Code"]


@pytest.fixture(scope="module")
def distribution(stack: Stack) -> str:
    made = site.make_distribution(stack.aws, SECOND, "/people")
    stack.aws.client("s3").put_object(Bucket=SECOND, Key="people/a.html", Body=b"x")
    return str(made)


@pytest.fixture
def keys(tmp_path):
    (tmp_path / "keys.txt").write_text("people/a.html\n")
    return str(tmp_path / "keys.txt")


@pytest.fixture(scope="module")
def operator(stack: Stack) -> Person:
    return Person(stack, "operator")


def look(person: Person, keys: str, distribution: str) -> None:
    person.types("status")
    person.types("pending", "list")
    person.types("explain", f"s3://{SECOND}/people/a.html")
    person.types("explain", f"s3://{SECOND}/people/gone.html")
    person.types("explain", f"https://{distribution}/a.html")
    person.types("plan", "--bucket", SECOND, "--keys", keys)


def letter(stack: Stack, reason: str) -> None:
    stack.aws.client("sqs").send_message(
        QueueUrl=stack.outputs["DeadLetterQueueUrl"],
        MessageBody="no json",
        MessageAttributes={"Reason": {"DataType": "String", "StringValue": reason}},
    )


def test_an_operators_policy_lets_every_command_run_and_holds_nothing_dead(
    stack, operator, distribution, keys, tmp_path
):
    operator.types("route", "refresh")
    look(operator, keys, distribution)
    operator.types("route", "list")
    operator.types("route", "pin", SECOND, "--distribution", distribution, "--as", "/x/{key}")
    operator.types("route", "unpin", SECOND, "--distribution", distribution)
    operator.types("bucket", "disconnect", PROOF)
    operator.types("bucket", "connect", PROOF)
    assert {each["state"] for each in operator.types("bucket", "list", expect=None)["buckets"]} <= {
        "works",
        "broken",
        "not connected",
    }
    for reason in ("not-json", "unavailable", "unavailable"):
        letter(stack, reason)
    operator.types("dlq", "list")
    operator.types("dlq", "explain")
    operator.types("dlq", "purge", "--reason", "not-json", "--export", str(tmp_path / "made"), "--yes")
    operator.types("dlq", "redrive", "--reason", "unavailable", "--yes")
    letter(stack, "unavailable")
    # All: the service's own move, which it does not know here; a letter may have failed anew already.
    assert operator.types("dlq", "redrive", "--yes", expect=None)["sent"] >= 1
    with mock.patch("infra.cli.logs.as_json", return_value=""):  # its lines are documents, not one
        operator.types("logs", "--minutes", "1")
    operator.types("pause")
    operator.types("resume")
    looked = operator.types("check", expect=None)
    denials = [each for each in looked["findings"] if "denied" in json.dumps(each).lower()]
    assert [each["text"] for each in denials] == []
    unused = granted("operator") - operator.called
    assert unused <= set(NOT_CALLED_HERE), unused - set(NOT_CALLED_HERE)


def test_a_ci_jobs_policy_lets_it_look_and_change_nothing(stack, distribution, keys):
    job = Person(stack, "ci")
    look(job, keys, distribution)
    letter(stack, "not-json")
    waited = job.types("wait", f"s3://{SECOND}/people/", "--settle", "0", "--timeout", "60", expect=None)
    assert waited["done"] or "dead letter" in waited["why"], waited
    unused = granted("ci") - job.called - set(NOT_CALLED_HERE)
    assert unused <= {"cloudwatch:DescribeAlarms"}, unused  # check asks for them
    job.types("pause", expect=1)
    job.types("route", "refresh", expect=1)
    assert denied(lambda: job.client("s3").put_object(Bucket=SECOND, Key="x", Body=b""))
    assert denied(lambda: job.client("sqs").purge_queue(QueueUrl=stack.outputs["QueueUrl"]))
    assert denied(lambda: job.client("dynamodb").delete_table(TableName=stack.outputs["TableName"]))
    mappings = stack.aws.client("lambda").list_event_source_mappings(
        FunctionName=stack.outputs["FunctionName"]
    )
    assert {each["State"] for each in mappings["EventSourceMappings"]} == {"Enabled"}


FORBIDDEN = {
    "read another stack's queue": lambda c, o: c("sqs").receive_message(QueueUrl=o["queue"]),
    "delete the queue": lambda c, o: c("sqs").delete_queue(QueueUrl=o["own"]),
    "delete the table": lambda c, o: c("dynamodb").delete_table(TableName=o["table"]),
    "read a function's code": lambda c, o: c("lambda").get_function(FunctionName=o["function"]),
    "delete an event source": lambda c, o: c("lambda").delete_event_source_mapping(UUID=o["mapping"]),
    "move another queue's messages": lambda c, o: c("sqs").start_message_move_task(SourceArn=o["queue_arn"]),
    "write objects": lambda c, o: c("s3").put_object(Bucket=SECOND, Key="x", Body=b""),
    "make a user": lambda c, o: c("iam").create_user(UserName="x"),
}


@pytest.fixture(scope="module")
def names(stack):
    """What the operator's own calls name."""
    mappings = stack.aws.client("lambda").list_event_source_mappings(
        FunctionName=stack.outputs["FunctionName"]
    )
    return {
        "queue": stack.aws.client("sqs").create_queue(QueueName="operator-other")["QueueUrl"],
        "queue_arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:operator-other",
        "own": stack.outputs["QueueUrl"],
        "table": stack.outputs["TableName"],
        "function": stack.outputs["FunctionName"],
        "mapping": mappings["EventSourceMappings"][0]["UUID"],
    }


@pytest.mark.parametrize("what", FORBIDDEN)
def test_an_operator_may_not(operator, names, what):
    assert denied(lambda: FORBIDDEN[what](operator.client, names))


def test_a_deployer_may_deploy_and_not_read_what_changes(stack):
    """Its own calls of CloudFormation are enforced; what that makes, the emulator makes with nobody's rights."""
    deployer = Person(stack, "deployer")
    described = deployer.client("cloudformation").describe_stacks(StackName=PLACE.stack)["Stacks"]
    assert [each["StackName"] for each in described] == [PLACE.stack]
    with pytest.raises(ClientError) as other:
        deployer.client("cloudformation").describe_stacks(StackName="another-stack")
    assert "AccessDenied" in other.value.response["Error"]["Code"]
    assert denied(lambda: deployer.client("sqs").receive_message(QueueUrl=stack.outputs["QueueUrl"]))


SERVICES = {
    "SQS": "sqs", "DynamoDB": "dynamodb", "IAM": "iam", "Lambda": "lambda", "Logs": "logs", "CloudWatch": "cloudwatch",
    "SNS": "sns", "Events": "events", "Serverless": "lambda",
}  # fmt: skip


def test_a_deployer_may_make_and_delete_each_kind_of_thing_that_the_template_holds():
    types = {each["Type"] for each in read_template()["Resources"].values()}
    actions = granted("deployer")
    for kind in {each.split("::")[1] for each in types if each.startswith("AWS::")}:
        for verb in ("Create", "Put"), ("Delete",):
            wanted = tuple(f"{SERVICES[kind]}:{each}" for each in verb)
            assert any(each.startswith(wanted) for each in actions), (kind, verb)


def test_each_policy_fits_what_iam_takes():
    """6,144 characters without blanks (IAM guide, quotas)."""
    for who in WHO:
        assert len(json.dumps(document(who, PLACE), separators=(",", ":"))) <= 6144, who
