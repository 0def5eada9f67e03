"""A stack that goes back to version 0.1.0 takes what is pending with it."""

import json

import pytest

from infra.simulator.aws.table import InMemoryTable
from invalidator.core.pending.entry import Entry, bucket_owner, memory_owner, target_owner
from invalidator.core.pending.wakes import Wake
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.target import TargetRoutes
from invalidator.core.target_state import TargetState
from invalidator.failures import QueueUnavailable, UnreadableEntry
from invalidator.rollback.write_back import WHY, WriteBack

NOW = 1_795_000_000.0
BUCKET = bucket_owner("site")


class Queue:
    """Takes bodies; refuses one where it is told to."""

    def __init__(self):
        self.bodies = []
        self.refuses_at = None

    def send(self, body):
        if len(self.bodies) == self.refuses_at:
            self.refuses_at = None
            raise QueueUnavailable("SQS is away")
        self.bodies.append(body)

    @property
    def messages(self):
        return [json.loads(each) for each in self.bodies]


@pytest.fixture
def table():
    made = InMemoryTable()
    serve(made, "E1", "E2")
    return made


@pytest.fixture
def queue():
    return Queue()


def serve(table, *targets, version="1", **more):
    origin = Origin("o", "site.s3.eu-central-1.amazonaws.com", "site")
    for target in targets:
        route = Distribution(target, (origin,), (Behavior("*", ("o",)),))
        table.store_routes(TargetRoutes(target, (route,), version, NOW, **more))
    table.know_bucket("site", targets)


def change(table, owner, *names, bucket="", at=NOW - 60):
    number = table.deal(owner).number
    table.put(owner, number, Entry(dict.fromkeys(names, (at - 9, at)), bucket, at))
    return number


def wake(table, *names):
    for name in names:
        table.wake(name, NOW, NOW - 60, 0.0)


def settle(table, target, **more):
    table.save(target, TargetState(routing="1", **more))


def write(table, queue):
    writing = WriteBack(table, table, table, queue.send)
    writing.run(NOW)
    return writing.done


def test_cache_tags_which_010_does_not_know_are_written_as_a_wildcard_over_everything(table, queue):
    change(table, target_owner("E1"), "#src:a", "/b")
    wake(table, target_owner("E1"))
    settle(table, "E1")
    write(table, queue)
    (message,) = queue.messages
    assert message["paths"] == {"/b": NOW - 60, "/*": NOW - 60}


def keys(at, *names, bucket="site"):
    """The compact message, to the letter as 0.1.0 reads it (its functions/invalidator/core/messages/backlog.py)."""
    named = dict.fromkeys(names, at)
    return {"invalidator": 1, "bucket": bucket, "keys": named, "attempts": 0, "reason": WHY}


def paths(target, named, buckets=("site",)):
    head = {"invalidator": 1, "distribution": target, "buckets": list(buckets), "paths": named}
    return {**head, "attempts": 0, "reason": WHY}


def test_keys_that_wait_become_one_message_of_their_bucket_however_many_distributions_serve_it(table, queue):
    change(table, BUCKET, "a.html", "b c.html")
    change(table, BUCKET, "a.html", at=NOW - 5)
    wake(table, "target:E1", "target:E2")
    done = write(table, queue)
    expected = keys(NOW - 60, "a.html", "b+c.html")
    expected["keys"]["a.html"] = NOW - 5
    assert queue.messages == [expected]
    assert (done.messages, done.names) == (1, 2)


def test_what_every_distribution_has_settled_stays_where_it_is(table, queue):
    first = change(table, BUCKET, "sent.html")
    change(table, BUCKET, "waits-for-E2.html")
    settle(table, "E1", settled={BUCKET: first + 1})
    settle(table, "E2", settled={BUCKET: first})
    wake(table, "target:E1", "target:E2")
    write(table, queue)
    assert queue.messages == [keys(NOW - 60, "waits-for-E2.html")]


def test_a_bucket_that_waits_itself_has_woken_none_of_its_distributions_yet(table, queue):
    change(table, BUCKET, "a.html")
    wake(table, BUCKET)
    write(table, queue)
    assert queue.messages == [keys(NOW - 60, "a.html")]


def test_paths_of_a_distribution_come_back_as_its_paths(table, queue):
    change(table, target_owner("E1"), "/a.html", "/img/*")
    change(table, target_owner("gone"), "/x")
    wake(table, "target:E1", "target:gone")
    write(table, queue)
    expected = [
        paths("E1", {"/a.html": NOW - 60, "/img/*": NOW - 60}),
        paths("gone", {"/x": NOW - 60}, ["unknown"]),
    ]
    assert sorted(queue.messages, key=lambda each: each["distribution"]) == expected


def test_changes_of_buckets_that_nobody_knows_come_back_by_bucket(table, queue):
    change(table, "unknown", "a", bucket="new")
    change(table, "unknown", "b", bucket="newer")
    wake(table, "unknown")
    write(table, queue)
    assert queue.messages == [keys(NOW - 60, "a", bucket="new"), keys(NOW - 60, "b", bucket="newer")]


def test_what_a_change_of_the_routing_asks_for_comes_back_too(table, queue):
    """Keys since the change, though they were settled by the old routing, and the wildcards of what moved."""
    number = change(table, BUCKET, "by-the-old-routing.html")
    settle(table, "E1", settled={BUCKET: number})
    serve(table, "E1", version="2", reroute_since=NOW - 100, purge={"/moved/*": NOW - 100})
    wake(table, "target:E1")
    write(table, queue)
    assert queue.messages == [
        keys(NOW - 60, "by-the-old-routing.html"),
        paths("E1", {"/moved/*": NOW - 100}),
    ]


def test_a_hundred_thousand_keys_are_messages_that_sqs_takes(table, queue):
    for part in range(20):
        change(table, BUCKET, *(f"directory-{part}/{name:060}.html" for name in range(5_000)))
    wake(table, "target:E1")
    done = write(table, queue)
    assert done.names == sum(len(each["keys"]) for each in queue.messages) == 100_000
    assert max(len(each) for each in queue.bodies) <= 1_000_000


def test_a_number_that_no_writer_used_holds_nothing_up(table, queue):
    table.deal(BUCKET)
    number = table.deal(BUCKET).number
    table.close(BUCKET, number)
    change(table, BUCKET, "a.html")
    wake(table, "target:E1")
    write(table, queue)
    assert queue.messages == [keys(NOW - 60, "a.html")]


def test_an_entry_that_cannot_be_read_invalidates_all_of_those_it_may_concern(table, queue, monkeypatch):
    number = change(table, BUCKET, "damaged")
    change(table, BUCKET, "a.html")
    wake(table, "target:E1", "target:E2")
    read = table.read

    def damaged(owner, after):
        for each, entry in read(owner, after):
            if (owner, each) == (BUCKET, number):
                raise UnreadableEntry(owner, each, "of version 9")
            yield each, entry

    monkeypatch.setattr(table, "read", damaged, raising=False)
    done = write(table, queue)
    assert queue.messages == [
        paths("E1", {"/*": NOW}),
        paths("E2", {"/*": NOW}),
        keys(NOW - 60, "a.html"),
    ]
    assert "of version 9" in done.unreadable[0]


def test_a_try_that_failed_is_made_good_by_the_next_one_and_writes_little_twice(table, queue):
    change(table, target_owner("E1"), "/a")
    change(table, BUCKET, "a.html")
    change(table, target_owner("E2"), "/b")
    wake(table, "target:E1", "target:E2")
    writing = WriteBack(table, table, table, queue.send)
    queue.refuses_at = 1
    with pytest.raises(QueueUnavailable):
        writing.run(NOW)
    writing.run(NOW)
    assert queue.messages == [
        paths("E1", {"/a": NOW - 60}),
        keys(NOW - 60, "a.html"),
        paths("E2", {"/b": NOW - 60}),
    ]


def test_when_this_version_comes_again_nothing_of_it_waits_a_second_time(table, queue):
    change(table, BUCKET, "a.html")
    change(table, "unknown", "b", bucket="new")
    wake(table, "target:E1", "target:E2", "unknown")
    write(table, queue)
    before = len(queue.bodies)
    write(table, queue)
    assert len(queue.bodies) == before
    assert table.view("E1", NOW).state.routing == "1"


def test_what_only_rests_is_left_alone(table, queue):
    number = change(table, BUCKET, "a.html")
    settle(table, "E1", settled={BUCKET: number})
    wake(table, "target:E1")
    table.begin("target:E1", NOW, NOW + 35, "run")
    table.end("target:E1", "run", Wake("target:E1"))
    assert write(table, queue).messages == 0


def test_what_no_memory_has_judged_yet_comes_back_too(table, queue):
    name = memory_owner("site")
    change(table, name, "a.html", bucket="site")
    wake(table, name)
    write(table, queue)
    assert queue.messages == [keys(NOW - 60, "a.html")]
    write(table, queue)
    assert len(queue.messages) == 1


@pytest.mark.parametrize("settled", [10**6, -7])
def test_what_is_settled_and_was_never_dealt_holds_nothing_back(table, queue, settled):
    """Somebody edited it, or the head of the log: below it all would be left behind."""
    change(table, BUCKET, "a")
    wake(table, target_owner("E1"))
    settle(table, "E1", settled={BUCKET: settled})
    write(table, queue)
    assert [list(message["keys"]) for message in queue.messages] == [["a"]]
