"""How long surveys take in accounts of many distributions, in virtual time: 0.15 s a call, eight at a time."""

import zlib

import pytest

from invalidator.survey.summary import Outcome
from tests.survey.account import s3
from tests.survey.surveyed import INTERVAL, MINUTE, Surveyed

CALL_SECONDS = 0.15
# The sizes of the issue take a minute together; the shape is the same in the small.
LONG = pytest.mark.soak("the long share")


def account(size: int, served: int | None = None, bucket: str = "") -> Surveyed:
    """So many distributions, of which so many have a bucket: one each, or all the same."""
    site = Surveyed()
    site.account.latency = CALL_SECONDS
    with_bucket = size if served is None else served
    for number in range(size):
        host = s3(bucket or f"bucket-{number}") if number < with_bucket else ("cdn.example.com", "")
        site.account.put(f"E{number:05}", host)
    return site


def seconds(site: Surveyed, **more) -> tuple[float, Outcome]:
    began = site.time.now()
    summary = site.survey(**more)
    return site.time.now() - began, summary.outcome


def test_five_hundred_are_surveyed_in_half_a_minute_and_when_nothing_changed_in_seconds():
    site = account(500)
    took, outcome = seconds(site)
    assert (outcome, took < 30) == (Outcome.COMPLETE, True)
    took, outcome = seconds(site.after(INTERVAL))
    assert (outcome, took < 5) == (Outcome.COMPLETE, True)


def test_a_change_is_found_in_seconds_among_five_hundred():
    site = account(500)
    site.survey()
    site.after(INTERVAL).account.put("E00007", s3("bucket-7", "/v2"))
    took, _ = seconds(site)
    assert took < 5
    assert site.paths("E00007", "bucket-7", "v2/a") == {"/a"}


def test_throttled_at_ten_calls_a_second_the_same_ends():
    site = account(500)
    site.account.rate = 10
    rounds = 0
    while site.survey(seconds=300).outcome is not Outcome.COMPLETE:
        site.after(MINUTE)
        rounds += 1
        assert rounds < 3
    assert len(list(site.table.all_routes())) == 500


@pytest.mark.parametrize(("size", "time"), [(600, 30.0), pytest.param(5000, 60.0, marks=LONG)])
def test_more_than_one_round_can_ask_for_are_surveyed_in_rounds_that_each_keep_what_they_learned(size, time):
    site = account(size)
    learned = [0]
    for _ in range(10):
        outcome = site.survey(seconds=time).outcome
        learned.append(len(list(site.table.all_routes())))
        if outcome is Outcome.COMPLETE:
            break
        assert outcome is Outcome.CONTINUES
        assert learned[-1] > learned[-2]
        assert site.serving(f"bucket-{learned[-2]}") == [f"E{learned[-2]:05}"]
        site.after(MINUTE)
    assert (learned[-1], len(learned) > 2) == (size, True)
    assert site.account.calls["get_distribution_config"] == size


@pytest.mark.parametrize("size", [2000, pytest.param(20_000, marks=LONG)])
def test_of_many_of_which_one_in_a_hundred_matters_only_those_are_asked_for(size):
    site = account(size, served=size // 100)
    took, outcome = seconds(site)
    assert (outcome, took < 60) == (Outcome.COMPLETE, True)
    assert site.account.calls == {
        "list_distributions": size // 100,
        "get_distribution_config": size // 100,
    }
    assert len(list(site.table.all_routes())) == size // 100


@pytest.mark.parametrize("size", [300, pytest.param(5000, marks=LONG)])
def test_a_bucket_on_many_distributions_needs_no_large_item(size):
    site = account(size, bucket="shared")
    while site.survey().outcome is not Outcome.COMPLETE:
        site.after(MINUTE)
    assert len(site.serving("shared")) == size
    dealt = site.table.deal("bucket:shared")
    assert dealt.targets is None
    state = site.table.survey_state()
    assert len(zlib.compress(repr(state).encode())) < 1000
