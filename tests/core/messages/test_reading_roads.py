"""A change reads the same by whatever road it came, and only changes of the object's bytes count."""

import json
from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invalidator.core.messages.change_reading import MOST_KIND_LENGTH, MOST_KINDS, decode_key
from invalidator.core.messages.message_content import MessageContent
from invalidator.core.messages.reading import read_body
from tests.notifications import CHANGED, SENT, TEST_EVENT, direct, s3_record, through_eventbridge, through_sns

KEYS = [
    "a.html",
    "dir/sub dir/a b.html",
    "c++/a+b.css",
    "100%/50%25.txt",
    "emoji/🎉/é.png",
    "line\nbreak\ttab",
    "quote\"back\\slash'",
    "a?b=c&d",
    "x" * 1024,
    "€" * 341 + "x",
    "//double//",
    "../up/./here",
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("road", [direct, through_sns, through_eventbridge])
def test_every_key_reads_the_same_by_every_road(key, road):
    (change,) = read_body(road(key), SENT).changes
    assert (change.bucket, change.key) == ("site", key)


@given(st.text(min_size=1))
def test_any_key_that_s3_can_write_reads_as_it_was_typed(key):
    reading = read_body(direct(key), SENT)
    assert [change.key for change in reading.changes] == [key]


@given(
    st.lists(st.sampled_from(["a", "é", "+", "%", "%41", "%c3", "%A9", "%zz", "%2", "%00", "/"])).map("".join)
)
def test_whatever_stands_in_an_encoded_key_is_decoded_as_a_form_is(text):
    assert decode_key(text) == unquote_plus(text, errors="surrogateescape")


def test_bytes_that_are_not_utf8_are_kept_apart_from_each_other():
    keys = ["caf\udce9", "caf\udce8"]
    assert [change.key for change in read_body(direct(*keys), SENT).changes] == keys


@pytest.mark.parametrize("road", [direct, through_sns])
def test_the_time_of_a_change_is_s3s_own(road):
    (change,) = read_body(road("a", at=CHANGED + 0.25), SENT).changes
    assert (change.bucket, change.key, change.at) == ("site", "a", CHANGED + 0.25)


@pytest.mark.parametrize(
    "name",
    [
        "ObjectCreated:Put",
        "ObjectCreated:Post",
        "ObjectCreated:Copy",
        "ObjectCreated:CompleteMultipartUpload",
        "ObjectRemoved:Delete",
        "ObjectRemoved:DeleteMarkerCreated",
        "LifecycleExpiration:Delete",
        "LifecycleExpiration:DeleteMarkerCreated",
        "s3:ObjectCreated:Put",
    ],
)
def test_what_writes_or_removes_an_object_is_a_change(name):
    assert len(read_body(direct("a", name=name), SENT).changes) == 1


@pytest.mark.parametrize(
    "name",
    ["ObjectTagging:Put", "ObjectAcl:Put", "ObjectRestore:Completed", "Replication:OperationMissedThreshold"],
)
def test_what_viewers_cannot_see_is_counted_and_named_and_asks_for_nothing(name):
    assert read_body(direct("a", "b", name=name), SENT) == MessageContent(ignored=2, ignored_kinds=(name,))


def test_only_created_and_deleted_objects_count_on_eventbridge():
    assert len(read_body(through_eventbridge("a", kind="Object Deleted"), SENT).changes) == 1
    assert read_body(through_eventbridge("a", kind="Object Tags Added"), SENT) == MessageContent(
        ignored=1, ignored_kinds=("Object Tags Added",)
    )


def test_kinds_without_end_are_a_few_short_words():
    records = [s3_record("a", name=f"New{number}:{'x' * 1000}") for number in range(100)]
    content = read_body(json.dumps({"Records": records}), SENT)
    assert content.ignored == 100
    assert len(content.ignored_kinds) == MOST_KINDS
    assert max(map(len, content.ignored_kinds)) == MOST_KIND_LENGTH


@pytest.mark.parametrize("body", [TEST_EVENT, json.dumps({"Type": "Notification", "Message": TEST_EVENT})])
def test_s3s_greeting_is_counted_and_asks_for_nothing(body):
    assert read_body(body, SENT) == MessageContent(test_event=True)


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.9", "2.5.1"])
def test_a_newer_minor_version_is_read(version):
    assert len(read_body(direct("a", eventVersion=version), SENT).changes) == 1


def test_unknown_fields_are_skipped():
    record = s3_record("a") | {
        "new": {"deep": [1, 2, {"x": None}]},
        "s3": {**s3_record("a")["s3"], "more": 1},
    }
    assert len(read_body(json.dumps({"Records": [record], "extra": 1}), SENT).changes) == 1


def test_one_message_with_many_records_gives_every_change():
    reading = read_body(direct(*(f"{number}.html" for number in range(100))), SENT)
    assert [change.key for change in reading.changes] == [f"{number}.html" for number in range(100)]


@pytest.mark.parametrize(
    "envelope", [lambda body: body, lambda body: json.dumps({"Type": "Notification", "Message": body})]
)
def test_a_new_acl_is_a_change_only_where_somebody_asked_for_it(envelope):
    """It may withdraw a file, and CloudFront would go on showing it."""
    body = envelope(json.dumps({"Records": [s3_record("a") | {"eventName": "ObjectAcl:Put"}]}))
    assert read_body(body, SENT).ignored == 1
    assert read_body(body, SENT).changes == ()
    assert [change.key for change in read_body(body, SENT, acl_changes=True).changes] == ["a"]


def test_a_new_acl_through_eventbridge_is_a_change_only_where_somebody_asked_for_it():
    event = json.loads(through_eventbridge("a")) | {"detail-type": "Object ACL Updated"}
    assert read_body(json.dumps(event), SENT).ignored == 1
    assert [change.key for change in read_body(json.dumps(event), SENT, acl_changes=True).changes] == ["a"]


def test_a_new_acl_that_cloudtrail_tells_of_is_a_change_only_where_somebody_asked_for_it():
    call = {"eventSource": "s3.amazonaws.com", "eventName": "PutObjectAcl"}
    asked = {"requestParameters": {"bucketName": "site", "key": "a"}}
    body = json.dumps(
        {"source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "detail": call | asked}
    )
    assert read_body(body, SENT).ignored == 1
    assert [change.key for change in read_body(body, SENT, acl_changes=True).changes] == ["a"]


def test_a_new_acl_is_no_proof_that_viewers_get_the_same_content():
    """Its event has the ETag of content that did not change."""
    record = s3_record("a", etag="e1") | {"eventName": "ObjectAcl:Put"}
    (change,) = read_body(json.dumps({"Records": [record]}), SENT, acl_changes=True).changes
    event = json.loads(through_eventbridge("a")) | {"detail-type": "Object ACL Updated"}
    event["detail"]["object"]["etag"] = "e1"
    (told,) = read_body(json.dumps(event), SENT, acl_changes=True).changes
    assert (change.etag, told.etag) == ("", "")
