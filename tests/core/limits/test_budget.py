"""The month's paths are paced, whatever the month, and freshness wins over budget."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.budget import (
    DAY_SHARE,
    HEAD_START,
    Spending,
    cost_usd,
    day_of,
    month_of,
    spendable,
    within_budget,
)

CEILING = Allowance(1000, 15)


def moment(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> float:
    return datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()


SPENDINGS = st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)).map(
    lambda each: Spending(max(each), min(each))
)
TIMES = st.floats(moment(2024, 1, 1), moment(2032, 1, 1))
CHANGED = st.integers(1, 10**6)


@given(st.integers(1, 2_000_000), SPENDINGS, TIMES, CHANGED)
def test_the_allowance_is_never_below_one_path_and_never_above_the_ceiling(budget, spending, now, changed):
    allowance = within_budget(CEILING, budget, spending, now, changed)
    assert 1 <= allowance.paths <= CEILING.paths
    assert 1 <= allowance.wildcards <= min(CEILING.wildcards, allowance.paths)


@given(SPENDINGS, TIMES, st.integers(-5, 0), CHANGED)
def test_a_budget_of_0_is_no_budget(spending, now, budget, changed):
    assert within_budget(CEILING, budget, spending, now, changed) == CEILING


@given(SPENDINGS, TIMES, CHANGED)
def test_a_budget_of_1_sends_one_path_at_a_time(spending, now, changed):
    assert within_budget(CEILING, 1, spending, now, changed) == Allowance(1, 1)


def test_a_budget_of_a_million_does_not_narrow_an_unspent_month():
    assert within_budget(CEILING, 1_000_000, Spending(), moment(2026, 11, 1), 10_000) == CEILING


@given(st.integers(1, 10**6), SPENDINGS, TIMES, st.integers(0, 10**5), CHANGED)
def test_who_has_spent_more_is_never_allowed_more(budget, spending, now, more, changed):
    spent = Spending(spending.month + more, spending.day + more)
    assert (
        within_budget(CEILING, budget, spent, now, changed).paths
        <= within_budget(CEILING, budget, spending, now, changed).paths
    )


@given(st.integers(1, 10**6), st.integers(1, 400), TIMES, CHANGED)
def test_invalidation_by_invalidation_a_day_takes_no_more_than_its_share_and_then_one_path_each(
    budget, sends, now, changed
):
    spent = Spending()
    for _ in range(sends):
        paths = within_budget(CEILING, budget, spent, now, changed).paths
        if paths > 1:
            assert spent.day + paths <= budget * DAY_SHARE
        spent = Spending(spent.month + paths, spent.day + paths)


def test_the_first_deploy_of_a_month_cannot_eat_the_month():
    start = moment(2026, 11, 1)
    assert spendable(1000, Spending(), start) == 1000 * HEAD_START
    assert within_budget(CEILING, 1000, Spending(), start, 125).paths == 125


def test_a_small_change_is_sent_exactly_and_a_bulk_upload_leaves_the_days_paths_to_it():
    noon = moment(2026, 11, 16, 12)
    spent = Spending()
    for _ in range(15):
        bulk = within_budget(CEILING, 1000, spent, noon, 4000).paths
        spent = Spending(spent.month + bulk, spent.day + bulk)
    assert within_budget(CEILING, 1000, spent, noon, 80).paths >= 80


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (moment(2026, 11, 1), moment(2026, 12, 1)),
        (moment(2026, 12, 1), moment(2027, 1, 1)),
        (moment(2028, 2, 1), moment(2028, 3, 1)),
        (moment(2027, 2, 1), moment(2027, 3, 1)),
        (moment(2026, 1, 1), moment(2026, 2, 1)),
    ],
    ids=["November", "December", "leap February", "February", "January"],
)
def test_the_whole_budget_is_earned_when_the_month_ends_and_no_sooner(start, end):
    used = Spending(900, 0)
    assert spendable(1000, used, start) < 0
    halfway = spendable(1000, Spending(600, 0), (start + end) / 2)
    assert halfway == pytest.approx(1000 * (HEAD_START + (1 - HEAD_START) / 2) - 600)
    assert spendable(1000, used, end - 1) == pytest.approx(100, abs=0.01)
    assert month_of(end - 1) != month_of(end)


def test_days_and_months_are_those_of_utc_as_cloudfront_bills():
    new_year = moment(2027, 1, 1)
    assert (month_of(new_year - 1), day_of(new_year - 1)) == (
        "2026-12",
        "31",
    )
    assert (month_of(new_year), day_of(new_year)) == ("2027-01", "01")
    assert (month_of(moment(2028, 2, 29)), day_of(moment(2028, 2, 29))) == ("2028-02", "29")


@pytest.mark.parametrize(
    ("paths", "before", "cost"),
    [(1000, 0, 0.0), (1001, 0, 0.005), (1, 1000, 0.005), (1, 999, 0.0), (100_000, 0, 495.0), (2, 999, 0.005)],
)
def test_a_path_costs_half_a_cent_after_the_first_thousand(paths, before, cost):
    assert cost_usd(paths, before) == cost
