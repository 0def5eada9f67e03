"""One account with a stack on moto's AWS, and `invalidator bucket` as a person types it."""

import json

import boto3
import pytest
from moto import mock_aws

from bucket_subscription.wishes.wish_table import WishTable
from infra.cli.main import main
from infra.cli.session import Session
from tests.memory_tables import make_table

STACK = "site"
REGION = "eu-west-1"
SDK = boto3.Session(region_name=REGION)
ALLOW_S3 = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage"}
QUEUE_ARN = f"arn:aws:sqs:{REGION}:123456789012:site-changes"


class Aws:
    """One account with a stack, and buckets to be made."""

    def __init__(self):
        self.s3 = SDK.client("s3")
        self.sqs = SDK.client("sqs")
        database = SDK.client("dynamodb")
        make_table(database, "memory")
        self.wishes = WishTable(database, "memory")
        self.queue = self.sqs.create_queue(QueueName="site-changes")["QueueUrl"]
        self.allow(ALLOW_S3)

    def allow(self, statement):
        policy = json.dumps({"Statement": [{**statement, "Resource": QUEUE_ARN}]})
        self.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={"Policy": policy})

    def bucket(self, name, region=REGION, **notification):
        client = SDK.client("s3", region_name=region)
        client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
        client.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=notification)

    def notification(self, name):
        answer = self.s3.get_bucket_notification_configuration(Bucket=name)
        return {member: value for member, value in answer.items() if member != "ResponseMetadata"}


@pytest.fixture
def aws(monkeypatch):
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    # moto's CloudFormation needs packages the project does not have.
    # One SDK session for all tests: reading the services' models takes longer than a test.
    monkeypatch.setattr(Session, "aws", SDK)
    monkeypatch.setattr(Session, "outputs", {"QueueArn": QUEUE_ARN, "TableName": "memory"})
    monkeypatch.setattr(Session, "parameters", {"AclChanges": "no"})
    with mock_aws():
        yield Aws()


@pytest.fixture
def run(capsys):
    def run(*arguments):
        """Return the exit code, stdout and stderr of a command."""
        with pytest.raises(SystemExit) as ended:
            main(["bucket", *arguments, "--stack", STACK, "--region", REGION])
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run
