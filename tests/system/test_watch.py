"""Each way to lose a subscription, by other clients' own calls: seen in one round, told, mended where allowed.

Whatever the round does, others' entries are afterwards what their owners put there.
"""

import copy
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bucket_subscription.wishes.wish_table import WishTable, gap_item
from infra.local.aws import TEMPLATE
from tests.system import site
from tests.system.conftest import Stack, queues_key
from tests.system.permissions.roles import invoke
from tests.system.stack import invalidator, paths_sent, until

pytestmark = [
    pytest.mark.local_aws,
    pytest.mark.xdist_group("system"),
    pytest.mark.soak("minutes of a busy machine"),
]

NAME = "watched"
DIRECT, SWITCHED, TOLD, BY_HAND = "w-direct", "w-switched", "w-told", "w-by-hand"
THEIRS_EVENTS = ["s3:ObjectRestore:*"]


@dataclass
class Watched:
    """A stack of its own on the shared local AWS: four buckets, each by another road."""

    stack: Stack
    outputs: dict[str, str]
    topic: str
    key: str
    theirs: str
    rule: str
    distribution: str
    kept_policy: str = ""
    kept_pattern: str = ""

    def client(self, service: str) -> Any:
        return self.stack.aws.client(service)

    def put(self, bucket: str, **document: Any) -> None:
        self.client("s3").put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration=document, SkipDestinationValidation=True
        )

    def read(self, bucket: str) -> dict[str, Any]:
        found = self.client("s3").get_bucket_notification_configuration(Bucket=bucket)
        return {name: each for name, each in found.items() if name != "ResponseMetadata"}

    def their_entry(self, events=THEIRS_EVENTS, name="tf-s3-queue-1", **more: Any) -> dict[str, Any]:
        return {"Id": name, "QueueArn": self.theirs, "Events": list(events), **more}

    def ours(self, bucket: str) -> dict[str, Any]:
        (entry,) = (
            e for e in self.read(bucket)["QueueConfigurations"] if e["QueueArn"] == self.outputs["QueueArn"]
        )
        return copy.deepcopy(entry)

    def queue(self, **attributes: str) -> None:
        self.client("sqs").set_queue_attributes(QueueUrl=self.outputs["QueueUrl"], Attributes=attributes)

    def policy(self) -> dict[str, Any]:
        found = self.client("sqs").get_queue_attributes(
            QueueUrl=self.outputs["QueueUrl"], AttributeNames=["Policy"]
        )
        return json.loads(found["Attributes"]["Policy"])

    def without_sender(self, service: str) -> None:
        policy = self.policy()
        policy["Statement"] = [
            each for each in policy["Statement"] if each["Principal"] != {"Service": service}
        ]
        self.queue(Policy=json.dumps(policy))

    def round(self, bucket: str) -> tuple[dict[str, Any], str]:
        """Run the watch, as if no repair had been tried lately; return what it said of a bucket, and its log."""
        self.client("dynamodb").update_item(
            TableName=self.outputs["TableName"],
            Key={"pk": {"S": "watch"}, "sk": {"S": bucket}},
            UpdateExpression="REMOVE tried",
        )
        answer, log = invoke(self.stack, self.outputs["WatchFunctionName"], {})
        assert answer is not None, log
        (line,) = (each for each in answer["buckets"] if each["bucket"] == bucket)
        return line, log

    @property
    def wishes(self) -> WishTable:
        return WishTable(self.client("dynamodb"), self.outputs["TableName"])


@pytest.fixture(scope="module")
def watched(stack: Stack) -> Iterator[Watched]:
    aws = stack.aws
    for each in (DIRECT, SWITCHED, TOLD, BY_HAND):
        site.make_bucket(aws, each)
    topic = aws.client("sns").create_topic(Name="watched")["TopicArn"]
    may = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sns:Publish"}
    aws.client("sns").set_topic_attributes(
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": [{**may, "Resource": topic}]}),
    )
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="w-theirs")["QueueUrl"]
    theirs = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    key = queues_key(aws)
    distribution = site.make_distribution(aws, DIRECT)
    outputs = aws.deploy(
        {
            "Buckets": DIRECT,
            "EventBridgeBuckets": SWITCHED,
            "TopicArns": topic,
            "KmsKeyArn": key,
            "QuietSeconds": "0",
        },
        stack=NAME,
        template=TEMPLATE,
    )
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=outputs["QueueArn"])
    (rule,) = aws.client("events").list_rule_names_by_target(TargetArn=outputs["QueueArn"])["RuleNames"]
    made = Watched(stack, outputs, topic, key, theirs, rule, distribution)
    made.put(TOLD, TopicConfigurations=[{"Id": "t", "TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}])
    invalidator(aws, "bucket", "connect", BY_HAND, "--prefix", "public/", "--stack", NAME)
    invalidator(aws, "route", "refresh", "--stack", NAME)
    # A change through the topic: so the watch learns that the bucket comes by it.
    site.make_distribution(aws, TOLD)
    invalidator(aws, "route", "refresh", "--stack", NAME)
    site.put(aws.client("s3"), TOLD, "a.html")
    until(lambda: TOLD in learned(made), 30, "the topic's bucket is learned")
    yield made
    cloudformation = aws.client("cloudformation")
    cloudformation.delete_stack(StackName=NAME)
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


def learned(watched: Watched) -> set[str]:
    invoke(watched.stack, watched.outputs["WatchFunctionName"], {})
    return {wish.bucket for wish in watched.wishes.all()}


@dataclass(frozen=True)
class Way:
    """One way to lose a subscription.

    Attributes:
        bucket: whose.
        lose: what another client calls.
        told: what the watch says, a pattern.
        repaired: whether it is mended by the round.
        regain: how its owner puts it back; None where the notification as it was before is put.
    """

    bucket: str
    lose: Callable[[Watched], object]
    told: str
    repaired: bool = False
    regain: Callable[[Watched], object] | None = None


def changed(bucket: str, **changes: Any) -> Callable[[Watched], object]:
    """A colleague edits our entry in the console."""
    return lambda w: w.put(bucket, QueueConfigurations=[{**w.ours(bucket), **changes}])


def prefixed(prefix: str) -> dict[str, Any]:
    return {"Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}}}


WAYS = {
    "Terraform replaces the whole notification": Way(
        DIRECT,
        lambda w: w.put(DIRECT, QueueConfigurations=[w.their_entry(**prefixed("uploads/"))]),
        r"holds no entry to the queue any more; it holds now: queue tf-s3-queue-1",
        repaired=True,
    ),
    "CDK empties it": Way(DIRECT, lambda w: w.put(DIRECT), "it is empty now", repaired=True),
    "our entry is taken out, others stay": Way(
        DIRECT,
        lambda w: w.put(
            DIRECT,
            QueueConfigurations=[w.their_entry()],
            TopicConfigurations=[{"Id": "also-theirs", "TopicArn": w.topic, "Events": ["s3:Replication:*"]}],
            EventBridgeConfiguration={},
        ),
        "holds no entry to the queue any more",
        repaired=True,
    ),
    "our entry asks for less": Way(
        DIRECT, changed(DIRECT, Events=["s3:ObjectCreated:*"]), "lacks s3:ObjectRemoved", repaired=True
    ),
    "our entry gets a prefix": Way(
        DIRECT, changed(DIRECT, **prefixed("docs/")), "only prefix 'docs/'", repaired=True
    ),
    "our entry is made another's": Way(
        DIRECT,
        lambda w: w.put(DIRECT, QueueConfigurations=[{**w.ours(DIRECT), "QueueArn": w.theirs}]),
        "is called as ours, but sends to",
    ),
    "an overlapping entry takes its place": Way(
        DIRECT,
        lambda w: w.put(DIRECT, QueueConfigurations=[w.their_entry(["s3:ObjectCreated:*"])]),
        "holds no entry to the queue any more",
    ),
    "the queue's policy forgets S3": Way(
        DIRECT,
        lambda w: w.without_sender("s3.amazonaws.com"),
        "does not let S3 send for bucket 'w-direct'",
        regain=lambda w: w.queue(Policy=w.kept_policy),
    ),
    "the queue's policy denies S3": Way(
        DIRECT,
        lambda w: w.queue(
            Policy=json.dumps(
                {
                    **w.policy(),
                    "Statement": [
                        *w.policy()["Statement"],
                        {
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "sqs:SendMessage",
                            "Resource": w.outputs["QueueArn"],
                        },
                    ],
                }
            )
        ),
        "does not let S3 send",
        regain=lambda w: w.queue(Policy=w.kept_policy),
    ),
    "the key is disabled": Way(
        DIRECT,
        lambda w: w.client("kms").disable_key(KeyId=w.key),
        "is in state Disabled: nobody can send",
        regain=lambda w: w.client("kms").enable_key(KeyId=w.key),
    ),
    "EventBridge is switched off": Way(
        SWITCHED, lambda w: w.put(SWITCHED), "delivery to EventBridge is switched off", repaired=True
    ),
    "the rule is disabled": Way(
        SWITCHED,
        lambda w: w.client("events").disable_rule(Name=w.rule),
        "is disabled",
        regain=lambda w: w.client("events").enable_rule(Name=w.rule),
    ),
    "the rule loses its target": Way(
        SWITCHED,
        lambda w: w.client("events").remove_targets(Rule=w.rule, Ids=["InvalidationQueue"]),
        "does not send to the queue any more",
        regain=lambda w: w.client("events").put_targets(
            Rule=w.rule, Targets=[{"Id": "InvalidationQueue", "Arn": w.outputs["QueueArn"]}]
        ),
    ),
    "the rule's pattern names other buckets": Way(
        SWITCHED,
        lambda w: w.client("events").put_rule(
            Name=w.rule,
            EventPattern=json.dumps({"source": ["aws.s3"], "detail": {"bucket": {"name": ["other"]}}}),
        ),
        "no EventBridge rule takes Object Created, Object Deleted",
        regain=lambda w: w.client("events").put_rule(Name=w.rule, EventPattern=w.kept_pattern),
    ),
    "the queue's policy forgets EventBridge": Way(
        SWITCHED,
        lambda w: w.without_sender("events.amazonaws.com"),
        "does not let EventBridge send for rule",
        regain=lambda w: w.queue(Policy=w.kept_policy),
    ),
    "the bucket's entry to the topic is taken away": Way(
        TOLD, lambda w: w.put(TOLD), "no entry to topic watched any more"
    ),
    "the topic's subscription is taken away": Way(
        TOLD,
        lambda w: [
            w.client("sns").unsubscribe(SubscriptionArn=each["SubscriptionArn"])
            for each in w.client("sns").list_subscriptions_by_topic(TopicArn=w.topic)["Subscriptions"]
        ],
        "subscription of topic watched is gone",
        regain=lambda w: w.client("sns").subscribe(
            TopicArn=w.topic, Protocol="sqs", Endpoint=w.outputs["QueueArn"]
        ),
    ),
    "the queue's policy forgets the topic": Way(
        TOLD,
        lambda w: w.without_sender("sns.amazonaws.com"),
        "does not let SNS send for topic 'watched'",
        regain=lambda w: w.queue(Policy=w.kept_policy),
    ),
    "what a person connected is replaced": Way(
        BY_HAND,
        lambda w: w.put(BY_HAND, QueueConfigurations=[w.their_entry()]),
        "holds no entry to the queue any more",
    ),
}


@pytest.fixture
def whole(watched: Watched) -> Watched:
    """All is right, as the watch sees it, and no gap is left of the test before."""
    for bucket in watched.wishes.gaps():
        key = {"pk": {"S": "gaps"}, "sk": {"S": bucket}}
        watched.client("dynamodb").delete_item(TableName=watched.outputs["TableName"], Key=key)
    watched.kept_policy = json.dumps(watched.policy())
    watched.kept_pattern = watched.client("events").describe_rule(Name=watched.rule)["EventPattern"]
    return watched


@pytest.mark.parametrize("name", WAYS)
def test_a_subscription_that_is_lost_is_seen_told_and_mended_where_allowed(whole, name):
    way, watched = WAYS[name], whole
    before = watched.read(way.bucket)
    seen, _ = watched.round(way.bucket)
    assert seen["state"] == "works", seen
    way.lose(watched)
    left = watched.read(way.bucket)
    line, log = watched.round(way.bucket)
    assert re.search(way.told, " ".join(line["wrong"])), line
    assert line["fix"].startswith(("invalidator ", "aws "))
    assert '"SubscriptionsLost":[' in log, "the alarm's metric is written"
    assert f'"bucket":"{way.bucket}"' in log
    assert line["repaired"] is way.repaired, line
    after = watched.read(way.bucket)
    assert others(watched, after) == others(watched, left), "others' entries are what they were"
    if way.repaired:
        assert watched.wishes.gaps()[way.bucket].since == pytest.approx(seen["right"])
    else:
        assert line["not_repaired"]
        assert after == left
        (way.regain or (lambda w: w.put(way.bucket, **before)))(watched)
    line, log = watched.round(way.bucket)
    assert (line["state"], line["gap"] in {"waits", "covered"}) == ("works", True), line
    assert "SubscriptionsLost" not in log, "nothing is paid for while all is right"
    watched.put(way.bucket, **before)


def others(watched: Watched, document: dict[str, Any]) -> dict[str, Any]:
    """All of a notification but the stack's own entries, and the switch."""
    own = watched.outputs["QueueArn"]
    kept = {
        kind: [each for each in found if each.get("QueueArn") != own]
        for kind, found in document.items()
        if isinstance(found, list)
    }
    return {kind: found for kind, found in kept.items() if found}


def test_the_gap_is_covered_once_when_the_new_configuration_is_in_force(whole):
    watched = whole
    watched.put(DIRECT)
    line, _ = watched.round(DIRECT)
    assert (line["state"], line["gap"]) == ("repaired", "waits")
    sent = len(paths_sent(watched.stack.aws, watched.distribution))
    gap = watched.wishes.gaps()[DIRECT]
    assert gap.due == pytest.approx(time.time() + 300, abs=30)
    watched.client("dynamodb").put_item(
        TableName=watched.outputs["TableName"], Item=gap_item(replace(gap, due=time.time()))
    )
    answer, log = invoke(watched.stack, watched.outputs["SweepFunctionName"], {})
    assert answer is not None, log
    until(
        lambda: paths_sent(watched.stack.aws, watched.distribution)[sent:] == ["/*"],
        20,
        "the distribution's wildcard",
        or_tell=lambda: paths_sent(watched.stack.aws, watched.distribution)[sent:],
    )
    invoke(watched.stack, watched.outputs["SweepFunctionName"], {})
    line, _ = watched.round(DIRECT)
    assert (line["state"], line["gap"]) == ("works", "covered")
    assert paths_sent(watched.stack.aws, watched.distribution)[sent:] == ["/*"], "once"


def test_status_names_the_bucket_and_the_command(whole):
    watched = whole
    before = watched.read(BY_HAND)
    watched.put(BY_HAND)
    watched.round(BY_HAND)
    told = invalidator(watched.stack.aws, "status", "--stack", NAME)["buckets"]
    assert (told[0]["bucket"], told[0]["state"]) == (BY_HAND, "lost")
    assert told[0]["fix"] == "invalidator bucket connect w-by-hand --prefix 'public/'"
    invalidator(watched.stack.aws, "bucket", "connect", BY_HAND, "--prefix", "public/", "--stack", NAME)
    watched.round(BY_HAND)
    told = invalidator(watched.stack.aws, "status", "--stack", NAME)["buckets"]
    assert {each["state"] for each in told} == {"works"}
    watched.put(BY_HAND, **before)


def test_a_bucket_that_is_deleted_is_told_until_it_is_forgotten(whole):
    watched = whole
    site.make_bucket(watched.stack.aws, "w-short-lived")
    invalidator(watched.stack.aws, "bucket", "connect", "w-short-lived", "--stack", NAME)
    watched.round("w-short-lived")
    watched.client("s3").delete_bucket(Bucket="w-short-lived")
    line, log = watched.round("w-short-lived")
    assert line["wrong"] == ["no bucket 'w-short-lived'; check its name"]
    assert "SubscriptionsLost" in log
    invalidator(watched.stack.aws, "bucket", "disconnect", "w-short-lived", "--stack", NAME)
    answer, _ = invoke(watched.stack, watched.outputs["WatchFunctionName"], {})
    assert "w-short-lived" not in {each["bucket"] for each in answer["buckets"]}
