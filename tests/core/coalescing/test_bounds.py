"""Wildcards stay below the floors: whatever the allowance, other origins' pages are not purged."""

from hypothesis import given
from hypothesis import strategies as st

from invalidator.core.coalescing.coalescing import Coalesced, coalesce
from invalidator.core.coalescing.collateral import Inventory
from invalidator.core.limits.allowance import Allowance
from tests.core.coalescing.test_coalescing import allowances, covers
from tests.examples import examples

FLOORS = ("/media/*", "/static/*")
below_floors = st.builds(
    "{}{}".format, st.sampled_from(["/media/", "/static/"]), st.text("ab/%", max_size=4)
).map(lambda path: path.replace("%", "%20"))
asked = below_floors.map(lambda path: path + "*")
inventories = st.none() | st.lists(below_floors, max_size=9).map(Inventory)


def is_below(path: str, floors: tuple[str, ...]) -> bool:
    return path.startswith(tuple(floor[:-1] for floor in floors))


@given(st.lists(below_floors | asked, max_size=30), allowances, inventories)
def test_no_wildcard_reaches_above_the_floors_and_everything_is_covered(paths, allowance, unchanged):
    coalesced = coalesce(paths, allowance, unchanged, FLOORS)

    assert all(covers(coalesced, path) for path in paths)
    assert all(is_below(path, FLOORS) for path in coalesced.paths)
    assert len(coalesced.paths) <= max(allowance.paths, len(FLOORS))
    assert len(coalesced.wildcards) <= max(allowance.wildcards, len(FLOORS))


@given(st.lists(below_floors | asked, max_size=30), allowances, inventories)
def test_coalescing_below_floors_twice_is_coalescing_once(paths, allowance, unchanged):
    once = coalesce(paths, allowance, unchanged, FLOORS)

    assert coalesce(once.paths, allowance, unchanged, FLOORS) == once


@given(st.lists(below_floors | asked, max_size=30), st.integers(2, 8), st.integers(2, 4), inventories)
@examples(4)
def test_the_allowance_holds_where_the_floors_leave_it_room(paths, most, slots, unchanged):
    coalesced = coalesce(paths, Allowance(most, slots), unchanged, FLOORS)

    assert len(coalesced.paths) <= most
    assert len(coalesced.wildcards) <= slots


@given(st.lists(st.text("ab/", max_size=5).map("/{}".format) | below_floors, max_size=30), allowances)
def test_where_the_default_behavior_leads_here_nothing_is_bounded(paths, allowance):
    assert coalesce(paths, allowance, floors=["/*"]) == coalesce(paths, allowance)
    assert coalesce(paths, allowance, floors=["/static/*", "/*"]) == coalesce(paths, allowance)


def test_a_limit_of_one_path_gives_the_two_behaviors_wildcards():
    changed = [f"/static/app/c{number}.js" for number in range(9)] + [f"/media/u{n}/p.png" for n in range(9)]

    assert coalesce(changed, Allowance(1, 1), floors=FLOORS).paths == ("/media/*", "/static/*")
    assert coalesce(changed[:9], Allowance(1, 1), floors=FLOORS).paths == ("/static/app/c*",)


def test_narrower_wildcards_are_preferred_where_they_fit():
    changed = [f"/static/{place}/{number}" for place in ("a", "b") for number in range(9)] + ["/media/x"]

    assert coalesce(changed, Allowance(3, 2), floors=FLOORS).paths == (
        "/media/x",
        "/static/a/*",
        "/static/b/*",
    )
    assert coalesce(changed, Allowance(2, 1), floors=FLOORS).paths == ("/media/x", "/static/*")


def test_a_behavior_of_one_path_keeps_that_path():
    changed = ["/favicon.ico", *(f"/static/{number}" for number in range(9))]

    assert coalesce(changed, Allowance(1, 1), floors=["/favicon.ico", "/static/*"]).paths == (
        "/favicon.ico",
        "/static/*",
    )


def test_paths_below_no_floor_do_not_pass_the_limit_however_many_they_are():
    """A key such as `/static/x` reaches `/static/*` only if CloudFront merges slashes."""
    strays = [f"//static/{number}" for number in range(500)]

    coalesced = coalesce([*strays, "/static/a", "/static/b"], Allowance(1, 1), floors=FLOORS)
    assert coalesced == Coalesced((), ("//static/*", "/static/*"))
    assert coalesce(["//static/1", "/static/a"], Allowance(1, 1), floors=FLOORS).paths == (
        "//static/1",
        "/static/*",
    )
    assert coalesce(strays, Allowance(1, 1), floors=()).paths == ("//static/*",)
