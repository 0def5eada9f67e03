"""A request's reference follows from its content, and cutting a plan loses nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invalidator.core.coalescing.coalescing import coalesce
from invalidator.core.limits.allowance import Allowance
from invalidator.core.request import Request, requests, with_times

PATHS = st.text("ab/", max_size=4).map(lambda rest: "/" + rest)
TIMES = st.integers(1_000_000_000_000, 1_000_000_100_000).map(lambda milliseconds: milliseconds / 1000)
CHANGED = st.dictionaries(PATHS | PATHS.map(lambda path: path + "*"), TIMES, min_size=1, max_size=20)


@given(CHANGED, st.randoms(use_true_random=False))
def test_the_same_paths_for_the_same_changes_give_the_same_references_in_any_order(plan, random):
    items = list(plan.items())
    random.shuffle(items)
    first = [each.reference for each in requests("E1", plan, 3, 2)]
    assert [each.reference for each in requests("E1", dict(items), 3, 2)] == first


@given(CHANGED, st.integers(1, 100_000))
def test_a_later_change_of_any_path_gives_another_reference(plan, milliseconds):
    (before,) = requests("E1", plan, 1000, 1000)
    for path in plan:
        (after,) = requests("E1", plan | {path: plan[path] + milliseconds / 1000}, 1000, 1000)
        assert after.reference != before.reference


@given(CHANGED, PATHS, TIMES)
def test_more_paths_give_another_reference(plan, path, at):
    (before,) = requests("E1", plan, 1000, 1000)
    (after,) = requests("E1", {path: at} | plan, 1000, 1000)
    assert (after.reference == before.reference) == (path in plan)


def test_a_reference_is_one_distributions_own():
    assert Request("E1", {"/a": 1.0}).reference != Request("E2", {"/a": 1.0}).reference


def test_a_reference_is_short_plain_text():
    assert Request("E1", {"/a": 1.0}).reference.isalnum()
    assert len(Request("E1", {"/a": 1.0}).reference) == 40


def test_times_differ_by_the_millisecond_that_s3_tells():
    assert Request("E1", {"/a": 1.0}).reference != Request("E1", {"/a": 1.001}).reference


@given(CHANGED, st.integers(1, 6), st.integers(1, 6))
def test_a_cut_keeps_to_the_limits_and_loses_nothing(plan, most_paths, most_wildcards):
    cut = list(requests("E1", plan, most_paths, most_wildcards))
    merged = {}
    for request in cut:
        assert 1 <= len(request.paths) <= most_paths
        assert request.wildcards <= most_wildcards
        assert request.distribution == "E1"
        assert not merged.keys() & request.paths.keys()
        merged |= request.paths
    assert merged == plan


def test_exact_paths_go_along_with_wildcards():
    plan = {f"/{n}": 1.0 for n in range(8)} | {"/w*": 1.0, "/x*": 1.0}
    cut = list(requests("E1", plan, 5, 1))
    assert [(len(each.paths), each.wildcards) for each in cut] == [(5, 1), (5, 1)]


@given(CHANGED, st.integers(1, 8), st.integers(1, 4))
def test_every_path_sent_has_the_time_of_the_newest_change_it_covers(changed, paths, wildcards):
    plan = with_times(coalesce(changed, Allowance(paths, wildcards)), changed)
    for path, at in changed.items():
        over = [
            sent_at
            for sent, sent_at in plan.items()
            if sent == path or (sent.endswith("*") and path.removesuffix("*").startswith(sent[:-1]))
        ]
        assert over
        assert max(over) >= at
    assert set(plan.values()) <= set(changed.values())


@pytest.mark.parametrize("most", [1, 2, 1000])
def test_an_empty_plan_asks_for_nothing(most):
    assert list(requests("E1", {}, most, most)) == []
