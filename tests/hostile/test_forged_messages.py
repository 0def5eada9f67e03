"""Whoever may send to the queue can forge a message: it does no more than a real one, and takes no other down."""

import json

import pytest

from invalidator.core.coalescing.coalescing import coalesce
from invalidator.core.limits.allowance import Allowance
from invalidator.core.reasons import Reason
from tests.notifications import direct, s3_record
from tests.sender.world import World, distribution


def compact(**changes) -> str:
    return json.dumps(
        {"invalidator": 1, "distribution": "E1", "buckets": ["site"], "paths": {"/f": 1.0}} | changes
    )


@pytest.fixture
def world() -> World:
    return World(distribution("E1", "site"), distribution("E2", "other"))


def send(world: World, *bodies: str, good: str = "good") -> set[str]:
    """Take in forged bodies with an honest one, and let all that follows happen."""
    honest = world.message(direct(good, bucket="site", at=world.clock.now()))
    done = world.take_in([*(world.message(body) for body in bodies), honest])
    world.run_for(60)
    return done.retry


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
    assert send(world, body) == set()
    assert world.cloudfront.paid_by("E1") == [("/good",)]
    assert [letter[2] for letter in world.queues.letters] == [Reason.BAD_RECORD]


def test_a_message_for_a_distribution_that_nobody_knows_sends_nothing(world):
    assert len(send(world, compact(distribution="E9"))) == 1
    assert [sent.distribution for sent in world.cloudfront.paid] == ["E1"]


@pytest.mark.parametrize("at", [-1e300, 0, 1e300])
def test_a_forged_time_hides_no_real_change(world, at):
    send(world, compact(paths={"/real": at}), good="real")
    world.run_for(60)
    send(world, good="real")
    assert sum("/real" in paths for paths in world.cloudfront.paid_by("E1")) == 2


@pytest.mark.parametrize("attempts", [-1, 10**6, int("9" * 4300)])
def test_a_forged_count_of_attempts_gives_nothing_up(world, attempts):
    body = f'{{"invalidator":1,"bucket":"site","keys":{{"a":1}},"attempts":{attempts}}}'
    assert send(world, body) == set()
    assert world.cloudfront.paid_by("E1") == [("/a", "/good")]
    assert not world.queues.letters


def test_a_message_that_names_thousands_of_buckets_takes_no_other_down(world):
    """Each invented name costs calls to the table: honest messages come first, the rest ends as any poison does."""
    deal = world.memory.deal

    def slowly(owner):
        world.clock.sleep(0.005)
        return deal(owner)

    world.memory.deal = slowly
    records = [s3_record("k", bucket=f"b{number}") for number in range(5000)]
    forged = world.message(json.dumps({"Records": records}))
    honest = world.message(direct("good", bucket="site", at=world.clock.now()))
    began = world.clock.now()
    assert world.take_in([forged, honest]).retry == {forged.id}
    assert world.clock.now() - began < 20
    world.run_for(30)
    assert ("/good",) in world.cloudfront.paid_by("E1")


def test_a_flood_of_invented_names_does_not_hold_up_a_bucket_that_is_new():
    world = World()
    surveys = []
    world.survey = lambda: surveys.append(world.clock.now())
    for number in range(300):
        world.upload("k", bucket=f"invented-{number}")
    world.upload("a.html")
    world.serve(distribution("E1", "site"))
    world.run_for(120)
    assert world.paths == [("/a.html",)]
    assert len(surveys) <= 5


def test_keys_of_a_thousand_first_bytes_are_coalesced_with_the_good_ones():
    """They once ended in Python's recursion limit, and their whole batch with them."""
    paths = ["/" + "%C3" * 1000 + str(number) for number in range(50)] + ["/good"]
    assert coalesce(paths, Allowance(2, 1)).paths
