"""What belongs together goes out together: when a target is sent what it has, and what a bucket of many gathers."""

import pytest

from invalidator.core.pending.wakes import Gathering, Rest, Wake, due_after
from tests.sender.world import World, distribution

NOW = 1_795_000_000.0
GATHERING = Gathering(quiet=1.0, most=10.0)


@pytest.mark.parametrize(
    ("oldest", "newest", "many", "due"),
    [
        (0.2, 0.2, False, 0.8),
        (6.0, 0.1, False, 0.9),
        (9.8, 0.1, False, 0.2),
        (6.0, 0.1, True, -1.0),
        (4.8, 0.1, True, 0.2),
        (0.2, 0.2, True, 0.8),
    ],
)
def test_changes_wait_for_quiet_and_many_of_them_half_as_long_at_most(oldest, newest, many, due):
    written = NOW - oldest, NOW - newest
    assert due_after(written, Rest(), GATHERING, NOW, many=many) == pytest.approx(NOW + due)


def upload_for(seconds):
    world = World(distribution("E1", "site"))
    world.run_for(1)
    for number in range(int(seconds * 30)):
        world.upload(f"assets/part-{number % 7}/file-{number:03}.js")
        world.run_for(1 / 30)
    world.run_for(40)
    return [at for at, _ in world.cloudfront.asked]


def test_an_upload_that_ends_within_the_longest_gathering_is_one_invalidation():
    assert len(upload_for(8)) == 1


def test_a_longer_upload_is_sent_in_parts_that_gather_half_as_long():
    first, second, *_ = upload_for(25)
    assert second - first < GATHERING.most - 1


def test_a_wake_that_finds_its_target_held_comes_again_though_a_look_is_asked_for_already():
    world = World(distribution("E1", "site"))
    world.upload("a.html")
    world.memory.begin("target:E1", world.clock.now(), world.clock.now() + 40, "the other")
    world.run_for(9)
    assert sum(run.held for run in world.runs) > 1
    world.memory.end("target:E1", "the other", Wake("target:E1"))
    freed = world.clock.now()
    world.run_for(20)
    assert [at - freed < 5 for at, _ in world.cloudfront.asked] == [True]


def test_a_bucket_of_many_distributions_gathers_once_for_all_of_them():
    world = World(*(distribution(f"E{n:02}", "site") for n in range(20)))
    for number in range(6):
        world.upload(f"{number}.html")
        world.run_for(0.5)
    world.run_for(30)
    assert [step.woken for step in world.bucket_runs if step.woken] == [20]
    assert {len(sent.paths) for sent in world.cloudfront.paid} == {6}
    assert len(world.cloudfront.paid) == 20
