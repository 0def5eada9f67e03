"""The cheapest of the published rows are held here; `make bench` holds all."""

import pytest

from infra.simulator.result import Result
from infra.simulator.scenarios import SCENARIOS
from infra.simulator.simulation import simulate


@pytest.mark.parametrize(
    "name", ["one-file", "cold", "small-deploy", "sync", "hot-page", "crowded", "throttled"]
)
def test_a_row_is_reached(name):
    scenario = SCENARIOS[name]
    result = simulate(scenario.site, scenario.changes.writes(scenario.site))
    assert scenario.missed(result) == [], result.counted()


def test_a_missed_bound_is_told():
    missed = SCENARIOS["bulk"].missed(Result(p95_seconds=14, paths=100, run_cost_usd=0.1, stale_objects=1))
    assert [each.field for each in missed] == ["p95_seconds", "stale_objects"]
    missed = SCENARIOS["busy"].missed(Result(distributions=60, invalidations=1200, fewest_invalidations=10))
    assert [each.field for each in missed] == ["invalidations", "fairness"]
