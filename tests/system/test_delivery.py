"""Uploads reach the invalidations, whatever way S3's events take, with IAM enforced all along."""

import pytest

from tests.notifications import direct
from tests.system import site
from tests.system.conftest import DIRECT, EVENTS, RAW, SECOND, WRAPPED
from tests.system.stack import all_fresh, at_rest, invalidator, letters, paths_sent

pytestmark = [pytest.mark.local_aws, pytest.mark.xdist_group("system")]

EVENT_KINDS = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]


@pytest.fixture(scope="module")
def served(stack):
    """Distribution id → OriginPath, for the bucket that two distributions serve."""
    made = {
        site.make_distribution(stack.aws, DIRECT): "",
        site.make_distribution(stack.aws, DIRECT, "/docs"): "/docs",
    }
    invalidator(stack.aws, "route", "refresh")
    return made


@pytest.fixture(scope="module")
def roads(stack):
    """Bucket → its distribution; each bucket's events take another way to the queue."""
    s3, sns = stack.aws.client("s3"), stack.aws.client("sns")
    for bucket, topic, raw in ((RAW, stack.raw, "true"), (WRAPPED, stack.wrapped, "false")):
        sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=stack.outputs["QueueArn"],
            Attributes={"RawMessageDelivery": raw},
        )
        stack.aws.client("sns").set_topic_attributes(
            TopicArn=topic,
            AttributeName="Policy",
            AttributeValue='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:Publish", '
            f'"Principal": {{"Service": "s3.amazonaws.com"}}, "Resource": "{topic}"}}]}}',
        )
        s3.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration={"TopicConfigurations": [{"TopicArn": topic, "Events": EVENT_KINDS}]},
        )
    made = {bucket: site.make_distribution(stack.aws, bucket) for bucket in (SECOND, EVENTS, RAW, WRAPPED)}
    invalidator(stack.aws, "route", "refresh")
    return made


def test_every_change_of_a_bulk_upload_is_covered_by_a_later_invalidation(stack, served):
    """Writes, overwrites and removals, of a bucket that two distributions serve."""
    s3 = stack.aws.client("s3")
    keys = [*site.ODD_KEYS, *site.plain_keys(120), *(f"docs/{key}" for key in site.ODD_KEYS)]
    changes = site.upload(s3, DIRECT, keys)
    changes += [site.remove(s3, DIRECT, key) for key in site.ODD_KEYS[:3]]
    all_fresh(stack.aws, changes, served)
    whole, part = served
    docs = set(paths_sent(stack.aws, part))
    assert {"/index.html", "/", "/docs/", "/docs", "/emoji/%F0%9F%8E%89/party%20%F0%9F%8E%88.png"} <= docs
    assert {"/sums/1+1=2.txt", "/sums/1%252B1.txt", "/50%25%20off.html", "/home/*"} <= docs
    assert not any("assets" in path for path in docs)
    assert {"/", "/docs/", "/docs", "/docs/docs/"} <= set(paths_sent(stack.aws, whole))
    at_rest(stack.aws, stack.outputs)
    assert letters(stack.aws, stack.outputs["DeadLetterQueueUrl"]) == []
    requests = [each for each in stack.aws.gate.invalidations if each.distribution in served]
    assert len(requests) < len(changes) / 10


def test_the_same_upload_gives_the_same_paths_on_every_road(stack, roads):
    """Directly, through SNS raw and wrapped, and through EventBridge."""
    s3 = stack.aws.client("s3")
    keys = [*site.ODD_KEYS, *site.plain_keys(20)]
    changes = {bucket: site.upload(s3, bucket, keys) for bucket in roads}
    for bucket, distribution in roads.items():
        all_fresh(stack.aws, changes[bucket], {distribution: ""})
    direct, *others = (set(paths_sent(stack.aws, distribution)) for distribution in roads.values())
    assert "/sums/1+1=2.txt" in direct
    # A distribution that is new to a bucket is sent what changed there before, too: the first bucket has a history.
    assert others[0] == others[1] == others[2] <= direct


def test_a_bucket_on_eventbridge_works_only_where_a_rule_takes_its_events(stack):
    """`bucket connect --eventbridge` switches them on; `bucket list` says whether a rule brings them here."""
    site.make_bucket(stack.aws, "by-hand")
    (connected,) = invalidator(stack.aws, "bucket", "connect", "by-hand", "--eventbridge")["buckets"]
    assert connected["changed"]
    states = invalidator(stack.aws, "bucket", "list", "by-hand", EVENTS, expect=3)["buckets"]
    assert [(each["eventbridge"], each["state"] == "works") for each in states] == [
        (True, False),
        (True, True),
    ]
    assert "EventBridgeBuckets" in states[0]["reason"]


def test_what_was_paid_once_is_not_paid_again_when_its_messages_come_twice(stack, roads):
    """The same events again, as at-least-once delivery brings them; a new upload of the key is new."""
    s3, sqs = stack.aws.client("s3"), stack.aws.client("sqs")
    distribution = roads[SECOND]
    change = site.put(s3, SECOND, "once.html")
    all_fresh(stack.aws, [change], {distribution: ""})
    same = direct("once.html", bucket=SECOND, at=change.at - 30)
    paid = paths_sent(stack.aws, distribution).count("/once.html")
    for _ in range(2):
        sqs.send_message(QueueUrl=stack.outputs["QueueUrl"], MessageBody=same)
    at_rest(stack.aws, stack.outputs)
    assert paths_sent(stack.aws, distribution).count("/once.html") == paid
    all_fresh(stack.aws, [site.put(s3, SECOND, "once.html")], {distribution: ""})
    assert paths_sent(stack.aws, distribution).count("/once.html") == paid + 1
