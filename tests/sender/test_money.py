"""The budget, the bound past it, and the hard limit: counted before anything is sent."""

import json

from invalidator.core.limits.account import Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.sent import Sent
from invalidator.failures import BackPressure
from tests.sender.world import World, distribution

DAY = 86_400.0


def site(**limits):
    return World(distribution("E1", "site"), limits=Limits(Allowance(1000, 15), **limits))


def spent(world):
    return world.memory.known("self", world.clock.now()).spending.month


def test_past_the_budget_a_target_is_sent_one_path_at_most_every_so_often():
    world = site(monthly_budget=10, over_budget_seconds=900)
    start = world.clock.now()
    while world.clock.now() < start + DAY / 4:
        world.upload("a.html", "b/c.html")
        world.run_for(60)
    over = DAY / 4 / 900
    assert over * 0.9 <= spent(world) <= 10 + over + 1
    assert len({sent.created // 900 for sent in world.cloudfront.paid}) >= over * 0.9


def test_without_a_bound_a_target_is_sent_wildcards_as_often_as_it_changes():
    world = site(monthly_budget=10, over_budget_seconds=0)
    for _ in range(60):
        world.upload("a.html", "b/c.html")
        world.run_for(60)
    assert len(world.cloudfront.paid) >= 55


def test_at_the_hard_limit_nothing_is_sent_and_it_is_said():
    world = site(monthly_budget=0, hard_path_limit=5)
    for n in range(20):
        world.upload(f"{n}.html")
        world.run_for(60)
    assert spent(world) == sum(len(paths) for paths in world.paths) == 5
    assert "HardPathLimit" in world.runs[-1].outcome.reason
    assert world.runs[-1].outcome.at_limit == 5
    assert world.sweep().waiting == 1


def test_what_cloudfront_refused_is_given_back_and_what_is_not_known_stays_counted():
    world = site(monthly_budget=0)
    world.cloudfront.answers["E1"] = [BackPressure("Throttling", too_large=False)]
    world.upload("a.html")
    world.run_for(60)
    assert spent(world) == 1
    world.cloudfront.lose_answers = 1
    world.upload("b.html")
    world.run_for(300)
    assert spent(world) == 3
    assert len(world.cloudfront.paid) == 2


def test_what_cloudfront_says_was_sent_before_is_not_counted_twice_and_counts_as_covered():
    """It answers so where a run died between its answer and the table; that time the path was paid for."""
    world = site(monthly_budget=0)
    world.upload("a.html")
    world.cloudfront.create = lambda request, role: Sent(request.distribution, "", 0.0, tuple(request.paths))
    world.run_for(60)
    assert spent(world) == 0
    assert sum(run.outcome.covered for run in world.runs) == 1
    assert world.sweep().waiting == 0


def test_a_flood_of_long_random_keys_is_counted_and_bounded():
    world = site(monthly_budget=1000, over_budget_seconds=900)
    start = world.clock.now()
    count = 0
    while world.clock.now() < start + 3600:
        for _ in range(8):
            count += 10
            world.upload(*(f"{count + n:0>900}" for n in range(10)))
        world.run_for(30)
    assert spent(world) == sum(len(paths) for paths in world.paths)
    assert spent(world) <= 1000


def test_a_request_that_would_pass_the_hard_limit_is_held_whole():
    world = site(monthly_budget=0, hard_path_limit=5)
    world.upload("1.html", "2.html", "3.html", "4.html")
    world.run_for(60)
    world.upload("5.html", "6.html", "7.html")
    world.run_for(60)
    assert spent(world) == 4
    assert len(world.paths) == 1
    assert "HardPathLimit" in world.runs[-1].outcome.reason


def test_what_only_waits_for_the_budget_is_not_given_up_however_old_it_is():
    world = site(monthly_budget=1, over_budget_seconds=900)
    world.upload("a.html")
    world.run_for(60)
    body = {"invalidator": 1, "distribution": "E1", "buckets": ["site"], "paths": {"/b": 1.0}}
    world.take_in([world.message(json.dumps(body))])
    world.run_for(60)
    assert not world.queues.letters
    world.run_for(1800)
    assert world.paths == [("/a.html",), ("/b",)]


def test_past_the_budget_a_request_of_two_wildcards_waits_for_two():
    origins = (Origin("site", "site.s3.amazonaws.com", "site"), Origin("app", "app.example.com", None))
    behaviors = (Behavior("static/*", ("site",)), Behavior("media/*", ("site",)), Behavior("*", ("app",)))
    limits = Limits(Allowance(1000, 15), monthly_budget=10, over_budget_seconds=900)
    world = World(Distribution("E1", origins, behaviors), limits=limits)
    start = world.clock.now()
    while world.clock.now() < start + DAY / 4:
        world.upload("static/a.html", "media/b.html")
        world.run_for(60)
    assert spent(world) <= 10 + DAY / 4 / 900 + 2
