"""Under every quota and budget the worker sends what fits, waits for the rest, and loses nothing."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from infra.local.cloudfront.quotas import QuotaSettings, Regime
from invalidator.batch.sending import MOST_REFUSALS
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.pace import GAP_SECONDS, LONGEST_GAP_SECONDS, RELEARN_SECONDS, Pace
from invalidator.core.limits.room import LONGEST_SECONDS, QUOTA_IN_PROGRESS
from invalidator.core.sent import Sent
from invalidator.failures import BackPressure, Transient
from tests.batch.world import GENEROUS, World, distribution

SITE = distribution("E1", "site")
TOO_MANY = BackPressure("TooManyInvalidationsInProgress", too_large=True)
THROTTLED = BackPressure("Throttling: Rate exceeded", too_large=False)
IN_PROGRESS = replace(
    GENEROUS, paths_in_progress=3000, wildcards_in_progress=15, seconds_in_progress=(20.0, 20.0)
)
RATE = QuotaSettings(regime=Regime.RATE)
BOTH = QuotaSettings(regime=Regime.BOTH)


def directories(count: int, files: int = 40) -> list[str]:
    """Keys that only wildcards can carry within a small allowance."""
    return [f"dir{d}/file{f}.html" for d in range(count) for f in range(files)]


def running(world: World, paths: int, wildcards: int, age: float = 6.0, identifier: str = "I0") -> None:
    """An invalidation of ours is in progress at CloudFront, and in the table."""
    created = world.clock.now() - age
    names = tuple(f"/old{n}" for n in range(paths - wildcards)) + tuple(
        f"/old{n}/*" for n in range(wildcards)
    )
    world.memory.table.record(Sent("E1", identifier, created, names), "self", created)
    world.cloudfront.rules._completes[identifier] = created + 20.0


def sent_paths(world: World) -> list[str]:
    return [path for paths in world.cloudfront.paid_by("E1") for path in paths]


# Room beside what is in progress


def test_while_the_room_is_taken_the_worker_waits_for_it_and_is_not_refused():
    world = World(SITE, quotas=IN_PROGRESS)
    running(world, paths=QUOTA_IN_PROGRESS.paths, wildcards=0)
    started = world.clock.now()
    world.handle(world.upload("a"))
    assert world.cloudfront.paid_by("E1") == [("/a",)]
    assert world.cloudfront.rules.refusals == []
    assert world.clock.now() - started > 10.0


def test_an_invalidation_that_cloudfront_has_finished_leaves_its_room_at_once_and_is_remembered():
    world = World(SITE)
    running(world, paths=QUOTA_IN_PROGRESS.paths, wildcards=0, age=30.0)
    started = world.clock.now()
    world.handle(world.upload("a"))
    assert world.clock.now() - started < 2.0
    assert [each.completed for each in world.memory.table.sent_since("E1", 0.0)][-1]


def test_what_finds_no_room_until_the_deadline_is_put_back_and_not_sent():
    world = World(SITE)
    running(world, paths=0, wildcards=15)
    world.cloudfront.status_error = Transient("no status")
    world.limits = replace(world.limits, ceiling=Allowance(5, 5))
    world.worker = world.new_worker()
    started = world.clock.now()
    report = world.handle(world.upload(*directories(3)), seconds=30.0)
    assert world.cloudfront.asked == []
    assert world.clock.now() - started <= 30.0
    ((backlog, _),) = world.queue.put_backs
    assert (len(backlog.paths), backlog.attempts) == (120, 0)
    assert "no room" in backlog.reason
    assert report.retry == set()


def test_an_old_invalidation_counts_as_finished_even_when_nobody_says_so():
    world = World(SITE)
    running(world, paths=3000, wildcards=15, age=LONGEST_SECONDS + 1)
    world.cloudfront.status_error = Transient("no status")
    world.handle(world.upload("a"))
    assert world.cloudfront.paid_by("E1") == [("/a",)]


def test_a_bulk_uploads_first_batch_leaves_wildcards_for_the_next():
    world = World(SITE, quotas=IN_PROGRESS, ceiling=Allowance(20, 15))
    world.handle(world.upload(*directories(30)))
    world.handle(world.upload("late/x.html"), seconds=1.0)
    assert len(world.cloudfront.paid) == 2
    assert world.cloudfront.rules.refusals == []


# Learning from refusals


def test_too_many_with_nothing_of_ours_in_progress_asks_for_less_until_it_is_taken():
    world = World(SITE, quotas=replace(GENEROUS, paths_in_progress=100, seconds_in_progress=(0.1, 0.1)))
    world.handle(world.upload(*(f"{n}.html" for n in range(400))))
    sizes = [len(each.paths) for each in world.cloudfront.asked]
    assert sizes[:4] == [400, 200, 100, 100]
    assert sorted(sent_paths(world)) == sorted(f"/{n}.html" for n in range(400))
    assert world.memory.table.paces["self"].paths == 100


def test_too_many_because_another_worker_took_the_room_does_not_teach_a_smaller_size():
    world = World(SITE)
    create = world.cloudfront.create

    def beaten(request, role):
        world.cloudfront.create = create
        running(world, paths=2999, wildcards=0, age=0.0)
        world.cloudfront.asked.append(request)
        raise TOO_MANY

    world.cloudfront.create = beaten
    world.handle(world.upload(*(f"{n}.html" for n in range(8))))
    assert [len(each.paths) for each in world.cloudfront.asked] == [8, 8]
    assert world.memory.table.paces["self"].paths == 1000


def test_throttling_spaces_the_calls_and_keeps_their_size():
    world = World(SITE)
    world.cloudfront.answers["E1"] = [THROTTLED]
    started = world.clock.now()
    world.handle(world.upload(*(f"{n}.html" for n in range(50))))
    assert [len(each.paths) for each in world.cloudfront.asked] == [50, 50]
    assert world.clock.now() - started >= 0
    assert world.memory.table.paces["self"] == Pace(
        1000, 15, GAP_SECONDS, world.memory.table.paces["self"].learned
    )


def test_what_was_learned_holds_for_the_next_batch_and_for_another_worker():
    world = World(SITE, quotas=replace(GENEROUS, paths_in_progress=100, seconds_in_progress=(0.1, 0.1)))
    world.handle(world.upload(*(f"{n}.html" for n in range(400))))
    world.wait(30)
    refused = len(world.cloudfront.rules.refusals)
    world.worker = world.new_worker()
    world.handle(world.upload(*(f"x{n}.html" for n in range(300))))
    assert len(world.cloudfront.rules.refusals) == refused


def test_long_after_a_refusal_more_is_tried_again_by_every_worker():
    world = World(SITE)
    learned = Pace(10, 1, 2.0, world.clock.now() - RELEARN_SECONDS)
    world.memory.table.learn("self", learned)
    world.handle(world.upload("a"))
    _, account = world.memory.table.recall((), "self", world.clock.now())
    assert (account.pace.paths, account.pace.wildcards, account.pace.gap) == (20, 2, 1.0)


def test_after_the_most_refusals_the_rest_waits_on_the_queue_where_it_merges():
    world = World(SITE)
    world.cloudfront.answers["E1"] = TOO_MANY
    world.handle(world.upload(*(f"{n}.html" for n in range(100))))
    assert len(world.cloudfront.asked) == MOST_REFUSALS
    ((backlog, _),) = world.queue.put_backs
    assert len(backlog.paths) == 100
    assert backlog.reason == str(TOO_MANY)


def test_refused_even_at_one_path_the_calls_stand_further_and_further_apart_up_to_a_limit():
    world = World(SITE)
    world.cloudfront.answers["E1"] = TOO_MANY
    world.handle(world.upload("a"))
    for _ in range(10):
        world.handle(world.waiting())
    assert world.memory.table.paces["self"].gap == LONGEST_GAP_SECONDS
    assert not world.queue.given_up


def test_spaced_calls_that_come_too_late_wait_on_the_queue():
    world = World(SITE)
    world.memory.table.learn("self", Pace(10, 1, 20.0, world.clock.now()))
    world.handle(world.upload(*(f"{n}.html" for n in range(40))), seconds=30.0)
    assert [len(each.paths) for each in world.cloudfront.asked] == [10, 10]
    ((backlog, _),) = world.queue.put_backs
    assert len(backlog.paths) == 20
    world.run_until_quiet(5)
    assert sorted(sent_paths(world)) == sorted(f"/{n}.html" for n in range(40))


def test_one_slow_distribution_does_not_use_up_the_time_of_the_others():
    world = World(*(distribution(f"E{n}", "site") for n in range(1, 5)))
    world.memory.table.learn("self", Pace(1, 1, 10.0, world.clock.now()))
    world.handle(world.upload("a", "b", "c"), seconds=48.0)
    assert {each.distribution for each in world.cloudfront.asked} == {"E1", "E2", "E3", "E4"}


def test_past_its_deadline_a_batch_is_put_back_whole():
    world = World(SITE, distribution("E2", "site"))
    report = world.handle(world.upload("a"), seconds=-1.0)
    assert world.cloudfront.asked == []
    assert sorted(backlog.distribution for backlog, _ in world.queue.put_backs) == ["E1", "E2"]
    assert report.retry == set()
    world.run_until_quiet(2)
    assert len(world.cloudfront.paid) == 2


@pytest.mark.parametrize("quotas", [IN_PROGRESS, RATE, BOTH], ids=["in progress", "rate", "both"])
def test_a_bulk_upload_gets_through_every_regime_with_few_refusals(quotas):
    world = World(SITE, distribution("E2", "site"), quotas=quotas)
    world.handle(world.upload(*directories(60)))
    world.run_until_quiet(40)
    for identifier in ("E1", "E2"):
        sent = {path for paths in world.cloudfront.paid_by(identifier) for path in paths}
        prefixes = tuple(path[:-1] for path in sent if path.endswith("*"))
        assert all(f"/{key}" in sent or f"/{key}".startswith(prefixes) for key in directories(60))
    assert not world.queue.given_up
    assert len(world.cloudfront.rules.refusals) <= 12


# Budget


MONTH_START = datetime(2026, 11, 1, tzinfo=UTC).timestamp()


def with_budget(budget: int, at: float = MONTH_START) -> World:
    world = World(SITE, budget=budget)
    world.clock.time = at
    return world


def test_without_a_budget_a_large_deploy_is_sent_exactly():
    world = with_budget(0)
    world.handle(world.upload(*(f"{n}.html" for n in range(900))))
    assert len(sent_paths(world)) == 900


def test_the_first_deploy_of_the_month_does_not_eat_the_budget():
    world = with_budget(1000)
    report = world.handle(world.upload(*(f"{n:03d}.html" for n in range(900))))
    assert len(sent_paths(world)) <= 125
    assert report.paths_this_month == len(sent_paths(world))


def test_in_the_midst_of_a_bulk_upload_what_a_wildcard_did_not_cover_yet_is_no_small_change():
    """Most of its messages say what is fresh already; the others cost as little as the bulk."""
    world = with_budget(1000)
    keys = [f"{n:03d}.html" for n in range(400)]
    world.handle(world.upload(*keys))
    first, changed = len(sent_paths(world)), world.clock.now()
    world.wait(60)
    world.handle(world.upload(*keys[:350], at=changed - 30) + world.upload(*keys[350:]))
    assert len(sent_paths(world)) - first < 20


def test_an_overspent_budget_never_stops_an_invalidation():
    world = with_budget(1000)
    world.memory.table.spent["self", "2026-11", "01"] = 50_000
    report = world.handle(world.upload(*(f"{n}.html" for n in range(900))))
    assert sent_paths(world) == ["/*"]
    assert report.paths_this_month == 50_001
    assert not world.queue.put_backs


@pytest.mark.parametrize("budget", [1, 2])
def test_the_smallest_budget_sends_one_wildcard_an_invalidation(budget):
    world = with_budget(budget)
    for round_ in range(5):
        world.wait(60)
        world.handle(world.upload(*(f"{round_}/{n}.html" for n in range(10))))
        assert [len(each.paths) for each in world.cloudfront.asked] == [1] * (round_ + 1)


def test_a_budget_of_a_million_changes_nothing():
    world = with_budget(1_000_000)
    world.handle(world.upload(*(f"{n}.html" for n in range(900))))
    assert len(sent_paths(world)) == 900


def test_distributions_of_one_batch_share_the_budget():
    world = World(SITE, distribution("E2", "site"), distribution("E3", "site"), budget=1000)
    world.clock.time = MONTH_START
    world.handle(world.upload(*(f"{n:03d}.html" for n in range(900))))
    assert sum(len(each.paths) for each in world.cloudfront.paid) <= 250


def test_an_allowance_of_one_path_still_covers_everything():
    world = World(SITE, ceiling=Allowance(1, 1))
    world.handle(world.upload("a/b", "a/c", "d"))
    assert sent_paths(world) == ["/*"]


# Two workers


def test_two_workers_with_the_same_duplicates_pay_once():
    world = World(SITE)
    batch = world.upload("a", "b")
    world.memory.down = {"sent_since"}
    first, second = world.new_worker(), world.new_worker()
    for worker in (first, second):
        worker.handle(batch, world.clock.now() + 48)
    assert len(world.cloudfront.asked) == 2
    assert len(world.cloudfront.paid) == 1
    assert len(world.memory.table.sent["E1"]) == 1


def test_two_workers_keep_the_accounts_gap_together():
    world = World(SITE, distribution("E2", "other"))
    world.memory.table.learn("self", Pace(5, 1, 3.0, world.clock.now()))
    times = []
    create = world.cloudfront.create

    def timed(request, role):
        times.append(world.clock.now())
        return create(request, role)

    world.cloudfront.create = timed
    world.new_worker().handle(world.upload(*(f"{n}" for n in range(10))), world.clock.now() + 48)
    world.new_worker().handle(world.upload("c", bucket="other"), world.clock.now() + 48)
    assert len(times) == 3
    assert all(later - earlier >= 2.9 for earlier, later in itertools.pairwise(times))
