"""The quotas hold in both documented regimes, whatever is asked and when."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.cloudfront.quotas import Accepted, Quotas, QuotaSettings, Refusal, Regime

UNLIMITED_CALLS = {"calls_per_second": 1e9, "call_burst": 1e9}
RATE = QuotaSettings(regime=Regime.RATE, **UNLIMITED_CALLS)
IN_FLIGHT = QuotaSettings(regime=Regime.IN_FLIGHT, **UNLIMITED_CALLS)


def code(answer: Accepted | Refusal) -> str:
    return answer.code if isinstance(answer, Refusal) else "accepted"


def ask(quotas: Quotas, now: float, paths: int, wildcards: int = 0, *, account="1", distribution="E1") -> str:
    return code(quotas.admit(now, account, distribution, paths, wildcards))


def test_a_request_larger_than_the_burst_is_never_accepted_under_the_rate():
    quotas = Quotas(RATE)
    assert {ask(quotas, hour * 3600.0, 151) for hour in range(100)} == {"TooManyInvalidationsInProgress"}
    assert ask(quotas, 400_000.0, 150) == "accepted"


def test_two_wildcards_in_one_request_are_never_accepted_under_the_rate():
    quotas = Quotas(RATE)
    assert ask(quotas, 0.0, 2, 2) == "TooManyInvalidationsInProgress"
    assert ask(quotas, 0.0, 2, 1) == "accepted"
    assert ask(quotas, 0.5, 1, 1) == "TooManyInvalidationsInProgress"
    assert ask(quotas, 1.0, 1, 1) == "accepted"


def test_a_refused_request_uses_up_no_paths_and_no_wildcards():
    quotas = Quotas(RATE)
    assert ask(quotas, 0.0, 100, 2) == "TooManyInvalidationsInProgress"
    assert ask(quotas, 0.0, 151, 1) == "TooManyInvalidationsInProgress"
    assert ask(quotas, 0.0, 150, 1) == "accepted"


def test_the_rate_is_shared_by_an_accounts_distributions_and_by_no_other_account():
    quotas = Quotas(RATE)
    assert ask(quotas, 0.0, 150, distribution="E1") == "accepted"
    assert ask(quotas, 0.0, 1, distribution="E2") == "TooManyInvalidationsInProgress"
    assert ask(quotas, 0.0, 150, distribution="E3", account="2") == "accepted"


def test_what_is_in_progress_is_counted_for_each_distribution_until_it_completes():
    quotas = Quotas(replace(IN_FLIGHT, seconds_in_progress=(10, 10)))
    assert ask(quotas, 0.0, 3000, 15) == "accepted"
    assert quotas.in_progress(0.0, "E1") == (3000, 15)
    assert ask(quotas, 9.9, 1) == "TooManyInvalidationsInProgress"
    assert ask(quotas, 9.9, 3000, distribution="E2") == "accepted"
    assert quotas.in_progress(10.0, "E1") == (0, 0)
    assert ask(quotas, 10.0, 3000) == "accepted"


def test_wildcards_in_progress_have_a_limit_of_their_own():
    quotas = Quotas(IN_FLIGHT)
    assert ask(quotas, 0.0, 16, 16) == "TooManyInvalidationsInProgress"
    assert ask(quotas, 0.0, 10, 10) == "accepted"
    assert ask(quotas, 0.0, 6, 6) == "TooManyInvalidationsInProgress"
    assert ask(quotas, 0.0, 6, 5) == "accepted"


@pytest.mark.parametrize(("regime", "answer"), [(Regime.RATE, "TooMany"), (Regime.IN_FLIGHT, "accepted")])
def test_a_regime_enforces_its_own_limits_alone(regime, answer):
    quotas = Quotas(QuotaSettings(regime=regime))
    assert ask(quotas, 0.0, 1000).startswith(answer)


def test_under_both_regimes_the_rate_holds_and_what_is_in_progress_too():
    quotas = Quotas(replace(IN_FLIGHT, regime=Regime.BOTH, seconds_in_progress=(1000, 1000)))
    assert ask(quotas, 0.0, 151) == "TooManyInvalidationsInProgress"
    assert [ask(quotas, float(second), 150) for second in range(20)] == ["accepted"] * 20
    assert ask(quotas, 30.0, 1) == "TooManyInvalidationsInProgress"


def test_calls_are_throttled_after_six_quick_ones_and_come_back_one_in_two_seconds():
    quotas = Quotas(QuotaSettings())
    assert [ask(quotas, 0.0, 1) for _ in range(7)] == ["accepted"] * 6 + ["Throttling"]
    assert ask(quotas, 1.9, 1) == "Throttling"
    assert ask(quotas, 2.0, 1) == "accepted"
    assert ask(quotas, 2.0, 1, account="2") == "accepted"


def test_a_call_that_is_refused_for_its_size_counts_as_a_call():
    quotas = Quotas(QuotaSettings())
    refused = [ask(quotas, 0.0, 151) for _ in range(6)]
    assert refused == ["TooManyInvalidationsInProgress"] * 6
    assert ask(quotas, 0.0, 1) == "Throttling"


def test_a_repeat_counts_as_a_call_and_nothing_else():
    quotas = Quotas(QuotaSettings())
    assert [quotas.call(0.0, "1") for _ in range(5)] == [None] * 5
    assert ask(quotas, 0.0, 150, 1) == "accepted"
    repeat = quotas.call(0.0, "1")
    assert repeat is not None
    assert repeat.code == "Throttling"


def test_more_paths_than_a_request_may_hold_are_too_large():
    answer = Quotas(replace(IN_FLIGHT, max_paths_per_request=1000)).admit(0.0, "1", "E1", 1001, 0)
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.status) == ("BatchTooLarge", 413)


def test_the_same_seed_gives_the_same_times_in_progress_within_the_range():
    def times(seed: int) -> list[float]:
        quotas = Quotas(replace(IN_FLIGHT, seed=seed))
        answers = [quotas.admit(0.0, "1", "E1", 1, 0) for _ in range(50)]
        return [answer.completes for answer in answers if isinstance(answer, Accepted)]

    assert times(1) == times(1)
    assert times(1) != times(2)
    assert len(times(1)) == 50
    assert all(5 <= each <= 25 for each in times(1))


requests = st.lists(
    st.tuples(
        st.floats(0, 3),
        st.sampled_from(["E1", "E2"]),
        st.integers(1, 200),
        st.integers(0, 4),
    ),
    max_size=60,
)


@given(requests=requests, regime=st.sampled_from(Regime))
def test_whatever_is_asked_what_is_accepted_keeps_to_every_quota(requests, regime):
    """Recomputed from the list of accepted requests alone, over every interval that ends at one of them."""
    settings = QuotaSettings(regime=regime, paths_in_progress=500, wildcards_in_progress=5)
    quotas = Quotas(settings)
    accepted: list[tuple[float, str, int, int, float]] = []
    now = 0.0
    for pause, distribution, paths, extra in requests:
        now += pause
        wildcards = min(extra, paths)
        answer = quotas.admit(now, "1", distribution, paths, wildcards)
        if isinstance(answer, Accepted):
            accepted.append((now, distribution, paths, wildcards, answer.completes))
    for last, (end, distribution, *_) in enumerate(accepted):
        if regime.limits_in_flight:
            running = [each for each in accepted[: last + 1] if each[1] == distribution and each[4] > end]
            assert sum(each[2] for each in running) <= 500
            assert sum(each[3] for each in running) <= 5
        for first in range(last + 1):
            seconds = end - accepted[first][0]
            between = accepted[first : last + 1]
            assert len(between) <= 6 + 0.5 * seconds + 1e-6
            if regime.limits_rate:
                assert sum(each[2] for each in between) <= 150 + 150 * seconds + 1e-6
                assert sum(each[3] for each in between) <= 1 + seconds + 1e-6


@given(requests=requests, regime=st.sampled_from(Regime))
def test_a_refusal_always_has_a_cause(requests, regime):
    """After a rest long enough, every request is accepted that can be accepted at all."""
    settings = QuotaSettings(regime=regime)
    quotas = Quotas(settings)
    now = 0.0
    for pause, distribution, paths, extra in requests:
        now += pause
        quotas.admit(now, "1", distribution, paths, min(extra, paths))
    for _, distribution, paths, extra in requests:
        now += 60
        wildcards = min(extra, paths)
        possible = not regime.limits_rate or (paths <= 150 and wildcards <= 1)
        assert isinstance(quotas.admit(now, "1", distribution, paths, wildcards), Accepted) == possible
