"""Bad input: one clear line each, with the fix, and nothing changed."""

import pytest

from bucket_subscription.errors import RefusedError, RejectedError
from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.names import check_bucket_names, read_queue_arn
from tests.bucket_subscription.fake_bucket_aws import (
    QUEUE,
    FakeQueueAccess,
    FakeS3,
    queue_entry,
    subscription,
)

ALL = KeyFilter()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("My-Site", "no bucket 'My-Site'"),
        ("s3://my-site", "'s3://my-site' is no bucket name; give the bare name, without arn: or s3://"),
        ("arn:aws:s3:::my-site", "is no bucket name; give the bare name"),
        ("a", "'a' is no bucket name: 3 to 63 of a-z, 0-9, dots and hyphens"),
        ("my site", "'my site' is no bucket name"),
        ("-site", "'-site' is no bucket name"),
        ("b" * 256, "' is no bucket name"),
        ("nowhere", "no bucket 'nowhere'"),
        (
            "far-away",
            "bucket 'far-away' is in us-east-1, the queue in eu-west-1, and S3 sends within a region only",
        ),
        ("closed", "no access to 'closed'"),
    ],
)
def test_a_bucket_that_cannot_be_connected_is_refused_in_one_line(name, line):
    s3 = FakeS3(far_away={}, closed={})
    s3.regions["far-away"] = "us-east-1"
    s3.denied.add("closed")
    with pytest.raises(RefusedError) as refused:
        subscription(s3).connect(name, QUEUE, ALL)
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)
    assert s3.writes == []


def test_the_same_bucket_twice_is_refused():
    with pytest.raises(RefusedError, match="bucket 'site' is named twice; name it once"):
        check_bucket_names(["site", "blog", "site"])


@pytest.mark.parametrize(
    ("arn", "line"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/1/q", "no ARN of an SQS queue"),
        (
            "arn:aws:sqs:eu-west-1:123456789012:q.fifo",
            "queue q.fifo is a FIFO queue, to which S3 cannot send",
        ),
    ],
)
def test_a_queue_that_s3_cannot_send_to_is_refused(arn, line):
    with pytest.raises(RefusedError, match=line):
        read_queue_arn(arn)


def test_a_queue_policy_that_shuts_s3_out_is_refused_before_writing():
    s3 = FakeS3(site={})
    with pytest.raises(RefusedError, match="the policy says no"):
        subscription(s3, FakeQueueAccess(["the policy says no"])).connect("site", QUEUE, ALL)
    assert s3.writes == []


def test_a_policy_set_a_moment_ago_is_asked_again():
    s3 = FakeS3(site={})
    stack = subscription(s3, FakeQueueAccess(["not yet", "not yet"]), fresh=True)
    stack.connect("site", QUEUE, ALL)
    assert len(s3.writes) == 1


def test_a_right_given_a_moment_ago_is_asked_again():
    s3 = FakeS3(site={})
    s3.denied.add("site")
    s3.before_call[3] = s3.denied.clear
    subscription(s3, fresh=True).connect("site", QUEUE, ALL)
    assert len(s3.writes) == 1


def test_a_right_that_never_comes_is_refused_in_the_end():
    s3 = FakeS3(site={})
    s3.denied.add("site")
    with pytest.raises(RefusedError, match="no access to 'site'"):
        subscription(s3, fresh=True).connect("site", QUEUE, ALL)


def test_a_queue_s3_cannot_reach_is_refused_and_nothing_is_changed():
    s3 = FakeS3(site={})
    s3.broken.add(QUEUE.arn)
    with pytest.raises(RejectedError, match="S3 could not send its test event"):
        subscription(s3).connect("site", QUEUE, ALL)
    assert s3.documents["site"] == {}


def test_anothers_broken_destination_does_not_stop_us_and_is_said():
    theirs = queue_entry("theirs", ["s3:ObjectAcl:Put"])
    s3 = FakeS3(site={"QueueConfigurations": [theirs]})
    s3.broken.add(theirs["QueueArn"])
    result = subscription(s3).connect("site", QUEUE, ALL)
    assert result.validated is False
    assert theirs["QueueArn"] in result.notes[0]
    assert len(s3.documents["site"]["QueueConfigurations"]) == 2
    subscription(s3).disconnect("site")
    assert len(s3.documents["site"]["QueueConfigurations"]) == 1


def test_s3_testing_the_queue_is_reported():
    assert subscription(FakeS3(site={})).connect("site", QUEUE, ALL).validated is True


def test_disconnecting_a_bucket_that_is_not_connected_writes_nothing():
    s3 = FakeS3(site={"QueueConfigurations": [queue_entry("theirs", ["s3:ObjectCreated:*"])]})
    assert subscription(s3).disconnect("site").lines == ()
    assert s3.writes == []


def test_sending_twice_is_noted_when_eventbridge_joins_a_direct_connection():
    s3 = FakeS3(site={})
    stack = subscription(s3)
    stack.connect("site", QUEUE, ALL)
    assert "each event comes twice" in stack.connect_eventbridge("site", QUEUE).notes[0]
