"""A change reads the same by whatever road it came, and only changes of the object's bytes count."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invalidator.core.messages.change import Change
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


def test_bytes_that_are_not_utf8_are_kept_apart_from_each_other():
    keys = ["caf\udce9", "caf\udce8"]
    assert [change.key for change in read_body(direct(*keys), SENT).changes] == keys


@pytest.mark.parametrize("road", [direct, through_sns])
def test_the_time_of_a_change_is_s3s_own(road):
    assert read_body(road("a", at=CHANGED + 0.25), SENT).changes == (Change("site", "a", CHANGED + 0.25),)


def test_through_eventbridge_a_change_counts_as_up_to_a_second_younger_since_its_time_was_cut_off():
    (change,) = read_body(through_eventbridge("a", at=CHANGED + 0.9), SENT).changes
    assert change.at == CHANGED + 1.0
    (hasty,) = read_body(through_eventbridge("a", at=CHANGED + 0.1), CHANGED + 0.3).changes
    assert hasty.at == CHANGED + 0.3


def test_a_change_is_never_younger_than_its_message():
    assert read_body(direct("a", at=SENT + 3600), SENT).changes[0].at == SENT


@pytest.mark.parametrize(
    "time", [None, "", "yesterday", "2026-11-23T12:00:00", "9999999-01-01T00:00:00Z", "\x00"]
)
def test_a_change_that_does_not_say_when_counts_as_old_as_its_message(time):
    record = s3_record("a")
    del record["eventTime"]
    if time is not None:
        record["eventTime"] = time
    assert read_body(json.dumps({"Records": [record]}), SENT).changes == (Change("site", "a", SENT),)


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
    [
        "ObjectTagging:Put",
        "ObjectAcl:Put",
        "ObjectRestore:Completed",
        "Replication:OperationMissedThreshold",
        "",
    ],
)
def test_what_leaves_an_objects_bytes_as_they_were_is_counted_and_asks_for_nothing(name):
    assert read_body(direct("a", "b", name=name), SENT) == MessageContent(ignored=2)


def test_only_created_and_deleted_objects_count_on_eventbridge():
    assert len(read_body(through_eventbridge("a", kind="Object Deleted"), SENT).changes) == 1
    assert read_body(through_eventbridge("a", kind="Object Tags Added"), SENT) == MessageContent(ignored=1)


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
