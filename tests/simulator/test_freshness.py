"""The books: each change is stale at each distribution until an invalidation that came after it covers it."""

from infra.simulator.freshness import Freshness
from invalidator.core.sent import Sent


def sent(created, *paths, distribution="E1"):
    return Sent(distribution, f"I{created:g}", created, paths)


def books(**named):
    return Freshness({"E1": "site", "E2": "site", "E3": "other"}, **named)


def test_only_a_later_invalidation_that_covers_the_path_makes_it_fresh():
    kept = Freshness({"E1": "site"})
    kept.changed("site", "a b.html", 10.0)
    kept.invalidated(sent(9.0, "/*"))
    kept.invalidated(sent(11.0, "/a.html"))
    assert kept.stale() == 1
    kept.invalidated(sent(12.0, "/a%20b.html"))
    assert kept.stale() == 0
    assert list(kept.delays) == [2.0]


def test_each_change_of_an_object_counts_from_its_own_time():
    kept = Freshness({"E1": "site"})
    kept.changed("site", "a.html", 10.0)
    kept.changed("site", "a.html", 14.0)
    assert (kept.behind, kept.stale()) == (2, 1)
    kept.invalidated(sent(15.0, "/a*"))
    assert sorted(kept.delays) == [1.0, 5.0]


def test_what_an_invalidation_did_not_cover_is_looked_at_again():
    kept = Freshness({"E1": "site"})
    for at, key in enumerate(["a/1", "b/1", "a/2"]):
        kept.changed("site", key, float(at))
    kept.invalidated(sent(5.0, "/b/*"))
    assert kept.stale() == 2
    kept.invalidated(sent(6.0, "/a/*"))
    assert sorted(kept.delays) == [4.0, 4.0, 6.0]
    assert kept.oldest() is None


def test_each_distribution_of_a_bucket_is_stale_on_its_own():
    kept = books()
    kept.changed("site", "a", 1.0)
    kept.changed("other", "a", 2.0)
    assert kept.stale() == 3
    kept.invalidated(sent(3.0, "/a", distribution="E2"))
    assert (kept.stale(), kept.stale("E1"), kept.stale("E2")) == (2, 1, 0)
    assert kept.oldest() == 1.0


def test_the_times_of_some_distributions_are_left_out_but_not_that_they_are_stale():
    kept = books(untimed=frozenset(["E1", "E2"]))
    kept.changed("site", "a", 1.0)
    assert (kept.stale(), kept.oldest()) == (2, None)
    kept.invalidated(sent(3.0, "/a"))
    assert list(kept.delays) == []


def test_waiting_counts_from_when_cloudfront_accepts_again():
    kept = books(waited_from=100.0)
    kept.changed("other", "a", 50.0)
    kept.changed("other", "b", 101.0)
    kept.invalidated(sent(104.0, "/*", distribution="E3"))
    assert sorted(kept.delays) == [3.0, 4.0]
