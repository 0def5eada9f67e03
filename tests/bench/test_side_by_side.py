"""The ways to invalidate, side by side: small runs of each, and what was measured last."""

import pytest

from infra.bench import side_by_side
from infra.bench.side_by_side import CASES, WAYS, Case, committed, measured


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(side_by_side, "PAGES", 40)
    monkeypatch.setattr(side_by_side, "FOLDERS", 4)
    monkeypatch.setattr(side_by_side, "AFTER_SECONDS", 60.0)


@pytest.mark.usefixtures("small")
def test_a_page_edit_costs_other_pages_their_place_only_with_a_wildcard_above_all():
    each, everything, ours = (measured(Case("", 1, 1), name, way) for name, way in WAYS.items())

    assert (each.paths, everything.paths, ours.paths) == (1, 1, 1)
    assert (each.needless_fetches, ours.needless_fetches) == (0, 0)
    assert everything.needless_fetches > 20
    assert all(0 < outcome.stale_views < 0.1 * outcome.views for outcome in (each, everything, ours))


@pytest.mark.usefixtures("small")
def test_one_invalidation_per_object_is_late_where_many_are_written():
    each, _, ours = (measured(Case("", 30, 30), name, way) for name, way in WAYS.items())

    assert each.paths >= 30 >= ours.paths
    assert each.stale_seconds > 2 * ours.stale_seconds
    assert each.stale_views > ours.stale_views


def test_what_was_measured_is_of_these_cases_and_ways():
    told = [(each.case, each.way) for each in committed()]
    assert told == [(case.name, way) for case in CASES for way in WAYS]
    assert all(each.views > 10_000 for each in committed())
