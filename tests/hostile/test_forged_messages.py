"""Whoever may send to the queue can forge a message: it does no more than a real one, and takes no other down."""

import json

import pytest

from invalidator.batch.routes import MOST_EMPTY_ANSWERS
from invalidator.core.coalescing.coalescing import coalesce
from invalidator.core.limits.allowance import Allowance
from invalidator.core.reasons import Reason
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.failures import Transient
from tests.batch.world import World, distribution
from tests.notifications import s3_record


def compact(**changes) -> str:
    return json.dumps(
        {"invalidator": 1, "distribution": "E1", "buckets": ["site"], "paths": {"/f": 1.0}} | changes
    )


@pytest.fixture
def world() -> World:
    return World(distribution("E1", "site"), distribution("E2", "other"))


NOT_WRITTEN_BY_THE_WORKER = {
    "a path of 5,000 characters": compact(paths={"/" + "a" * 5000: 1}),
    "a path with ~, which CloudFront refuses": compact(paths={"/a~b": 1}),
    "a path with a broken escape": compact(paths={"/a%zz": 1}),
    "a path with a query string": compact(paths={"/a?b=c": 1}),
    "a path with a bracket": compact(paths={"/[a]": 1}),
    "an empty bucket": compact(buckets=["site", ""]),
    "2,000 buckets": compact(buckets=["site", *(f"b{number}" for number in range(2000))]),
    "a distribution of a megabyte": compact(distribution="E" * 1_000_000),
    "a key of 100,000 characters": json.dumps(
        {"invalidator": 1, "bucket": "site", "keys": {"a" * 100_000: 1}}
    ),
    "a key of nothing": json.dumps({"invalidator": 1, "bucket": "site", "keys": {"": 1}}),
}


@pytest.mark.parametrize("body", NOT_WRITTEN_BY_THE_WORKER.values(), ids=NOT_WRITTEN_BY_THE_WORKER)
def test_what_the_worker_never_writes_is_given_up_and_the_rest_of_the_batch_is_sent(world, body):
    report = world.handle([world.message(body), *world.upload("good")])
    assert world.cloudfront.paid_by("E1") == [("/good",)]
    assert [reason for _, reason, _ in world.queue.given_up] == [Reason.BAD_RECORD]
    assert report.retry == set()


@pytest.mark.parametrize(
    "body",
    [
        compact(distribution="E9"),
        compact(buckets=["other"]),
        compact(buckets=["nobody"]),
        compact(distribution="E1", buckets=["other", "nobody"], paths={"/*": 1e300}),
    ],
    ids=[
        "an unknown distribution",
        "another's bucket",
        "an unserved bucket",
        "a wildcard for another's bucket",
    ],
)
def test_a_message_for_what_its_buckets_do_not_serve_sends_nothing(world, body):
    world.handle([world.message(body)])
    assert world.cloudfront.asked == []


@pytest.mark.parametrize("at", [-1e300, 0, 1e300])
def test_a_forged_time_neither_hides_a_real_change_nor_is_sent_twice(world, at):
    forged = compact(paths={"/real": at})
    world.handle([world.message(forged), *world.upload("real")])
    assert world.cloudfront.paid_by("E1") == [("/real",)]
    world.wait(60)
    world.handle(world.upload("real"))
    assert world.cloudfront.paid_by("E1") == [("/real",), ("/real",)]


@pytest.mark.parametrize("attempts", [-1, 10**6, int("9" * 4300)])
def test_a_forged_count_of_attempts_ends_or_waits_like_any_other(world, attempts):
    body = f'{{"invalidator":1,"bucket":"site","keys":{{"a":1}},"attempts":{attempts}}}'
    report = world.handle([world.message(body), *world.upload("good")])
    assert report.retry == set()
    assert world.cloudfront.paid_by("E1") == [("/a", "/good")]


def test_forged_bucket_names_do_not_travel_on_with_the_work_they_came_with(world):
    names = ["site", *(f"{number:03}" * 80 for number in range(900))]
    world.cloudfront.answers["E1"] = [Transient("it passes")]
    world.handle([world.message(compact(buckets=names)), *world.upload("good")])
    ((backlog, _),) = world.queue.put_backs
    assert backlog.buckets == ("site",)


def test_a_batch_of_8_000_unserved_buckets_is_worked_off_with_few_writes(world):
    written: list[int] = []
    store = world.memory.table.store_routes

    def count(routes) -> None:
        written.append(len(routes))
        store(routes)

    world.memory.table.store_routes = count
    messages = [
        world.message(json.dumps({"Records": [s3_record("k", bucket=f"b{n}-{m}") for m in range(800)]}))
        for n in range(10)
    ]
    report = world.handle([*messages, *world.upload("good")])
    assert world.cloudfront.paid_by("E1") == [("/good",)]
    assert report.retry == set()
    assert sum(written) <= MOST_EMPTY_ANSWERS + 2
    world.handle(messages)
    assert (
        len(world.worker._last_routes) <= 2
    )  # the names are the sender's choice; a warm worker lives for hours


def test_keys_of_a_thousand_first_bytes_are_coalesced_with_the_good_ones():
    """They once ended in Python's recursion limit, and their whole batch with them."""
    paths = ["/" + "%C3" * 1000 + str(number) for number in range(50)] + ["/good"]
    assert coalesce(paths, Allowance(2, 1)).paths


@pytest.mark.parametrize("attempts", [7, 10**6])
def test_a_forged_count_of_attempts_gives_no_real_change_up(world, attempts):
    """What meets in a batch goes on with the most attempts of any; one passing error once buried the good with it."""
    world.cloudfront.answers["E1"] = [Transient("it passes")]
    world.handle([world.message(compact(attempts=attempts)), *world.upload("good")])
    assert [dict(each.paths).keys() for each, _, _ in world.queue.given_up] == [{"/f"}]
    ((waits, _),) = world.queue.put_backs
    assert (dict(waits.paths).keys(), waits.attempts) == ({"/good"}, 1)
    world.cloudfront.answers.clear()
    world.run_until_quiet(2)
    assert ("/good",) in world.cloudfront.paid_by("E1")


def test_nor_while_nobody_can_tell_who_serves_the_bucket(world):
    world.discovery.error = Transient("it passes")
    forged = json.dumps({"invalidator": 1, "bucket": "site", "keys": {"f": 1}, "attempts": 7})
    world.handle([world.message(forged), *world.upload("good")])
    assert [dict(each.keys).keys() for each, _, _ in world.queue.given_up] == [{"f"}]
    ((waits, _),) = world.queue.put_backs
    assert (dict(waits.keys).keys(), waits.attempts) == ({"good"}, 1)


def partly_pinned() -> Distribution:
    """Of the bucket only what is under docs/ is served here: the pin says so."""
    origin = Origin("site", "site.s3.amazonaws.com", "site", prefix="docs/")
    return Distribution("E1", (origin,), (Behavior("*", ("site",)),))


@pytest.mark.parametrize("path", ["/*", "/api/secret", "/doc*", "/do", "/"])
def test_what_a_pinned_prefix_leaves_out_cannot_be_named(path):
    world = World(partly_pinned())
    world.handle([world.message(compact(paths={path: 1, "/docs/a": 1})), *world.upload("docs/b", "c")])
    assert world.cloudfront.paid_by("E1") == [("/docs/a", "/docs/b")]


def test_a_distribution_that_leads_nowhere_near_the_bucket_cannot_be_named():
    """The bucket is an origin there, and no cache behavior goes to it."""
    origins = (Origin("site", "site.s3.amazonaws.com", "site"), Origin("api", "api.example", None))
    world = World(Distribution("E1", origins, (Behavior("*", ("api",)),)))
    world.handle([world.message(compact(paths={"/*": 1, "/api": 1}))])
    assert world.cloudfront.asked == []
