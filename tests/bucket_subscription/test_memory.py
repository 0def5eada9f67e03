"""What the parameters connect is remembered for the watch, and forgotten with them; a failed deploy changes nothing.

CloudFormation is played as in `test_what_was_there_before.py`.
"""

import json
from dataclasses import replace

import pytest

from bucket_subscription.handler import respond
from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.owner import ACL_EVENT
from bucket_subscription.wishes.wish import Maker, Road, Wish
from tests.bucket_subscription.fake_bucket_aws import QUEUE, FakeS3, subscription
from tests.bucket_subscription.stack_request import request
from tests.lambda_context import LambdaContext
from tests.memory_wishes import MemoryWishes

BY_HAND = Wish("aaa", Road.QUEUE, Maker.PERSON)
PROPERTIES = {"QueueArn": QUEUE.arn, "TableName": "table"}


def ask(kind, s3, wishes, old=None, **properties):
    """Run the function for one request; return the answer's status and reason."""
    event = {**request(kind, old=old), "ResourceProperties": {**PROPERTIES, **properties}}
    told = []

    def remember(table, until):
        assert table == "table"
        return wishes

    respond(
        event,
        LambdaContext(),
        lambda _, body: told.append(json.loads(body)),
        lambda owner, account, until: replace(subscription(s3), owner=owner),
        remember,
    )
    return told[0]["Status"], told[0]["Reason"]


def known(wishes):
    return {(wish.bucket, wish.road, wish.maker, wish.keys) for wish in wishes.all()}


def test_what_is_connected_is_remembered_with_its_filters_and_forgotten_with_the_stack():
    s3, wishes = FakeS3(aaa={}, bbb={}, ccc={}), MemoryWishes(BY_HAND)
    wanted = {
        "Buckets": ["aaa", "bbb"],
        "BucketFilters": ["bbb=a/*", "bbb=b/*.html"],
        "EventBridgeBuckets": ["ccc"],
    }
    assert ask("Create", s3, wishes, **wanted, AclChanges="yes")[0] == "SUCCESS"
    everything = KeyFilter()
    assert known(wishes) == {
        ("aaa", Road.QUEUE, Maker.PERSON, everything),
        ("aaa", Road.QUEUE, Maker.STACK, everything),
        ("bbb", Road.QUEUE, Maker.STACK, KeyFilter("a/")),
        ("bbb", Road.QUEUE, Maker.STACK, KeyFilter("b/", ".html")),
        ("ccc", Road.EVENTBRIDGE, Maker.STACK, everything),
    }
    assert all(ACL_EVENT in wish.events for wish in wishes.all() if wish.maker is Maker.STACK)
    old = {**PROPERTIES, **wanted}
    assert ask("Update", s3, wishes, old=old, Buckets=["bbb"], BucketFilters=["bbb=a/*"])[0] == "SUCCESS"
    assert known(wishes) == {
        ("aaa", Road.QUEUE, Maker.PERSON, everything),
        ("bbb", Road.QUEUE, Maker.STACK, KeyFilter("a/")),
    }
    assert ask("Delete", s3, wishes, Buckets=["bbb"])[0] == "SUCCESS"
    assert wishes.all() == [BY_HAND]


def test_a_first_connection_leaves_a_gap_and_an_upgrade_leaves_none():
    """Of what 0.1.0 had connected nothing was lost: its distributions are not purged because the stack is newer."""
    s3, wishes = FakeS3(aaa={}, bbb={}), MemoryWishes()
    subscription(s3).follow("aaa", QUEUE, [KeyFilter()], ())
    old = {"QueueArn": QUEUE.arn, "Buckets": ["aaa"]}
    ask("Update", s3, wishes, old=old, Buckets=["aaa"])
    assert (known(wishes) != set(), wishes.noted) == (True, {})
    ask("Update", s3, wishes, old={**PROPERTIES, **old}, Buckets=["aaa", "bbb"], EventBridgeBuckets=[])
    assert set(wishes.noted) == {"bbb"}
    assert wishes.noted["bbb"].since == 0.0
    ask("Update", s3, wishes, old=old, Buckets=["aaa", "bbb"], AclChanges="yes")
    assert set(wishes.noted) == {"bbb"}, "another event of the same bucket is no gap"


def test_a_failed_update_leaves_what_was_remembered():
    s3, wishes = FakeS3(aaa={}, bbb={}), MemoryWishes()
    ask("Create", s3, wishes, Buckets=["aaa"])
    before = known(wishes)
    old = {**PROPERTIES, "Buckets": ["aaa"]}
    assert ask("Update", s3, wishes, old=old, Buckets=["bbb", "nowhere"])[0] == "FAILED"
    assert known(wishes) == before
    s3.fault = lambda number, name: "before" if name == "write" else None
    assert ask("Update", s3, wishes, old=old, Buckets=["bbb"])[0] == "FAILED"
    assert known(wishes) == before
    assert set(wishes.noted) == {"aaa"}


def test_what_cannot_be_remembered_is_not_connected():
    """Else the watch would not look after it, and nobody would know."""
    s3, wishes = FakeS3(aaa={}), MemoryWishes()
    write = wishes.wish

    def refuse(wish):
        wishes.down = 1
        write(wish)

    wishes.wish = refuse
    status, reason = ask("Create", s3, wishes, Buckets=["aaa"])
    assert (status, reason) == ("FAILED", "the stack's table did not answer")
    assert s3.documents["aaa"].get("QueueConfigurations", []) == []


@pytest.mark.parametrize("down", [1, 3])
def test_rights_that_are_not_seen_yet_are_waited_for(down):
    s3, wishes = FakeS3(aaa={}), MemoryWishes()
    wishes.down = down
    assert ask("Create", s3, wishes, Buckets=["aaa"])[0] == "SUCCESS"
    assert {wish.bucket for wish in wishes.all()} == {"aaa"}


def test_a_stack_is_deletable_without_its_table():
    s3, wishes = FakeS3(aaa={}), MemoryWishes()
    ask("Create", s3, wishes, Buckets=["aaa"])
    wishes.down = 10**6
    status, reason = ask("Delete", s3, wishes, Buckets=["aaa"])
    assert (status, reason) == ("SUCCESS", "disconnected: 1; not forgotten: the stack's table did not answer")
    assert s3.documents["aaa"].get("QueueConfigurations", []) == []


def test_a_bucket_is_forgotten_before_it_is_let_go():
    """Else the watch, coming in between, would connect it again."""
    s3, wishes = FakeS3(aaa={}), MemoryWishes()
    ask("Create", s3, wishes, Buckets=["aaa"])
    seen = []
    write = s3.write

    def look(bucket, document, *, validate):
        seen.append(known(wishes))
        write(bucket, document, validate=validate)

    s3.write = look
    ask("Update", s3, wishes, old={**PROPERTIES, "Buckets": ["aaa"]}, Buckets=[])
    assert seen == [set()]
    ask("Delete", s3, wishes, Buckets=["aaa"])
