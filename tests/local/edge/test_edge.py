"""Several locations: when an invalidation arrives at each, who answers to a host, and how much is held."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from infra.local.edge.cache import ENTRY_BYTES, Cache, Entry, Name
from infra.local.edge.edge import COMPLETE_SECONDS, EFFECTIVE_P95_SECONDS, LOCATIONS, Edge, EdgeSettings
from tests.core.routing.distributions import S3, behavior, document
from tests.local.edge.test_rules import distribution
from tests.local.edge.viewer import Viewer

PLAIN = distribution(document([S3], [behavior("s3")]))
NOW = 1_795_000_000.0


def arrivals(seed: int, count: int) -> list[float]:
    """When each of many invalidations has arrived at the last of one location's kind."""
    edge = Edge(lambda: NOW, EdgeSettings(("FRA56",), seed=seed))
    return [edge.invalidate("E1", f"I{number}", ["/*"]) - NOW for number in range(count)]


def test_95_percent_arrive_in_five_seconds_and_all_in_25():
    delays = sorted(arrivals(1, 4_000))

    assert abs(delays[int(0.95 * len(delays))] - EFFECTIVE_P95_SECONDS) < 0.4
    assert delays[-1] <= COMPLETE_SECONDS
    assert delays[len(delays) // 2] < 2


def test_the_same_seed_gives_the_same_delays():
    assert arrivals(7, 5) == arrivals(7, 5) != arrivals(8, 5)


def test_each_location_sees_it_at_a_time_of_its_own_and_before_it_counts_as_completed():
    site = Viewer(PLAIN)
    site.objects.put("a.html", "a1")
    for name in LOCATIONS:
        site.get("/a.html", name)
    site.objects.put("a.html", "a2")
    last = site.edge.invalidate("E1", "I1", ["/a.html"], completes=site.now + 6)
    assert last <= site.now + 6

    seen = {}
    while len(seen) < len(LOCATIONS):
        site.now += 0.01
        for name in LOCATIONS:
            if site.get("/a.html", name).body == "a2":
                seen.setdefault(name, site.now)
    assert len(set(seen.values())) == len(LOCATIONS)
    assert abs(max(seen.values()) - last) < 0.02


def test_hosts_are_aliases_the_domain_and_localhost_names_with_or_without_a_location():
    edge = Viewer(PLAIN).edge

    for host in ("www.example.org", "D111.cloudfront.net", "e1.localhost", "E1.LOCALHOST"):
        assert edge.host(host) == (PLAIN, "FRA56")
    assert edge.host("nrt57.e1.localhost") == (PLAIN, "NRT57")
    assert [edge.host(host) for host in ("", "e2.localhost", "xyz.e1.localhost", "localhost")] == [None] * 4
    edge.know([])
    assert edge.host("e1.localhost") is None


def test_a_wildcard_alias_takes_all_that_ends_so_but_what_is_named_itself():
    wide = replace(PLAIN, id="E2", hosts=("*.example.org", "example.com"))
    edge = Edge(lambda: NOW)
    edge.know([PLAIN, wide])
    found = {
        host: edge.host(host)
        for host in ("www.example.org", "a.example.org", "a.b.example.org", "example.org", "b.example.com")
    }
    assert {host: each and each[0].id for host, each in found.items()} == {
        "www.example.org": "E1",
        "a.example.org": "E2",
        "a.b.example.org": "E2",
        "example.org": None,
        "b.example.com": None,
    }


def entry(size: int) -> Entry:
    return Entry(200, {}, b"", size, NOW, NOW + 1)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3 * ENTRY_BYTES), st.booleans()), max_size=60))
def test_a_cache_never_holds_more_than_it_may_and_forgets_the_least_used_first(steps):
    most = 5 * ENTRY_BYTES
    cache = Cache(most)
    order: list[Name] = []
    for number, size, reads in steps:
        name = Name("E1", f"/{number}", "*")
        if reads:
            if cache.get(name) is not None:
                order.remove(name)
                order.append(name)
            continue
        cache.put(name, entry(size))
        order = [each for each in order if each != name] + [name]
        assert cache.bytes <= most
        held = [each for each in order if each in cache._entries]
        # What is held is the end of the order of use: nothing younger was let go for something older.
        assert held == order[len(order) - len(held) :] or size + len(name.path) + ENTRY_BYTES > most
        order = held
    assert cache.bytes == sum(
        each.size + len(name.path) + ENTRY_BYTES for name, each in cache._entries.items()
    )
    cache.purge("E1", ["/*"])
    assert (cache.bytes, len(cache)) == (0, 0)


def test_names_and_headers_count_too_for_viewers_choose_them():
    cache = Cache(20 * ENTRY_BYTES)
    for number in range(100):
        name = Name("E1", f"/?{number}" + "q" * 4 * ENTRY_BYTES, "*")
        cache.put(name, Entry(404, {"x": "y" * ENTRY_BYTES}, b"", 0, NOW, NOW + 1))
    assert 2 <= len(cache) <= 4
