"""The demo's proof fails where a change was not covered, whatever the worker says."""

from infra.demo.proof import Changed, fresh_times, uncovered
from infra.local.cloudfront.faults import ACCESS_DENIED
from infra.local.cloudfront.gate import Seen

ORIGIN_PATHS = {"ROOT": "", "DOCS": "/docs"}


def seen(at: float, distribution: str, *paths: str, **other: object) -> Seen:
    return Seen(at, distribution, paths, "reference", **{"invalidation": "I1", **other})


def missing(change: Changed, *calls: Seen) -> set[str]:
    return {each.distribution for each in uncovered([change], ORIGIN_PATHS, calls)}


def test_each_distribution_needs_its_own_invalidation() -> None:
    change = Changed("docs/a b.html", 10.0)
    assert missing(change) == {"ROOT", "DOCS"}
    assert missing(change, seen(11, "ROOT", "/docs/a%20b.html")) == {"DOCS"}
    assert missing(change, seen(11, "ROOT", "/docs/*"), seen(11, "DOCS", "/a%20b.html")) == set()


def test_an_earlier_a_refused_and_a_repeated_invalidation_cover_nothing() -> None:
    change = Changed("a.html", 10.0)
    assert missing(change, seen(9, "ROOT", "/a.html")) == {"ROOT"}
    assert missing(change, seen(11, "ROOT", "/a.html", invalidation=None, refusal=ACCESS_DENIED)) == {"ROOT"}
    assert missing(change, seen(11, "ROOT", "/a.html", repeat=True)) == {"ROOT"}


def test_a_key_outside_the_origin_path_is_not_asked_of_that_distribution() -> None:
    assert missing(Changed("img/a.png", 10.0), seen(11, "ROOT", "/img*")) == set()


def test_an_object_is_fresh_from_the_first_invalidation_after_its_change() -> None:
    change = Changed("a.html", 10.0)
    calls = [seen(9, "ROOT", "/*"), seen(12, "ROOT", "/a*"), seen(15, "ROOT", "/a.html")]
    assert fresh_times([change], "ROOT", "", calls) == {change: 12}
