"""A bucket is told to be lost once, and once to send again, whoever mended it."""

from bucket_subscription.reading.bucket_watch import BucketWatch
from bucket_watch.standing import Standing
from bucket_watch.summary import BucketLine
from bucket_watch.telling import announced

GONE = ("its notification holds no entry to the queue any more",)
WRONG = BucketWatch("site", "parameter Buckets", GONE, "invalidator check --repair")
RIGHT = BucketWatch("site", "parameter Buckets")
STANDING = {"site": Standing("site", wrong_since=100.0, wrong=GONE)}


def kinds(line, before):
    return [each.kind for each in announced([line], before)]


def test_what_is_newly_wrong_is_told_once_with_the_fix_and_who_it_was():
    line = BucketLine(WRONG, since=100.0, by="arn:aws:iam::1:user/ci")
    (told,) = announced([line], {})
    assert told.kind == "Subscription Lost"
    assert told.detail == {
        "bucket": "site", "since": "1970-01-01T00:01:40.000Z", "wrong": list(GONE),
        "fix": "invalidator check --repair", "by": "arn:aws:iam::1:user/ci",
    }  # fmt: skip
    assert kinds(line, STANDING) == []


def test_what_is_repaired_in_the_round_that_finds_it_is_told_as_both():
    assert kinds(BucketLine(WRONG, repaired=True, since=100.0), {}) == [
        "Subscription Lost",
        "Subscription Repaired",
    ]
    assert kinds(BucketLine(WRONG, repaired=True, since=100.0), STANDING) == ["Subscription Repaired"]


def test_what_a_person_connected_again_is_told_too():
    (told,) = announced([BucketLine(RIGHT, right=200.0)], STANDING)
    assert (told.kind, told.detail["since"], told.detail["wrong"]) == (
        "Subscription Repaired", "1970-01-01T00:01:40.000Z", list(GONE),
    )  # fmt: skip


def test_what_stays_as_it_was_or_cannot_be_looked_at_is_not_told():
    assert kinds(BucketLine(RIGHT, right=200.0), {"site": Standing("site")}) == []
    unknown = BucketWatch("site", "parameter Buckets", unknown="S3 did not answer")
    assert kinds(BucketLine(unknown, since=100.0), STANDING) == []
