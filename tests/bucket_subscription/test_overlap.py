"""Overlaps are found before writing, and named with what stands in the way and what to do.

The cases of valid and invalid filters are those of the S3 user guide, notification-how-to-filtering.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bucket_subscription.errors import RefusedError
from bucket_subscription.key_filter import KeyFilter, asked_filter, read_filter
from tests.bucket_subscription.fake_bucket_aws import QUEUE, FakeS3, queue_entry, subscription

CREATED = ["s3:ObjectCreated:*"]
SHORT = st.text("ab", max_size=3)


@pytest.mark.parametrize(
    ("events", "theirs", "ours", "clash"),
    [
        (CREATED, ("", ""), ("", ""), True),
        (["s3:ObjectCreated:Put"], ("", ""), ("", ""), True),
        (["s3:ObjectRemoved:DeleteMarkerCreated"], ("", ""), ("", ""), True),
        (["s3:LifecycleExpiration:Delete"], ("", ""), ("", ""), True),
        (["s3:ObjectTagging:*"], ("", ""), ("", ""), False),
        (["s3:ObjectAcl:Put", "s3:ReducedRedundancyLostObject"], ("", ""), ("", ""), False),
        (CREATED, ("images", ""), ("", ""), True),
        (CREATED, ("images/", ""), ("logs/", ""), False),
        (CREATED, ("images/", ""), ("images/", ""), True),
        (CREATED, ("images/a/", ""), ("images/", ""), True),
        (CREATED, ("", ".jpg"), ("", ".png"), False),
        (CREATED, ("", "jpg"), ("", "pg"), True),
        (CREATED, ("images", ".jpg"), ("images", ".png"), False),
        (CREATED, ("images", "jpg"), ("", "jpg"), True),
        (CREATED, ("images/", ""), ("logs/", ".png"), False),
        (CREATED, ("my+images/", ""), ("my images/", ""), True),
        (CREATED, ("%C3%BC/", ""), ("ü/", ""), True),
    ],
)
def test_an_entry_in_the_way_is_refused_before_writing(events, theirs, ours, clash):
    prefix, suffix = theirs
    entry = queue_entry("theirs", events, prefix, suffix, kind="TopicConfigurations")
    s3 = FakeS3(site={"TopicConfigurations": [entry]})
    connect = subscription(s3).connect
    if not clash:
        connect("site", QUEUE, asked_filter(*ours))
        return
    with pytest.raises(RefusedError) as refused:
        connect("site", QUEUE, asked_filter(*ours))
    assert s3.writes == []
    line = str(refused.value)
    assert line.startswith(
        "overlap: topic entry 'theirs' to arn:aws:sns:eu-west-1:123456789012:theirs takes "
    )
    assert events[0] in line
    assert str(read_filter(s3.documents["site"]["TopicConfigurations"][0])) in line
    assert "TopicArns" in line
    assert "connect NAME --eventbridge" in line
    assert "EventBridgeBuckets" in line


def test_several_overlaps_name_the_first_and_count_the_rest():
    s3 = FakeS3(
        site={"QueueConfigurations": [queue_entry("a", CREATED, "a/"), queue_entry("b", CREATED, "b/")]}
    )
    with pytest.raises(RefusedError, match=r"'a' .* prefix 'a/' \(and 1 more\)"):
        subscription(s3).connect("site", QUEUE, KeyFilter())


def test_an_entry_of_another_that_feeds_our_queue_already_is_said_to():
    theirs = {"Id": "by-hand", "QueueArn": QUEUE.arn, "Events": CREATED}
    with pytest.raises(
        RefusedError, match="entry 'by-hand', which this stack did not make, already sends to the queue"
    ):
        subscription(FakeS3(site={"QueueConfigurations": [theirs]})).connect("site", QUEUE, KeyFilter())


def test_narrowing_what_is_connected_is_refused_since_it_would_leave_keys_stale():
    s3 = FakeS3(site={})
    stack = subscription(s3)
    stack.connect("site", QUEUE, KeyFilter())
    with pytest.raises(
        RefusedError, match=r"this stack already takes part of these keys.*disconnect that first"
    ):
        stack.connect("site", QUEUE, KeyFilter("a/"))


def test_widening_replaces_the_narrower_entries():
    s3 = FakeS3(site={})
    stack = subscription(s3)
    for keys in (KeyFilter("a/"), KeyFilter("b/"), KeyFilter()):
        stack.connect("site", QUEUE, keys)
    (entry,) = s3.documents["site"]["QueueConfigurations"]
    assert "Filter" not in entry


def test_disconnecting_one_prefix_leaves_our_other():
    s3 = FakeS3(site={})
    stack = subscription(s3)
    for prefix in ("a/", "b/"):
        stack.connect("site", QUEUE, KeyFilter(prefix))
    stack.disconnect("site", KeyFilter("a/"))
    (entry,) = s3.documents["site"]["QueueConfigurations"]
    assert read_filter(entry) == KeyFilter("b/")


def test_connecting_twice_writes_once():
    s3 = FakeS3(site={})
    stack = subscription(s3)
    first = stack.connect("site", QUEUE, KeyFilter("a b/", ".ht+ml"))
    second = stack.connect("site", QUEUE, KeyFilter("a b/", ".ht+ml"))
    assert (len(s3.writes), len(first.lines), second.lines) == (1, 1, ())


@given(SHORT, SHORT, SHORT, SHORT)
def test_filters_overlap_where_some_string_begins_with_both_and_some_ends_with_both(a, b, c, d):
    texts = [one + other for one in (a, c) for other in (a, c)]
    begins = any(text.startswith(a) and text.startswith(c) for text in texts)
    texts = [one + other for one in (b, d) for other in (b, d)]
    ends = any(text.endswith(b) and text.endswith(d) for text in texts)
    assert KeyFilter(a, b).overlaps(KeyFilter(c, d)) == (begins and ends)
    assert KeyFilter(a, b).overlaps(KeyFilter(c, d)) == KeyFilter(c, d).overlaps(KeyFilter(a, b))


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_filter_is_read_as_it_was_written(prefix, suffix):
    keys = KeyFilter(prefix, suffix)
    assert read_filter(keys.to_s3()) == keys


def test_filters_are_sent_in_the_form_s3_asks_for():
    """The S3 user guide: a space as +, other special characters percent-encoded."""
    rules = KeyFilter("my dir/ü&", "(1).html").to_s3()["Filter"]["Key"]["FilterRules"]
    assert rules == [{"Name": "prefix", "Value": "my+dir/%C3%BC%26"}, {"Name": "suffix", "Value": "(1).html"}]


@pytest.mark.parametrize(
    ("prefix", "suffix", "line"),
    [
        ("img/*", "", r"the prefix 'img/\*' holds a \*"),
        ("", "*.html", r"the suffix '\*.html'"),
        ("a" * 1025, "", "longer"),
    ],
)
def test_a_filter_s3_would_not_take_is_refused(prefix, suffix, line):
    with pytest.raises(RefusedError, match=line):
        asked_filter(prefix, suffix)
