"""Whatever is done to a bucket, and whatever fails, the entries of others stay as they were."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bucket_subscription.document import entries, own_part, same
from bucket_subscription.errors import RefusedError, SubscriptionError, UnsettledError
from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.owner import EVENTS, Owner
from tests.bucket_subscription.fake_bucket_aws import (
    OTHER_QUEUE,
    OWNER,
    QUEUE,
    FakeS3,
    queue_entry,
    subscription,
)
from tests.bucket_subscription.foreign_notifications import any_events, documents, foreign

ALL = KeyFilter()
KEYS = st.sampled_from(
    [ALL, KeyFilter("site/"), KeyFilter("site/", ".html"), KeyFilter("a b+ü/", ""), KeyFilter("team00/")]
)


@given(documents())
def test_connecting_updating_and_disconnecting_leave_others_alone(document):
    s3 = FakeS3(site=document)
    before = foreign(s3.read("site"))
    stack = subscription(s3)

    stack.connect("site", QUEUE, ALL)
    (own,) = own_part(s3.documents["site"], OWNER)
    assert (own["QueueArn"], sorted(own["Events"])) == (QUEUE.arn, sorted(EVENTS))
    assert same(foreign(s3.documents["site"]), before)

    stack.connect("site", OTHER_QUEUE, ALL)
    (own,) = own_part(s3.documents["site"], OWNER)
    assert own["QueueArn"] == OTHER_QUEUE.arn
    assert same(foreign(s3.documents["site"]), before)

    stack.disconnect("site")
    assert same(s3.documents["site"], before)


@given(any_events, KEYS)
def test_a_bucket_is_connected_or_refused_and_others_stay_either_way(document, keys):
    """The fake S3 fails the test if it is ever sent what S3 would call ambiguous."""
    s3 = FakeS3(site=document)
    before = foreign(s3.read("site"))
    try:
        subscription(s3).connect("site", QUEUE, keys)
    except RefusedError:
        assert s3.writes == []
        assert same(s3.documents["site"], before)
    else:
        assert [entry.keys for entry in entries(s3.documents["site"]) if OWNER.owns(entry.id, entry.arn)] == [
            keys
        ]
        assert same(foreign(s3.documents["site"]), before)


@given(documents(), st.integers(0, 9), st.sampled_from(["before", "after"]), st.booleans(), st.booleans())
def test_a_failure_at_any_call_leaves_others_alone(document, at, moment, lasting, connected_already):
    s3 = FakeS3(site=document)
    stack = subscription(s3)
    if connected_already:
        stack.connect("site", OTHER_QUEUE, ALL)
    before = foreign(s3.documents["site"])
    s3.calls.clear()
    s3.fault = lambda number, name: moment if number == at or (lasting and number > at) else None

    failed = False
    for work in (lambda: stack.connect("site", QUEUE, ALL), lambda: stack.disconnect("site")):
        try:
            work()
        except UnsettledError:
            failed = True
        assert same(foreign(s3.documents["site"]), before)
    assert failed or not lasting or at >= len(s3.calls)


@given(documents(), st.data())
def test_what_another_writes_meanwhile_is_kept(document, data):
    """Another writer adds an entry at any moment but the one between the second read and the write."""
    s3 = FakeS3(site=document)
    reads = [number for number, name in enumerate(_calls_of(document)) if name != "write"]
    theirs = queue_entry("theirs", ["s3:ObjectAcl:Put"], prefix="new/", kind="TopicConfigurations")

    def add() -> None:
        topics = s3.documents["site"].setdefault("TopicConfigurations", [])
        topics.append(theirs)

    s3.before_call[data.draw(st.sampled_from(reads))] = add
    before = foreign(s3.documents["site"])
    subscription(s3).connect("site", QUEUE, ALL)

    topics = [*before.get("TopicConfigurations", []), theirs]
    assert same(foreign(s3.documents["site"]), {**before, "TopicConfigurations": topics})
    assert len(own_part(s3.documents["site"], OWNER)) == 1


@given(documents())
def test_what_another_writes_after_the_difference_was_shown_is_kept(document):
    s3 = FakeS3(site=document)
    theirs = queue_entry("theirs", ["s3:ObjectAcl:Put"], prefix="new/", kind="TopicConfigurations")
    shown = []

    def show(lines):
        if not shown:
            s3.documents["site"].setdefault("TopicConfigurations", []).append(theirs)
        shown.append(lines)

    subscription(s3, show=show).connect("site", QUEUE, ALL)
    assert any(each["Id"] == "theirs" for each in s3.documents["site"]["TopicConfigurations"])
    assert len(own_part(s3.documents["site"], OWNER)) == 1


def test_an_entry_that_gets_in_the_way_after_the_difference_was_shown_is_refused():
    s3 = FakeS3(site={})
    theirs = queue_entry("theirs", ["s3:ObjectCreated:*"])

    def show(lines):
        s3.documents["site"] = {"QueueConfigurations": [theirs]}

    with pytest.raises(RefusedError, match="overlap: queue entry 'theirs'"):
        subscription(s3, show=show).connect("site", QUEUE, ALL)
    assert s3.writes == []


@given(documents(), documents())
def test_one_who_writes_over_everything_keeps_theirs_and_we_come_back(document, theirs):
    s3 = FakeS3(site=document)
    read_back = _calls_of(document).index("write") + 1
    s3.before_call[read_back] = lambda: s3.documents.update(site=theirs)
    subscription(s3).connect("site", QUEUE, ALL)
    assert same(foreign(s3.documents["site"]), theirs)
    assert len(own_part(s3.documents["site"], OWNER)) == 1


def test_someone_who_never_stops_changing_the_bucket_ends_in_a_clear_line():
    s3 = FakeS3(site={})

    def rude() -> None:
        entry = queue_entry(f"n{len(s3.calls)}", ["s3:ObjectAcl:Put"], kind="TopicConfigurations")
        s3.documents["site"] = {"TopicConfigurations": [entry]}

    s3.before_call = dict.fromkeys(range(2, 999), rude)
    with pytest.raises(UnsettledError, match="is changing it; run it again"):
        subscription(s3).connect("site", QUEUE, ALL)


def test_two_stacks_share_a_bucket_by_prefix_and_part_without_harm():
    s3 = FakeS3(site={})
    blue, green = subscription(s3), subscription(s3)
    object.__setattr__(green, "owner", Owner("site-green", (OTHER_QUEUE.arn,)))
    blue.connect("site", QUEUE, KeyFilter("blue/"))
    green.connect("site", OTHER_QUEUE, KeyFilter("green/"))
    assert len(s3.documents["site"]["QueueConfigurations"]) == 2
    blue.disconnect("site")
    (left,) = s3.documents["site"]["QueueConfigurations"]
    assert left["QueueArn"] == OTHER_QUEUE.arn


def test_s3_showing_the_old_configuration_for_a_moment_is_waited_out():
    s3 = FakeS3(site={})
    s3.stale_reads = 1
    subscription(s3).connect("site", QUEUE, ALL)
    assert s3.calls.count("write") == 1


@given(documents())
def test_putting_back_restores_ours_and_leaves_others_alone(document):
    s3 = FakeS3(site=document)
    stack = subscription(s3)
    stack.connect("site", OTHER_QUEUE, ALL)
    before = s3.read("site")
    result = stack.connect("site", QUEUE, ALL)
    stack.put_back(result)
    assert same(s3.documents["site"], before)


def test_the_hundredth_entry_is_ours_and_the_next_is_refused():
    def full(count):
        kind = "TopicConfigurations"
        return {
            kind: [queue_entry(f"t{n}", ["s3:ObjectAcl:Put"], f"{n:03}/", kind=kind) for n in range(count)]
        }

    s3 = FakeS3(nearly=full(99), full=full(100))
    stack = subscription(s3)
    stack.connect("nearly", QUEUE, ALL)
    assert len(entries(s3.documents["nearly"])) == 100
    with pytest.raises(
        RefusedError, match="already holds 100 notification entries, and S3's limit is 100; remove one"
    ):
        stack.connect("full", QUEUE, ALL)
    assert [bucket for bucket, _ in s3.writes] == ["nearly"]


@given(documents())
def test_eventbridge_is_switched_on_and_nothing_else_is_touched(document):
    s3 = FakeS3(site=document)
    before = s3.read("site")
    subscription(s3).connect_eventbridge("site", QUEUE)
    assert same(s3.documents["site"], {**before, "EventBridgeConfiguration": {}})
    subscription(s3).disconnect("site")
    assert "EventBridgeConfiguration" in s3.documents["site"]


@given(documents())
def test_a_dry_run_writes_nothing(document):
    s3 = FakeS3(site=document)
    shown = []
    stack = subscription(s3, show=shown.append, dry_run=True)
    for work in (lambda: stack.connect("site", QUEUE, ALL), lambda: stack.connect_eventbridge("site", QUEUE)):
        work()
    with contextlib.suppress(SubscriptionError):
        stack.disconnect("site")
    assert s3.writes == []
    events = "s3:LifecycleExpiration:*, s3:ObjectCreated:*, s3:ObjectRemoved:*"
    assert shown[0] == (f"+ queue {OWNER.first_id}.by-hand: {events} for all keys to {QUEUE.arn}",)


def _calls_of(document):
    """The calls of one undisturbed connect."""
    s3 = FakeS3(site=document)
    subscription(s3).connect("site", QUEUE, ALL)
    return s3.calls
