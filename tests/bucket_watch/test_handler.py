"""The watch's function as Lambda runs it, with the real SDK and the real table, on moto."""

import importlib
import io
import json
import sys
import time
from datetime import UTC, datetime
from unittest import mock

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from bucket_subscription.errors import UnsettledError
from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.reading.roads import AwsRoads
from bucket_subscription.wishes.wish import Maker, Road, Wish
from bucket_subscription.wishes.wish_table import WishTable
from bucket_watch.who import EventHistory
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.logs import LogTable
from invalidator.aws.table.routes import RoutesTable
from invalidator.core.routing.target import TargetRoutes
from tests.lambda_context import LambdaContext
from tests.memory_tables import make_table
from tests.sender.world import distribution

REGION, ACCOUNT, TABLE = "eu-west-1", "123456789012", "invalidator"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:site-changes"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:uploads"
SERVICES = ("s3", "sns", "events")
POLICY = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": f"{each}.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": QUEUE,
        }
        for each in SERVICES
    ]
}
BUCKETS = ("direct", "told")


class Account:
    """Two buckets, each connected by another road, and the function. (Moto's S3 forgets EventBridge's switch.)"""

    def __init__(self, monkeypatch, capsys):
        environment = {
            "AWS_DEFAULT_REGION": REGION,
            "AWS_LAMBDA_FUNCTION_NAME": "watch",
            "TABLE_NAME": TABLE,
            "QUEUE_ARN": QUEUE,
            "STACK_NAME": "site",
            "EVENTS_RULE": "own",
            "TOPIC_ARNS": TOPIC,
            "POWERTOOLS_SERVICE_NAME": "site",
            "POWERTOOLS_METRICS_NAMESPACE": "CloudFrontInvalidator",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        self.capsys = capsys
        self.s3, self.sqs, self.sns, self.events, self.dynamodb = (
            boto3.client(each) for each in ("s3", "sqs", "sns", "events", "dynamodb")
        )
        make_table(self.dynamodb, TABLE)
        self.url = self.sqs.create_queue(QueueName="site-changes", Attributes={"Policy": json.dumps(POLICY)})[
            "QueueUrl"
        ]
        self.sns.create_topic(Name="uploads")
        self.subscription = self.sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE)[
            "SubscriptionArn"
        ]
        self.events.put_rule(
            Name="own",
            EventPattern=json.dumps({"source": ["aws.s3"], "detail": {"bucket": {"name": ["switched"]}}}),
        )
        self.events.put_targets(Rule="own", Targets=[{"Id": "q", "Arn": QUEUE}])
        for each in BUCKETS:
            self.s3.create_bucket(Bucket=each, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.wishes = WishTable(self.dynamodb, TABLE)
        for wish in (
            Wish("direct", Road.QUEUE, Maker.STACK),
            Wish("told", Road.TOPIC, Maker.LEARNED, events=("s3:ObjectCreated:*",), through=TOPIC),
        ):
            self.wishes.wish(wish)
        self.put(
            "told", TopicConfigurations=[{"Id": "t", "TopicArn": TOPIC, "Events": ["s3:ObjectCreated:*"]}]
        )
        sys.modules.pop("bucket_watch.handler", None)
        self.module = importlib.import_module("bucket_watch.handler")

    def put(self, bucket, **document):
        self.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=document)

    def read(self, bucket):
        found = self.s3.get_bucket_notification_configuration(Bucket=bucket)
        return {name: value for name, value in found.items() if name != "ResponseMetadata"}

    def round(self):
        """Run the function; return its answer, its log lines and what it counted."""
        log = io.StringIO()
        for each in self.module.logger.handlers:
            each.stream = log
        self.capsys.readouterr()
        with mock.patch.object(EventHistory, "__call__", return_value="somebody changed it"):
            answer = self.module.handler({}, LambdaContext("watch"))
        lines = [json.loads(line) for line in log.getvalue().splitlines()]
        metrics = [json.loads(line) for line in self.capsys.readouterr().out.splitlines() if "_aws" in line]
        counted = [each["SubscriptionsLost"] for each in metrics if "SubscriptionsLost" in each]
        return json.loads(json.dumps(answer)), lines, counted


@pytest.fixture
def account(monkeypatch, capsys):
    with mock_aws():
        made = Account(monkeypatch, capsys)
        yield made
    sys.modules.pop("bucket_watch.handler", None)


def test_it_connects_what_the_parameters_name_tells_of_it_and_then_writes_nothing(account):
    answer, lines, counted = account.round()
    states = {each["bucket"]: each["state"] for each in answer["buckets"]}
    assert states == {"direct": "repaired", "told": "works"}
    assert counted == [[1.0]]
    told = {each["message"]: each for each in lines if each["level"] == "ERROR"}
    line = told["changes of bucket direct were lost for a while; it is repaired"]
    assert (line["bucket"], line["fix"], line["by"]) == (
        "direct",
        "invalidator check --repair",
        "somebody changed it",
    )
    (entry,) = account.read("direct")["QueueConfigurations"]
    assert (entry["Id"], entry["QueueArn"]) == ("cloudfront-invalidator-site", QUEUE)
    assert set(account.wishes.gaps()) == {"direct"}
    answer, lines, counted = account.round()
    assert {each["state"] for each in answer["buckets"]} == {"works"}
    assert (lines, counted) == ([], [])


def test_each_road_that_is_broken_behind_the_bucket_is_told(account):
    account.round()
    account.sns.unsubscribe(SubscriptionArn=account.subscription)
    account.sqs.set_queue_attributes(
        QueueUrl=account.url, Attributes={"Policy": json.dumps({"Statement": POLICY["Statement"][1:]})}
    )
    answer, _, counted = account.round()
    wrong = {each["bucket"]: each["wrong"][0] for each in answer["buckets"]}
    assert wrong["direct"].startswith(
        "the policy of queue site-changes does not let S3 send for bucket 'direct'"
    )
    assert wrong["told"] == "the queue's subscription of topic uploads is gone, or not confirmed"
    assert counted == [[2.0]]


def test_the_rules_that_send_to_the_queue_are_found_and_the_stack_s_own_also_without_its_target(account):
    def roads(own="own"):
        return AwsRoads(boto3.client, QUEUE, own)

    account.events.put_rule(Name="theirs", EventPattern="{}", State="DISABLED")
    account.events.put_targets(Rule="theirs", Targets=[{"Id": "q", "Arn": QUEUE}])
    found = {rule.name: (rule.own, rule.enabled, rule.targeted) for rule in roads().rules}
    assert found == {"own": (True, True, True), "theirs": (False, False, True)}
    account.events.remove_targets(Rule="own", Ids=["q"])
    assert [rule.targeted for rule in roads().rules if rule.own] == [False]
    account.events.delete_rule(Name="own")
    assert [rule.name for rule in roads().rules] == ["theirs"]
    assert roads("").rules[0].takes("any", "Object Created")


def test_what_sent_changes_and_was_never_told_of_is_learned(account):
    account.s3.create_bucket(Bucket="old", CreateBucketConfiguration={"LocationConstraint": REGION})
    entry = {"Id": "cloudfront-invalidator-site", "QueueArn": QUEUE, "Events": ["s3:ObjectCreated:*"]}
    account.put("old", QueueConfigurations=[entry])
    table = DynamoDbTable(account.dynamodb, TABLE)
    routes = RoutesTable(table)
    routes.store_routes(TargetRoutes("E1", (distribution("E1", "old", "quiet"),), "1", time.time()))
    routes.know_bucket("old", ["E1"])
    LogTable(table, time.time).deal("bucket:old")
    answer, _, _ = account.round()
    assert answer["learned"] == ["old"]
    (wish,) = (each for each in account.wishes.all() if each.bucket == "old")
    assert (wish.maker, wish.keys, wish.events) == (Maker.PERSON, KeyFilter(), ("s3:ObjectCreated:*",))


def test_a_bucket_that_was_deleted_is_told(account):
    account.round()
    account.put("direct")
    account.s3.delete_bucket(Bucket="direct")
    answer, _, counted = account.round()
    (line,) = (each for each in answer["buckets"] if each["bucket"] == "direct")
    assert line["wrong"] == ["no bucket 'direct'; check its name"]
    assert counted == [[1.0]]


def test_a_table_that_cannot_be_asked_raises_and_counts(account):
    account.dynamodb.delete_table(TableName=TABLE)
    account.capsys.readouterr()
    with pytest.raises(UnsettledError, match="the stack's table could not be asked"):
        account.module.handler({}, LambdaContext("watch"))
    assert '"SubscriptionsLost":[1.0]' in account.capsys.readouterr().out


def history(*events, own="watch"):
    client = mock.Mock()
    client.lookup_events.return_value = {"Events": list(events)}
    return EventHistory(client, own), client


def changed(arn, agent="HashiCorp Terraform/1.9", name="PutBucketNotification"):
    detail = {"userIdentity": {"arn": arn}, "userAgent": agent}
    return {
        "EventName": name,
        "EventTime": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "CloudTrailEvent": json.dumps(detail),
    }


def test_who_changed_a_bucket_is_read_from_the_event_history():
    asked, client = history(
        changed("arn:aws:sts::1:assumed-role/x/watch"),
        changed("arn:aws:iam::1:user/me", name="PutBucketPolicy"),
        changed("arn:aws:iam::1:user/ci"),
        changed("arn:aws:iam::1:user/before"),
    )
    assert asked("site", 5.0) == (
        "arn:aws:iam::1:user/ci changed it at 2026-01-02 03:04:05Z with HashiCorp Terraform/1.9"
    )
    assert client.lookup_events.call_args.kwargs["StartTime"] == datetime.fromtimestamp(5, UTC)
    nobody, client = history({"EventName": "PutBucketNotification", "CloudTrailEvent": "{"})
    assert nobody("site", 0.0) == ""
    assert "StartTime" not in client.lookup_events.call_args.kwargs


def test_a_history_that_may_not_be_asked_says_nothing():
    class Refusing:
        def lookup_events(self, **_):
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "LookupEvents")

    assert EventHistory(Refusing(), "watch")("site", 0.0) == ""
