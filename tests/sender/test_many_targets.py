"""Many distributions: each has its turn, none waits for another, and a bucket on many of them costs one write."""

import json

from infra.local.cloudfront.quotas import QuotaSettings, Regime
from invalidator.core.reasons import Reason
from invalidator.failures import BackPressure, Permanent, Transient
from tests.sender.world import World, distribution

HOUR = 3600.0


def own_sites(number, **named):
    return World(*(distribution(f"E{n:02}", f"site-{n}") for n in range(number)), **named)


def upload_everywhere(world, number, key="index.html"):
    for n in range(number):
        world.upload(key, bucket=f"site-{n}")


def test_every_distribution_of_a_bucket_is_sent_its_changes():
    world = World(distribution("E1", "site"), distribution("E2", "site"))
    world.upload("a.html")
    world.run_for(30)
    assert sorted(sent.distribution for sent in world.cloudfront.paid) == ["E1", "E2"]


def test_a_bucket_on_many_distributions_is_written_once_and_wakes_them_all():
    world = World(*(distribution(f"E{n:02}", "site") for n in range(30)))
    world.upload("a.html")
    world.run_for(60)
    assert len({sent.distribution for sent in world.cloudfront.paid}) == 30
    assert world.table.calls.count("put") == 1
    assert world.bucket_runs[0].woken == 30


def test_sixty_busy_distributions_share_the_calls_fairly():
    world = own_sites(60, quotas=QuotaSettings(regime=Regime.RATE))
    start = world.clock.now()
    while world.clock.now() < start + 20 * 60:
        upload_everywhere(world, 60)
        world.run_for(20)
    sent = [sum(each.distribution == f"E{n:02}" for each in world.cloudfront.paid) for n in range(60)]
    assert min(sent) >= 0.7 * sum(sent) / 60, sent
    assert sum(sent) >= 0.6 * 20 * 60 / 2, sum(sent)


def test_one_that_always_fails_costs_the_others_nothing_and_ends_in_the_dead_letter_queue():
    alone, beside = own_sites(1), own_sites(2)
    beside.cloudfront.answers["E01"] = Transient("503")
    for world in (alone, beside):
        for _ in range(27 * 12):
            world.upload("index.html", bucket="site-0")
            if world is beside:
                world.upload("index.html", bucket="site-1")
            world.run_for(300)
    assert len(alone.cloudfront.paid_by("E00")) == len(beside.cloudfront.paid_by("E00"))
    assert len(beside.cloudfront.requests_to("E01")) < 100
    assert beside.queues.letters
    target, paths, reason, detail = beside.queues.letters[0]
    assert (target, reason) == ("E01", Reason.UNAVAILABLE)
    assert "/index.html" in paths
    assert "503" in detail


def test_one_that_refuses_every_path_costs_tens_of_calls_a_day():
    world = own_sites(2)
    world.cloudfront.answers["E01"] = BackPressure("TooManyInvalidationsInProgress", too_large=True)
    upload_everywhere(world, 2)
    world.run_for(23 * HOUR)
    assert len(world.cloudfront.requests_to("E01")) < 100
    assert len(world.cloudfront.paid_by("E00")) == 1


def test_one_whose_permission_lacks_is_given_up_at_once_and_alone():
    world = World(distribution("E1", "site"), distribution("E2", "site"))
    world.cloudfront.answers["E1"] = Permanent("AccessDenied", Reason.ACCESS_DENIED)
    world.upload("a.html", "b.html")
    world.run_for(60)
    assert [letter[0] for letter in world.queues.letters] == ["E1"]
    assert world.cloudfront.paid_by("E2") == [("/a.html", "/b.html")]
    world.run_for(600)
    assert len(world.cloudfront.requests_to("E1")) == 1


def test_a_bad_path_is_given_up_and_the_others_are_sent_once():
    world = World(distribution("E1", "site"))
    world.cloudfront.bad_paths = {"/b.html"}
    world.upload("a.html", "b.html", "c.html")
    world.run_for(120)
    assert {path for paths in world.paths for path in paths} == {"/a.html", "/c.html"}
    assert [tuple(letter[1]) for letter in world.queues.letters] == [("/b.html",)]


def test_an_answer_that_was_lost_costs_nothing_twice():
    world = World(distribution("E1", "site"))
    world.cloudfront.lose_answers = 1
    world.upload("a.html")
    world.run_for(300)
    assert world.paths == [("/a.html",)]
    assert not world.queues.letters


def test_what_a_throttle_held_up_is_sent_soon_after_it_ends():
    world = own_sites(12)
    for n in range(12):
        world.cloudfront.answers[f"E{n:02}"] = BackPressure("Throttling", too_large=False)
    upload_everywhere(world, 12)
    world.run_for(120)
    world.cloudfront.answers.clear()
    ended = world.clock.now()
    world.run_for(600)
    assert len(world.cloudfront.paid) == 12
    assert max(sent.created for sent in world.cloudfront.paid) <= ended + 240


def test_a_redriven_dead_letter_is_sent_and_ends():
    world = World(distribution("E1", "site"))
    at = world.clock.now() - 3 * HOUR
    body = json.dumps(
        {"invalidator": 1, "distribution": "E1", "buckets": ["site"], "paths": {"/a": at, "/b*": at}}
    )
    assert not world.take_in([world.message(body)]).retry
    world.run_for(30)
    assert world.paths == [("/a", "/b*")]


def test_a_redriven_dead_letter_of_a_distribution_that_nobody_knows_stays_until_it_is_given_up():
    world = World(distribution("E1", "site"))
    body = json.dumps({"invalidator": 1, "distribution": "E9", "buckets": ["gone"], "paths": {"/a": 1.0}})
    done = world.take_in([world.message(body)])
    assert len(done.retry) == 1
    assert "no survey knows" in done.problems["E9"]
