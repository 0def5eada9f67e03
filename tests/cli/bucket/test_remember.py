"""`invalidator bucket remember`, and what `status`, `explain` and `pending drop` have to do with a memory."""

import json
import time
from dataclasses import replace

import boto3
import pytest

from invalidator.aws.table.memory import MemoryTable
from invalidator.core.pending.entry import memory_owner
from invalidator.core.remembering.head import Seen
from invalidator.core.remembering.memory_state import Counts, MemoryState, Round
from invalidator.core.remembering.row import Kind, Row
from invalidator.core.target_state import TargetState
from tests.cli.stored import remember, site

SINCE, AGAIN = 1_795_000_000.0, 1_795_100_000.0
SEEN = Seen(int(SINCE), int(SINCE), "etag", 1, "text/html", "", "", archived=False)
COUNTS = Counts("2026-11", 1991, 300, 10)


@pytest.fixture
def queue(stored):
    return boto3.client("sqs").create_queue(QueueName="remember")["QueueUrl"]


@pytest.fixture
def memory(stored, queue):
    """What is remembered of the bucket `site`, which E1 serves."""
    stored.serve(site("E1"))
    stored.targets.save("E1", TargetState(routing="1"))
    return remember(boto3.client("dynamodb"), stored.functions, "site", queue=queue)


def messages(queue):
    got = boto3.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(each["Body"]) for each in got]


def test_a_memory_that_does_not_exist_yet_is_begun(typed, stored, memory, queue):
    answer = typed("bucket", "remember", "site")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("site: a round goes through it, 0 objects so far; it costs $")
    assert len(messages(queue)) == 1
    assert [wake.name for wake in stored.wakes.waiting()] == [memory_owner("site")]


def test_a_complete_memory_shows_how_much_it_holds_and_what_it_judged(typed, memory, queue):
    assert memory.save("site", MemoryState(epoch=1, complete=time.time(), objects=2001, counts=COUNTS))
    answer = typed("bucket", "remember", "site")
    assert answer.out.startswith("site: 2,001 objects remembered, complete since ")
    assert "changed keys of 2026-11: 1,991 unchanged, 300 new, 10 changed" in answer.out
    assert messages(queue) == [], "nothing is left to go through"
    data = typed("bucket", "remember", "site", "--json").data
    assert (data["state"], data["objects"], data["unchanged"]) == ("complete", 2001, 1991)


def test_it_is_stopped_and_started_again(typed, memory, queue):
    assert memory.save("site", MemoryState(epoch=3, through=7, complete=time.time()))
    answer = typed("bucket", "remember", "site", "--forget")
    assert "site: nothing is remembered, stopped by hand; each change counts" in answer.out
    state = memory.state("site")
    assert (state.epoch, state.through, state.stopped, state.complete) == (4, 7, True, 0.0)
    assert messages(queue) == []
    assert typed("bucket", "remember", "site", "--json").data["state"] == "round"
    assert not memory.state("site").stopped
    assert len(messages(queue)) == 1


@pytest.mark.parametrize(("writes", "code"), [(3, 0), (1000, 1)])
def test_a_round_that_saves_at_the_same_time_only_makes_it_look_again(
    typed, memory, monkeypatch, writes, code
):
    assert memory.save("site", MemoryState(epoch=3, through=7))
    save, written = MemoryTable.save, []

    def after_another(self, bucket, state):
        if len(written) < writes:
            written.append(save(self, bucket, replace(self.state(bucket), through=8 + len(written))))
        return save(self, bucket, state)

    monkeypatch.setattr(MemoryTable, "save", after_another)
    answer = typed("bucket", "remember", "site", "--forget")
    assert answer.code == code
    assert memory.state("site").through == 7 + len(written), "what the round had done by then is kept"
    assert memory.state("site").stopped == (code == 0)
    assert all(written)
    assert ("type it again" in answer.err) == (code == 1)


def test_what_s3_refuses_is_shown_with_the_permissions(typed, memory):
    assert memory.save("site", MemoryState(epoch=1, complete=time.time(), refused="AccessDenied: no"))
    said = typed("bucket", "remember", "site").out
    assert "S3 refuses, so each change counts: AccessDenied: no" in said
    assert "s3:GetObject" in said


def test_a_bucket_that_is_not_remembered_is_one_line_with_the_fix(typed, memory):
    answer = typed("bucket", "remember", "other")
    assert answer.code == 1
    assert answer.err.startswith("invalidator: other is not in RememberedBuckets; deploy with it")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (None, "nothing is remembered of it: its next change counts"),
        (Row(Kind.SEEN, SEEN, since=SINCE, rev="r"), "remembered as it is since 2026-11-18 11:06:40 UTC"),
        (
            Row(Kind.SEEN, SEEN, since=SINCE, unchanged=AGAIN, rev="r"),
            "same bytes and headers as on 2026-11-18 11:06:40 UTC",
        ),
        (Row(Kind.ABSENT, since=SINCE, rev="r"), "remembered as not there"),
        (Row(Kind.UNKNOWN, rev="r"), "remembered, but not what it holds"),
        (Row(Kind.OWED, rev="r"), "its last invalidation was given up"),
    ],
)
def test_explain_says_what_is_remembered_of_a_key(typed, memory, row, said):
    assert memory.save("site", MemoryState(epoch=1, complete=time.time()))
    if row is not None:
        assert memory.store("site", 1, {"a.html": (row, "")}) == set()
    assert said in " ".join(typed("explain", "s3://site/a.html").out.split())
    assert said in typed("explain", "s3://site/a.html", "--json").data["remembered"]


def test_explain_says_that_a_memory_is_stopped(typed, memory):
    assert memory.save("site", MemoryState(epoch=1, stopped=True, forgotten="/x was given up"))
    assert "its bucket's memory is stopped: /x was given up" in typed("explain", "s3://site/a.html").out


def test_what_is_dropped_is_forgotten_and_its_next_upload_counts(typed, stored, memory):
    assert memory.save("site", MemoryState(epoch=1, complete=time.time()))
    rows = {key: (Row(Kind.SEEN, SEEN, since=SINCE, rev="r"), "") for key in ("a.html", "b.html")}
    assert memory.store("site", 1, rows) == set()
    stored.changes("site", ["a.html"], time.time() - 60)
    assert typed("pending", "drop", "E1", "--yes", "--json").data["dropped"] == ["/a.html"]
    kinds = {key: row.kind for key, row in memory.rows("site", 1, ["a.html", "b.html"]).items()}
    assert kinds == {"a.html": Kind.OWED, "b.html": Kind.SEEN}


def test_status_has_a_line_of_each_memory(deployed_desk):
    desk = deployed_desk
    client = boto3.client("dynamodb", region_name="eu-west-1")
    memory = remember(client, desk.function, "blog", "shop", "site", "wiki")
    now = time.time()
    for bucket, state in {
        "blog": MemoryState(epoch=1, complete=now, counts=COUNTS),
        "shop": MemoryState(epoch=1, round=Round(now, "x", 500, 500)),
        "site": MemoryState(epoch=1, complete=now, refused="AccessDenied: no"),
        "wiki": MemoryState(epoch=1, stopped=True, forgotten="stopped by hand"),
    }.items():
        assert memory.save(bucket, state)
    said = " ".join(desk.run("status").out.split())
    for line in (
        "remembered blog 1,991 unchanged, 300 new, 10 changed this month",
        "remembered shop a round goes through it, 500 objects so far",
        "remembered site S3 refuses, each change counts: AccessDenied: no",
        "remembered wiki stopped: stopped by hand",
    ):
        assert line in said
    data = desk.run("status", "--json").data["remembered"]
    assert (data["blog"]["unchanged"], data["site"]["refused"]) == (1991, "AccessDenied: no")
    assert [bucket for bucket, state in data.items() if state["stopped"]] == ["wiki"]
