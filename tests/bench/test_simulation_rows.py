"""The rows of the simulations: each published figure, and what makes a regime fail."""

import pytest

from infra.bench.function.process import Run
from infra.bench.simulation_rows import regime_rows, scenario_rows
from infra.simulator.result import Result
from infra.simulator.scenarios import SCENARIOS

RUN = Run("", cpu=1.0, wall=1.0, resident=1)


@pytest.mark.parametrize(
    ("stale", "refused", "reached"), [(0, 0.01, True), (1, 0.0, False), (0, 0.06, False)]
)
def test_a_stale_object_or_too_many_refusals_fail_a_regime(monkeypatch, stale, refused, reached):
    result = Result(
        paths=1,
        requests=1,
        last_fresh_seconds=1.0,
        refused_after_first_minute=refused,
        stale_objects=stale,
    )
    monkeypatch.setattr("infra.bench.simulation_rows._simulate", lambda *_: (result, RUN))
    assert all(row.reached for row in regime_rows()) is reached


def test_each_published_figure_is_a_row_with_what_it_must_reach(monkeypatch):
    slow = Result(p95_seconds=100.0, paths=30)
    monkeypatch.setattr("infra.bench.simulation_rows._simulate", lambda *_: (slow, RUN))
    rows = {row.name: row for row in scenario_rows()}
    assert {f"{name}: CPU" for name in SCENARIOS} <= rows.keys()
    late, few = rows["sync: p95_seconds"], rows["sync: paths"]
    assert (late.value, late.reach, late.reached) == (100.0, 21, False)
    assert (few.value, few.reach, few.reached) == (30, 40, True)
    assert not rows["busy: invalidations"].reached
