"""What reaches such queues in public set-ups beside S3's own notifications: read, or named. Nothing ends in silence."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invalidator.core.messages.change import ChangeKind
from invalidator.core.messages.change_reading import NONCURRENT
from invalidator.core.messages.message_content import MessageContent
from invalidator.core.messages.reading import read_body
from invalidator.core.reasons import Reason
from tests.notifications import CHANGED, SENT, direct, s3_record, stamp, through_eventbridge

S3_BODY = direct("index.html")
LAMBDA_FROM_SNS = {
    "Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": {"Message": S3_BODY}}]
}
SQS_RECORD = {"messageId": "m", "receiptHandle": "r", "body": S3_BODY, "eventSource": "aws:sqs"}
DESTINATION = {
    "version": "1.0",
    "requestContext": {"condition": "RetriesExhausted"},
    "requestPayload": json.loads(S3_BODY),
}


def confirmation(kind="SubscriptionConfirmation"):
    return {
        "Type": kind,
        "TopicArn": "arn:aws:sns:eu-west-1:444455556666:uploads",
        "Token": "t",
        "Message": "You have chosen to subscribe",
        "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription",
    }


NAMED = {
    # what it is: (the message, its reason, a word of the detail)
    "a Lambda's event from SNS": (LAMBDA_FROM_SNS, Reason.NOT_A_NOTIFICATION, "Sns.Message alone"),
    "a Lambda's event from SQS": ({"Records": [SQS_RECORD]}, Reason.NOT_A_NOTIFICATION, "Records[].body alone"),
    "a Lambda destination": (DESTINATION, Reason.NOT_A_NOTIFICATION, "Lambda destination"),
    "EventBridge Pipes": (SQS_RECORD, Reason.NOT_A_NOTIFICATION, "<$.body>"),
    "MinIO": (
        {"EventName": "s3:ObjectCreated:Put", "Key": "b/k", "Records": [s3_record("a", eventSource="minio:s3")]},
        Reason.NOT_A_NOTIFICATION,
        "MinIO",
    ),
    "Ceph": ({"Records": [s3_record("a", eventSource="ceph:s3")]}, Reason.NOT_A_NOTIFICATION, "Ceph"),
    "Kinesis": ({"Records": [{"eventSource": "aws:kinesis"}]}, Reason.NOT_A_NOTIFICATION, "aws:kinesis"),
    "a subscription to confirm": (confirmation(), Reason.SUBSCRIPTION_UNCONFIRMED, "444455556666:uploads"),
    "a subscription that ended": (confirmation("UnsubscribeConfirmation"), Reason.NOT_A_NOTIFICATION, "no more"),
    "EventBridge of another service": (
        {"source": "aws.ec2", "detail-type": "Instance State-change", "detail": {"bucket": "no object"}},
        Reason.NOT_A_NOTIFICATION,
        "'Instance State-change' of 'aws.ec2'",
    ),
    "CloudTrail's other rules": (
        {"source": "aws.s3", "detail-type": "AWS Service Event via CloudTrail", "detail": {"eventName": "X"}},
        Reason.NOT_A_NOTIFICATION,
        "'AWS Service Event via CloudTrail' of 'aws.s3'",
    ),
    "CloudTrail's log file": (
        {"Records": [{"eventSource": "s3.amazonaws.com", "eventName": "PutObject"}]},
        Reason.NOT_A_NOTIFICATION,
        "as its log files hold them",
    ),
    "S3 Batch Operations": (
        {"invocationSchemaVersion": "2.0", "job": {"id": "j"}, "tasks": [{"s3Key": "a", "s3Bucket": "site"}]},
        Reason.NOT_A_NOTIFICATION,
        "S3 Batch Operations' call",
    ),
    "a batch of EventBridge Pipes": ([json.loads(S3_BODY)], Reason.NOT_A_NOTIFICATION, "send each alone"),
    "a text in quotes": (S3_BODY, Reason.NOT_A_NOTIFICATION, "a text in quotes"),
    "a lone record of MinIO": (s3_record("a", eventSource="minio:s3"), Reason.NOT_A_NOTIFICATION, "minio:s3"),
    "an alarm": ({"AlarmName": "a", "source": None}, Reason.NOT_A_NOTIFICATION, "its fields are: AlarmName"),
}  # fmt: skip


@pytest.mark.parametrize(("message", "reason", "word"), NAMED.values(), ids=NAMED)
def test_what_is_not_read_is_named_with_what_to_do(message, reason, word):
    content = read_body(json.dumps(message), SENT)
    assert content.changes == ()
    assert content.problem is not None
    assert content.problem.reason is reason
    assert word in content.problem.detail


def test_inside_sns_the_problem_says_so():
    content = read_body(json.dumps({"Type": "Notification", "Message": "the disk is full"}), SENT)
    assert content.problem is not None
    assert content.problem.detail.startswith("inside SNS's notification: ")


def test_an_alien_record_beside_s3s_own_is_named_and_s3s_is_read():
    content = read_body(json.dumps({"Records": [s3_record("a"), LAMBDA_FROM_SNS["Records"][0]]}), SENT)
    assert [change.key for change in content.changes] == ["a"]
    assert content.problem is not None
    assert "SNS" in content.problem.detail


def test_one_of_s3s_records_alone_is_read():
    assert read_body(json.dumps(s3_record("a b+c")), SENT) == read_body(direct("a b+c"), SENT)
    assert read_body(
        json.dumps({"Type": "Notification", "Message": json.dumps(s3_record("a"))}), SENT
    ).changes


def detail_of(key, **more):
    return {**json.loads(through_eventbridge(key))["detail"], **more}


def test_eventbridges_detail_alone_is_read_as_old_as_its_message():
    (change,) = read_body(json.dumps(detail_of("a b+c%20d.txt")), SENT).changes
    assert (change.bucket, change.key, change.at) == ("site", "a b+c%20d.txt", SENT)


def test_a_bad_detail_alone_is_a_dead_letter_that_names_the_field():
    content = read_body(json.dumps(detail_of("")), SENT)
    assert content.problem is not None
    assert content.problem.detail == "s3.object.key is empty (bucket site)"


def cloudtrail(call="PutObject", *, alone=False, **detail):
    """An event of a rule for "AWS API Call via CloudTrail", with the record's own time in whole seconds."""
    record = {
        "eventVersion": "1.08",
        "eventSource": "s3.amazonaws.com",
        "eventName": call,
        "eventTime": stamp(CHANGED)[:-5] + "Z",
        "requestParameters": {"bucketName": "site", "key": "index.html"},
        "readOnly": False,
        **detail,
    }
    event = {
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.s3",
        "time": stamp(SENT),
        "detail": record,
    }
    return json.dumps(record if alone else event)


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        ("PutObject", ChangeKind.CREATED),
        ("PostObject", ChangeKind.CREATED),
        ("CopyObject", ChangeKind.CREATED),
        ("CompleteMultipartUpload", ChangeKind.CREATED),
        ("DeleteObject", ChangeKind.REMOVED),
    ],
)
@pytest.mark.parametrize("alone", [False, True])
def test_cloudtrails_record_of_a_call_on_one_object_is_a_change(call, kind, alone):
    (change,) = read_body(cloudtrail(call, alone=alone), SENT).changes
    assert (change.bucket, change.key, change.at, change.kind) == ("site", "index.html", CHANGED + 1.0, kind)


def test_a_key_of_cloudtrail_that_may_be_encoded_counts_both_ways():
    body = cloudtrail(requestParameters={"bucketName": "site", "key": "a%20b"})
    assert [change.key for change in read_body(body, SENT).changes] == ["a%20b", "a b"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (cloudtrail("GetObject", readOnly=True), "CloudTrail: GetObject"),
        (cloudtrail("PutObjectTagging"), "CloudTrail: PutObjectTagging"),
        (cloudtrail("PutObject", errorCode="AccessDenied"), "CloudTrail: PutObject, which failed"),
    ],
)
def test_a_call_that_viewers_cannot_see_is_ignored_by_name(body, kind):
    assert read_body(body, SENT) == MessageContent(ignored=1, ignored_kinds=(kind,))


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (
            cloudtrail("DeleteObjects", requestParameters={"bucketName": "site", "delete": ""}),
            "'DeleteObjects'",
        ),
        (cloudtrail("RenameObject"), "'RenameObject'"),
        (cloudtrail("PutObject", requestParameters=None), "'PutObject'"),
        (cloudtrail("PutObject", requestParameters={"bucketName": "site", "key": ""}), "key is empty"),
        (cloudtrail(""), "eventName is missing"),
    ],
)
def test_a_call_that_may_have_changed_any_object_is_a_dead_letter_that_names_it(body, word):
    content = read_body(body, SENT)
    assert content.problem is not None
    assert word in content.problem.detail


VERSION = "096fKKXTRTtl3on89fVO.nfljtsv6qko"


def expired(version, name="LifecycleExpiration:Delete"):
    record = s3_record("a", name=name)
    record["s3"]["object"]["versionId"] = version
    return json.dumps({"Records": [record]})


def expired_through_eventbridge(version, removal="Permanently Deleted"):
    event = json.loads(through_eventbridge("a", kind="Object Deleted"))
    event["detail"] |= {"reason": "Lifecycle Expiration", "deletion-type": removal}
    event["detail"]["object"]["version-id"] = version
    return json.dumps(event)


@pytest.mark.parametrize("body", [expired(VERSION), expired_through_eventbridge(VERSION)])
def test_the_expiry_of_a_noncurrent_version_changes_nothing_for_viewers(body):
    assert read_body(body, SENT) == MessageContent(ignored=1, ignored_kinds=(NONCURRENT,))


@pytest.mark.parametrize(
    "body",
    [
        expired("null"),
        expired(None),
        expired(VERSION, "LifecycleExpiration:DeleteMarkerCreated"),
        expired_through_eventbridge("null"),
        expired_through_eventbridge(VERSION, "Delete Marker Created"),
    ],
)
def test_the_expiry_of_what_viewers_got_is_a_change(body):
    (change,) = read_body(body, SENT).changes
    assert change.kind is ChangeKind.EXPIRED


def test_a_change_carries_what_its_event_tells_of_the_object():
    (change,) = read_body(expired("v1", "ObjectCreated:Put"), SENT).changes
    assert (change.kind, change.etag, change.size, change.sequencer, change.version) == (
        ChangeKind.CREATED,
        "d41d8cd98f00b204e9800998ecf8427e",
        1024,
        "0055AED6DCD90281E5",
        "v1",
    )
    (removed,) = read_body(direct("a", name="ObjectRemoved:Delete"), SENT).changes
    assert removed.kind is ChangeKind.REMOVED
    told = {"key": "a", "size": 5, "etag": "b1", "version-id": "v2", "sequencer": "6"}
    (through,) = read_body(json.dumps(detail_of("a", object=told)), SENT).changes
    assert (through.etag, through.size, through.sequencer, through.version) == ("b1", 5, "6", "v2")


def every_field_null(document):
    """The document once for each of its fields, with null in its place."""
    if isinstance(document, list):
        yield from ([changed] for changed in every_field_null(document[0]))
    elif isinstance(document, dict):
        for name, value in document.items():
            yield {**document, name: None}
            yield from ({**document, name: changed} for changed in every_field_null(value))


def without_nulls(document):
    if isinstance(document, dict):
        return {name: without_nulls(each) for name, each in document.items() if each is not None}
    return [without_nulls(each) for each in document] if isinstance(document, list) else document


@pytest.mark.parametrize("body", [S3_BODY, through_eventbridge("a"), cloudtrail()])
def test_a_field_that_is_null_counts_as_absent(body):
    for document in every_field_null(json.loads(body)):
        assert read_body(json.dumps(document), SENT) == read_body(json.dumps(without_nulls(document)), SENT)


NAMES = st.sampled_from([
    "Records", "EventSource", "eventSource", "eventName", "s3", "bucket", "object", "key", "name", "source", "detail",
    "detail-type", "requestParameters", "bucketName", "Type", "Message", "Event", "body", "Sns", "invalidator",
])  # fmt: skip
VALUES = st.sampled_from([
    "aws:s3", "aws:sns", "aws.s3", "s3.amazonaws.com", "ObjectCreated:Put", "Object Created", "PutObject",
    "Notification", "AWS API Call via CloudTrail", "s3:TestEvent", "", "a",
])  # fmt: skip


@given(
    st.recursive(
        VALUES | st.none() | st.integers(0, 3),
        lambda inner: st.dictionaries(NAMES, inner, max_size=5) | st.lists(inner, max_size=2),
        max_leaves=12,
    )
)
def test_no_message_ends_in_silence(document):
    content = read_body(json.dumps(document), SENT)
    said = (content.changes, content.backlog, content.test_event, content.ignored, content.problem)
    assert any(said)
    assert bool(content.ignored) == bool(content.ignored_kinds)
