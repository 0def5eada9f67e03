"""On real asset trees: near the true optimum with an inventory, far below directory wildcards without."""

from functools import cache
from statistics import fmean

import pytest

from infra.bench.coalescing.against_directories import directory_wildcards, evaluate, purged
from infra.bench.coalescing.optimum import optimum
from infra.bench.coalescing.real_trees import stored
from infra.bench.coalescing.speed import measure
from invalidator.core.limits.allowance import Allowance

pytestmark = pytest.mark.long

TREES = {tree.name.split()[0]: tree for tree in stored()}
# The solver takes seconds for the larger ones: `make bench` waits for it.
QUICK_TO_SOLVE = sorted(name for name, tree in TREES.items() if len(tree.changed) < 400)
ALLOWANCES = [Allowance(10, 3), Allowance(15, 15), Allowance(30, 5), Allowance(100, 15)]


@cache
def rows(name):
    return tuple(evaluate(TREES[name], ALLOWANCES))


@pytest.mark.parametrize("name", QUICK_TO_SOLVE)
def test_with_an_inventory_at_most_a_twentieth_more_than_the_optimum_is_purged(name):
    for row in rows(name):
        assert row.best <= row.with_inventory <= 1.05 * row.best, row


def test_without_an_inventory_most_cases_purge_at_most_half_of_what_directory_wildcards_do():
    """Where half is possible at all: the optimum itself is at most half."""
    ratios = [
        row.without / row.directories
        for name in QUICK_TO_SOLVE
        for row in rows(name)
        if row.directories and row.best <= row.directories / 2
    ]
    assert len(ratios) >= 25
    assert sum(ratio <= 0.5 for ratio in ratios) >= 0.85 * len(ratios)
    assert fmean(ratios) <= 0.25


def test_the_exact_solver_agrees_with_a_choice_made_by_hand():
    changed = ["/a/1", "/a/2", "/a/3", "/b/1", "/b/2", "/c"]
    unchanged = ["/a/4", "/b/3", "/b/4", "/d"]

    assert optimum(changed, unchanged, 6, 0) == 0
    assert optimum(changed, unchanged, 4, 1) == 1
    assert optimum(changed, unchanged, 3, 2) == 3
    assert optimum(changed, unchanged, 2, 2) == 4
    assert purged(directory_wildcards(changed, Allowance(9, 3)), unchanged) == 4
    assert directory_wildcards(changed[:5], Allowance(9, 2)) == ["/a/*", "/b/*"]


def test_ten_thousand_paths_are_coalesced_in_less_than_twenty_five_times_the_time_that_sorting_takes():
    timing = measure(10_000)

    assert timing.coalescing < 25 * timing.sorting
    assert timing.fitting < 5 * timing.sorting
