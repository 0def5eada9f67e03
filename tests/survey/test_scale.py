"""How long surveys take in accounts of many distributions, in virtual time: 0.15 s a call, eight at a time."""

import zlib

import pytest

from invalidator.survey.summary import Outcome
from tests.survey.account import s3
from tests.survey.surveyed import INTERVAL, MINUTE, Surveyed

CALL_SECONDS = 0.15


def account(size: int, served: int | None = None, bucket: str = "") -> Surveyed:
    """So many distributions, of which so many have a bucket: one each, or all the same."""
    site = Surveyed()
    site.account.latency = CALL_SECONDS
    for number in range(size):
        hosts = (
            s3(bucket or f"bucket-{number}")
            if number < (size if served is None else served)
            else ("api.example", "")
        )
        site.account.put(f"E{number:05}", hosts)
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


def test_five_thousand_are_surveyed_in_rounds_that_each_keep_what_they_learned():
    site = account(5000)
    learned = [0]
    for _ in range(10):
        outcome = site.survey(seconds=60).outcome
        learned.append(len(list(site.table.all_routes())))
        if outcome is Outcome.COMPLETE:
            break
        assert outcome is Outcome.CONTINUES
        assert learned[-1] > learned[-2]
        assert site.serving(f"bucket-{learned[-2]}") == [f"E{learned[-2]:05}"]
        site.after(MINUTE)
    assert learned[-1] == 5000
    assert site.account.calls["get_distribution_config"] == 5000


def test_of_twenty_thousand_of_which_two_hundred_matter_only_those_are_asked_for():
    site = account(20_000, served=200)
    took, outcome = seconds(site)
    assert (outcome, took < 60) == (Outcome.COMPLETE, True)
    assert site.account.calls == {"list_distributions": 200, "get_distribution_config": 200}
    assert len(list(site.table.all_routes())) == 200


@pytest.mark.parametrize("size", [5000])
def test_a_bucket_on_five_thousand_distributions_needs_no_large_item(size):
    site = account(size, bucket="shared")
    while site.survey().outcome is not Outcome.COMPLETE:
        site.after(MINUTE)
    assert len(site.serving("shared")) == size
    dealt = site.table.deal("bucket:shared")
    assert dealt.targets is None
    state = site.table.survey_state()
    assert len(zlib.compress(repr(state).encode())) < 1000
