"""What `make deploy` tries and `make delete` says, as people see it, against moto's AWS."""

import io
import json
import sys
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from bucket_subscription.bucket_notifications import S3Notifications
from bucket_subscription.errors import UnreachableError
from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.owner import Owner
from bucket_subscription.wishes.wish import Maker, Road, Wish
from bucket_subscription.wishes.wish_table import WishTable
from infra.cli.main import run
from infra.cli.session import Session
from infra.stack.__main__ import main
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.pins import PinTable
from invalidator.core.routing.pins import Pin
from tests.memory_tables import make_table

REGION, STACK, TABLE = "eu-west-1", "site", "site-MappingTable-1"
QUEUE = f"arn:aws:sqs:{REGION}:123456789012:site-changes"
THEIRS = {
    "Id": "theirs",
    "TopicArn": f"arn:aws:sns:{REGION}:123456789012:t",
    "Events": ["s3:ObjectCreated:*"],
}


class Account:
    """An account with buckets; the stack is there where a test says so."""

    def __init__(self, monkeypatch, capsys):
        self.capsys = capsys
        self.outputs: dict[str, str] = {}
        self.parameters: dict[str, str] = {}
        self.s3, self.sqs = boto3.client("s3"), boto3.client("sqs")
        real = Session.client
        monkeypatch.setattr(
            Session,
            "client",
            lambda own, name, config=None: (
                SimpleNamespace(describe_stacks=self.stacks)
                if name == "cloudformation"
                else real(own, name, config)
            ),
        )

    def stacks(self, StackName):
        if not self.outputs:
            raise ClientError({"Error": {"Code": "ValidationError"}}, "DescribeStacks")
        parameters = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()
        ]
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs.items()]
        return {"Stacks": [{"Parameters": parameters, "Outputs": outputs}]}

    def bucket(self, name, region=REGION, **notification):
        client = boto3.client("s3", region_name=region)
        client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
        client.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=notification)

    def deploy(self):
        """The stack, as it stands."""
        policy = {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
        }
        text = json.dumps({"Statement": [{**policy, "Resource": QUEUE}]})
        self.outputs = {
            "TableName": TABLE,
            "QueueArn": QUEUE,
            "QueueUrl": self.sqs.create_queue(QueueName="site-changes", Attributes={"Policy": text})[
                "QueueUrl"
            ],
            "DeadLetterQueueUrl": self.sqs.create_queue(QueueName="dead")["QueueUrl"],
        }
        database = boto3.client("dynamodb")
        make_table(database, TABLE)
        self.wishes = WishTable(database, TABLE)
        self.pins = PinTable(DynamoDbTable(database, TABLE))

    def run(self, *arguments):
        """Return the exit code and what was said."""
        with pytest.raises(SystemExit) as ended:
            run(main, "infra.stack", arguments)
        return ended.value.code or 0, self.capsys.readouterr().err

    def try_(self, **parameters):
        overrides = [f"{name}={value}" for name, value in parameters.items()]
        return self.run("try", "--stack", STACK, "--", "--parameter-overrides", *overrides)

    def delete(self, *options, exit_code=0):
        command = [sys.executable, "-c", f"print('deleted'); raise SystemExit({exit_code})"]
        return self.run("delete", "--stack", STACK, *options, "--", *command)


@pytest.fixture
def account(monkeypatch, capsys):
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_REGION", REGION)
    with mock_aws():
        yield Account(monkeypatch, capsys)


def test_every_bucket_that_cannot_be_connected_is_named_before_anything_is_deployed(account):
    account.bucket("right")
    account.bucket("far", "eu-central-1")
    account.bucket("taken", TopicConfigurations=[THEIRS])
    code, said = account.try_(Buckets="right,far,taken,nowhere")
    assert code == 1
    lines = said.splitlines()
    assert [line.partition(":")[0] for line in lines[:-1]] == ["far", "taken", "nowhere"]
    assert "is in eu-central-1, the queue in eu-west-1" in lines[0]
    assert "overlap: topic entry 'theirs'" in lines[1]
    assert "no bucket 'nowhere'" in lines[2]
    assert lines[-1] == "nothing was deployed; mend these, or leave them out"
    assert "QueueConfigurations" not in account.s3.get_bucket_notification_configuration(Bucket="right")


def test_what_can_be_connected_is_silent_and_other_parameters_ask_nothing(account):
    account.bucket("right")
    assert account.try_(Buckets="right", BucketFilters="right=a/*") == (0, "")
    assert account.try_(EventBridgeBuckets="right") == (0, "")
    assert account.try_(AlarmEmail="me@example.com") == (0, "")


def test_parameters_that_cannot_be_read_are_named(account):
    code, said = account.try_(Buckets="right", BucketFilters="other=a/*")
    assert (code, "BucketFilters names 'other', which Buckets does not name" in said) == (1, True)


def test_a_bucket_that_your_credentials_may_not_read_is_a_note(account, monkeypatch):
    def denied(self, bucket):
        raise UnreachableError(f"no access to the notification of bucket {bucket!r}", denied=True)

    account.bucket("closed")
    monkeypatch.setattr(S3Notifications, "read", denied)
    code, said = account.try_(Buckets="closed")
    assert (code, said.startswith("note: closed could not be tried with your credentials")) == (0, True)


def test_the_stack_s_own_entries_are_no_overlap(account):
    account.deploy()
    account.parameters = {"Buckets": "right"}
    account.bucket("right", QueueConfigurations=[Owner(STACK, (QUEUE,)).entry(QUEUE, KeyFilter())])
    assert account.run("try", "--stack", STACK, "--") == (0, "")


def test_deleting_says_what_is_lost_and_left_disconnects_and_names_the_table(account):
    account.deploy()
    account.bucket(
        "mine", QueueConfigurations=[Owner(STACK, (QUEUE,)).entry(QUEUE, KeyFilter(), by_hand=True)]
    )
    account.wishes.wish(Wish("mine", Road.QUEUE, Maker.PERSON))
    account.wishes.wish(Wish("theirs", Road.TOPIC, Maker.LEARNED, through="arn:t"))
    account.pins.pin(Pin("mine", "E1"))
    account.sqs.send_message(QueueUrl=account.outputs["DeadLetterQueueUrl"], MessageBody="x")
    export = f"invalidator route export --table {TABLE} > pins.json"
    code, said = account.delete("--yes")
    assert code == 0
    lines = said.splitlines()
    assert lines[:5] == [
        "lost: 1 dead letter; before: invalidator dlq export --stack site",
        "lost: 1 message on the changes queue, not read yet",
        "disconnected: what was connected by hand: mine",
        "left: theirs goes on sending by SNS topic, to nobody; take that away where it was made",
        f"left: the table {TABLE}, with 1 pinned route",
    ]
    assert lines[5].startswith("- queue cloudfront-invalidator-site.by-hand:")
    assert lines[-3:] == [
        f"kept: the table {TABLE}",
        f"  its pinned routes, for a new stack: {export}; then: invalidator route import pins.json",
        f"  remove it: aws dynamodb delete-table --table-name {TABLE}",
    ]
    assert "QueueConfigurations" not in account.s3.get_bucket_notification_configuration(Bucket="mine")


def test_nothing_is_done_without_a_yes_or_where_a_bucket_cannot_be_disconnected(account, monkeypatch):
    account.deploy()
    account.bucket(
        "mine", QueueConfigurations=[Owner(STACK, (QUEUE,)).entry(QUEUE, KeyFilter(), by_hand=True)]
    )
    account.wishes.wish(Wish("mine", Road.QUEUE, Maker.PERSON))
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    code, said = account.delete()
    assert code == 1
    assert "kept:" not in said
    assert account.s3.get_bucket_notification_configuration(Bucket="mine")["QueueConfigurations"]
    code, said = account.delete("--yes", exit_code=3)
    assert (code, "kept:" in said) == (3, False)


def test_a_bucket_that_is_gone_does_not_stop_the_deletion(account):
    account.deploy()
    account.wishes.wish(Wish("gone", Road.QUEUE, Maker.PERSON))
    assert account.delete("--yes")[0] == 0


def test_a_stack_that_is_not_there_is_one_line(account):
    code, said = account.delete("--yes")
    assert (code, said.count("\n"), "no stack 'site' in region eu-west-1" in said) == (1, 1, True)
