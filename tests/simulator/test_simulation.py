"""A simulated site counts what it promises, the same in every run, and loses nothing under any quota."""

from dataclasses import replace

import pytest

from infra.local.cloudfront.quotas import Regime
from infra.simulator.aws.cloudfront import Answer, Trouble
from infra.simulator.changes import Pages, Tree
from infra.simulator.result import Result
from infra.simulator.simulation import Site, distribution_id, simulate

SMALL = Tree(600, 10, 200)


def run(site: Site, changes: Tree | Pages) -> Result:
    return simulate(site, changes.writes(site))


@pytest.mark.parametrize("regime", Regime)
@pytest.mark.parametrize("error_rate", [0.0, 0.05])
def test_under_every_quota_each_object_ends_fresh_and_nothing_is_dead(regime, error_rate):
    result = run(Site(regime=regime, seed=3, error_rate=error_rate), Tree(2000, 40, 250))
    assert (result.stale_objects, result.dead_lettered) == (0, 0)
    assert result.objects == 2000
    assert result.paths <= 100
    assert result.p50_seconds <= result.p95_seconds <= result.max_seconds <= 30


def test_the_same_seed_gives_the_same_run_and_another_seed_another():
    first = run(Site(seed=7), SMALL)
    assert run(Site(seed=7), SMALL) == first
    assert run(Site(seed=8), SMALL) != first


def test_refusals_of_the_strict_quotas_are_counted():
    result = run(Site(regime=Regime.RATE, monthly_budget=0), Tree(2000, 400, 2000))
    assert 0 < result.refused_requests < result.requests


def test_without_a_budget_more_paths_are_sent():
    paced = run(Site(regime=Regime.IN_FLIGHT, spent=400), SMALL)
    unpaced = run(Site(regime=Regime.IN_FLIGHT, monthly_budget=0), SMALL)
    assert unpaced.paths > paced.paths


def test_errors_of_the_service_are_answered_with_more_calls_and_nothing_is_lost():
    calm = run(Site(regime=Regime.IN_FLIGHT), Pages(60, 900))
    stormy = run(Site(regime=Regime.IN_FLIGHT, error_rate=0.6), Pages(60, 900))
    assert stormy.requests > calm.requests
    assert (stormy.stale_objects, stormy.dead_lettered) == (0, 0)


def test_a_longer_gathering_sends_fewer_invalidations_and_later():
    page = Pages(3, 180)
    short = run(Site(monthly_budget=0), page)
    long = run(Site(monthly_budget=0, gathering=replace(Site().gathering, most=40.0)), page)
    assert long.invalidations < short.invalidations
    assert long.p95_seconds > short.p95_seconds


def test_what_waits_at_one_distribution_is_told_apart_from_the_others():
    failing = Trouble(Answer.UNAVAILABLE, 0, float("inf"), frozenset([distribution_id(0)]))
    site = Site(3, troubles=(failing,), give_up_seconds=600, untimed=frozenset([0]))
    result = run(site, Pages(60, 300))
    assert (result.fewest_invalidations, result.most_invalidations) == (0, 5)
    assert result.stale_objects == 1
    assert result.dead_lettered >= 1
    assert result.longest_wait_seconds < 10


def test_a_change_that_is_never_invalidated_is_the_longest_wait_and_stays_stale():
    site = Site(troubles=(Trouble(Answer.UNAVAILABLE, 0, float("inf")),), give_up_seconds=600)
    result = run(site, Pages(60, 60))
    assert (result.invalidations, result.stale_objects) == (0, 1)
    assert result.longest_wait_seconds >= 600


def test_waiting_counts_from_when_cloudfront_accepts_again():
    throttled = Site(troubles=(Trouble(Answer.THROTTLING, 0, 120),))
    waited = run(throttled, Pages(60, 60))
    assert waited.longest_wait_seconds > 60
    assert run(replace(throttled, accepts_again=120), Pages(60, 60)).longest_wait_seconds < 60


def test_one_bucket_of_many_distributions_is_fresh_at_each_in_the_time_that_the_calls_take():
    result = run(Site(40, shared=True, monthly_budget=0), Tree(400, 20, 200))
    assert result.stale_objects == 0
    assert result.fewest_invalidations >= 1
    # One call in two seconds after the first few; not each distribution learns by itself what the account refuses.
    assert 60 < result.last_fresh_seconds < 120
    assert result.refused_requests < 20


def test_what_a_run_costs_grows_with_what_is_written():
    one, many = run(Site(), Pages(60, 60)), run(Site(), SMALL)
    assert 0 < one.run_cost_usd < many.run_cost_usd
    assert 0 < one.write_units < many.write_units
    assert 0 < one.hottest_partition <= many.hottest_partition


def test_a_cold_function_is_later_than_a_warm_one():
    cold, warm = run(Site(), Pages(60, 60)), run(Site(warm=True), Pages(60, 60))
    assert cold.cold_starts >= 1
    assert warm.cold_starts == 0
    assert cold.p50_seconds > warm.p50_seconds + 0.5


def test_the_moments_lead_from_nothing_to_everything_fresh():
    moments = run(Site(), SMALL).moments
    assert moments[0].stale <= 1
    assert max(each.stale for each in moments) > 300
    assert [each.paths for each in moments] == sorted(each.paths for each in moments)
