"""Coalescing, for any paths: covers all, stays within the allowance, is settled, is cheapest."""

import functools
import subprocess
import sys
from itertools import combinations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from invalidator.core.coalescing.coalescing import Coalesced, coalesce
from invalidator.core.coalescing.collateral import UNKNOWN, Count, Inventory
from invalidator.core.limits.allowance import Allowance
from tests.examples import examples

PIECES = [
    "a",
    "b",
    "ab",
    "/",
    "-",
    "*b",
    "%20",
    "%C3%A9",
    "%C3%A8",
    "%E2%82%AC",
    "%E2%82%AD",
    "%F0%9F%98%80",
    "%",
]
exact_paths = st.lists(st.sampled_from(PIECES), max_size=6).map(lambda pieces: "/" + "".join(pieces))
wildcards = exact_paths.map(lambda path: path + "*")
viewer_paths = exact_paths | wildcards
allowances = st.builds(Allowance, paths=st.integers(1, 8), wildcards=st.integers(1, 4))
small_paths = st.text("ab/", max_size=5).map(lambda rest: "/" + rest)


def covers(coalesced: Coalesced, path: str) -> bool:
    prefixes = tuple(wildcard[:-1] for wildcard in coalesced.wildcards)
    if path.endswith("*"):
        return path[:-1].startswith(prefixes)
    return path in coalesced.exact or path.startswith(prefixes)


def purged(wildcards, unchanged) -> int:
    return sum(path.startswith(tuple(wildcard[:-1] for wildcard in wildcards)) for path in unchanged)


def cheapest(paths, allowance: Allowance, unchanged) -> tuple[int, int]:
    """Objects purged and paths sent by the best of all choices."""
    prefixes = {path.removesuffix("*")[:end] for path in paths for end in range(1, len(path) + 1)}
    best = []
    for number in range(allowance.wildcards + 1):
        for chosen in combinations(sorted(prefixes), number):
            left = [path for path in paths if not path.removesuffix("*").startswith(chosen)]
            if not any(path.endswith("*") for path in left) and len(left) + number <= allowance.paths:
                best.append((purged([f"{prefix}*" for prefix in chosen], unchanged), len(left) + number))
    return min(best)


@given(st.lists(viewer_paths, max_size=30), allowances, st.none() | st.lists(exact_paths).map(Inventory))
def test_every_changed_path_is_covered_within_the_allowance_and_nothing_is_sent_twice(
    paths, allowance, unchanged
):
    coalesced = coalesce(paths, allowance, unchanged)

    assert all(covers(coalesced, path) for path in paths)
    assert len(coalesced.paths) <= allowance.paths
    assert len(coalesced.wildcards) <= allowance.wildcards
    for path in coalesced.paths:
        others = tuple(wildcard[:-1] for wildcard in coalesced.wildcards if wildcard != path)
        assert not path.startswith(others)
    assert coalesced.paths == tuple(sorted(set(coalesced.exact) | set(coalesced.wildcards)))


@given(st.lists(viewer_paths, max_size=30), st.integers(-2, 3), st.integers(-2, 3))
def test_an_allowance_too_small_for_any_choice_is_raised_to_one_path_or_one_wildcard(paths, most, slots):
    coalesced = coalesce(paths, Allowance(most, slots))

    assert all(covers(coalesced, path) for path in paths)
    assert len(coalesced.paths) <= max(1, most)
    assert len(coalesced.wildcards) <= max(1, slots)


@given(st.data(), st.lists(viewer_paths, max_size=30), allowances)
def test_order_and_duplicates_change_nothing(data, paths, allowance):
    again = data.draw(st.permutations(paths + paths[::2]))

    assert coalesce(again, allowance) == coalesce(paths, allowance)


@given(
    st.lists(viewer_paths, max_size=30),
    st.builds(Allowance, paths=st.integers(-1, 8), wildcards=st.integers(-1, 4)),
    st.none() | st.lists(exact_paths).map(Inventory),
)
def test_coalescing_twice_is_coalescing_once(paths, allowance, unchanged):
    once = coalesce(paths, allowance, unchanged)

    assert coalesce(once.paths, allowance, unchanged) == once


@given(
    st.lists(small_paths | small_paths.map(lambda path: path + "*"), min_size=1, max_size=9),
    st.lists(small_paths, max_size=12),
    st.builds(Allowance, paths=st.integers(1, 7), wildcards=st.integers(1, 3)),
)
@examples(4)
def test_with_an_inventory_no_choice_purges_less_or_purges_as_little_with_fewer_paths(
    paths, others, allowance
):
    asked = coalesce(paths, Allowance(99, 99))
    unchanged = set(others) - set(paths)
    if len(asked.paths) <= allowance.paths and len(asked.wildcards) <= allowance.wildcards:
        assert coalesce(paths, allowance, Inventory(unchanged)) == asked
        return

    coalesced = coalesce(paths, allowance, Inventory(unchanged))

    best = cheapest(asked.paths, allowance, unchanged)
    assert (purged(coalesced.wildcards, unchanged), len(coalesced.paths)) == best


@given(st.lists(exact_paths, unique=True, max_size=30), st.integers(0, 4))
def test_paths_that_fit_are_sent_as_they_are(paths, slots):
    plain = [path for path in paths if not path.endswith("*")]

    assert coalesce(plain, Allowance(max(1, len(plain)), slots)) == Coalesced(tuple(sorted(plain)), ())


def test_no_paths_give_no_paths():
    assert coalesce([], Allowance(1, 0)) == Coalesced((), ())


def test_a_wildcard_covers_its_prefix_itself_and_every_name_that_goes_on_from_it():
    coalesced = coalesce(["/foo*", "/foo", "/foobar", "/foo/x", "/fo", "/foo/*"], Allowance(10, 10))

    assert coalesced == Coalesced(("/fo",), ("/foo*",))


def test_names_that_sort_between_a_wildcard_and_its_prefix_are_covered_too():
    assert coalesce(["/foo*", "/foo!", "/foo$1", "/foo(2)"], Allowance(9, 1)) == Coalesced((), ("/foo*",))


def test_a_star_elsewhere_is_a_letter():
    assert coalesce(["/a*b", "/axb"], Allowance(2, 1)) == Coalesced(("/a*b", "/axb"), ())


def test_a_prefix_may_end_anywhere_not_only_at_a_slash():
    changed = [f"/img/logo-{size}.png" for size in range(8)]
    unchanged = Inventory([f"/img/photo-{number}.png" for number in range(8)])

    assert coalesce(changed, Allowance(2, 1), unchanged).wildcards == ("/img/logo-*",)


def test_among_equals_fewest_paths_are_sent():
    changed = ["/a/1", "/a/2", "/b/1", "/b/2", "/b/3", "/c"]
    unchanged = Inventory(["/", "/d"])

    assert coalesce(changed, Allowance(5, 2), unchanged).paths == ("/a/*", "/b/*", "/c")


@pytest.mark.parametrize(("few", "many"), [("a", "b"), ("b", "a")])
def test_among_wildcards_that_purge_nothing_the_one_that_saves_most_paths_is_taken(few, many):
    changed = [*(f"/{few}/{number}" for number in range(3)), *(f"/{many}/{number}" for number in range(4))]

    assert coalesce(changed, Allowance(5, 1), Inventory(["/", "/c"])).wildcards == (f"/{many}/*",)


def test_wildcards_that_came_in_count_and_are_merged_when_there_are_too_many():
    coalesced = coalesce(["/a/x*", "/a/y*", "/b/x*", "/c"], Allowance(10, 2), Inventory(["/a/z", "/"]))

    assert coalesced == Coalesced(("/c",), ("/a/*", "/b/x*"))


def test_what_a_wildcard_that_came_in_purges_anyway_is_not_held_against_a_wider_one():
    """`/a/*` has to purge 5 whatever is chosen; widening it purges 1 more, `/b/*` would purge 2."""
    changed = ["/a/*", "/a1", "/a2", "/b/1", "/b/2"]
    unchanged = Inventory([*(f"/a/old{number}" for number in range(5)), "/a3", "/b/3", "/b/4"])

    assert coalesce(changed, Allowance(3, 1), unchanged) == Coalesced(("/b/1", "/b/2"), ("/a*",))


@pytest.mark.parametrize(
    ("changed", "wildcard"),
    [
        (["/a%20b", "/a%21b"], "/a*"),
        (["/x%C3%A9", "/x%C3%A8"], "/x*"),
        (["/x%E2%82%AC", "/x%E2%82%AD"], "/x*"),
        (["/x%F0%9F%98%80", "/x%F0%9F%98%81"], "/x*"),
        (["/x%C3%A91", "/x%C3%A92"], "/x%C3%A9*"),
        (["/x%201", "/x%202"], "/x%20*"),
        (["/x%C3%A9%20", "/x%C3%A9%21"], "/x%C3%A9*"),
        (["/x%ff1", "/x%ff2"], "/x*"),
        (["/100%a", "/100%b"], "/100*"),
    ],
)
def test_a_wildcard_never_ends_inside_an_escaped_character(changed, wildcard):
    assert coalesce(changed, Allowance(1, 1)) == Coalesced((), (wildcard,))


def test_a_wildcard_that_came_in_cut_inside_an_escape_is_widened():
    assert coalesce(["/x%C3*", "/y%2*"], Allowance(2, 2)) == Coalesced((), ("/x*", "/y*"))


@given(st.lists(viewer_paths, min_size=2, max_size=30), allowances)
@example(["/%E2%82%AC1", "/%E2%82%AD1", "/%E2%83%AD1"], Allowance(1, 1))
def test_what_is_before_the_star_decodes_to_whole_characters_when_the_paths_do(paths, allowance):
    plain = [path for path in paths if "%%" not in path and path[-1] not in "%*" and "%/" not in path]
    plain = [path for path in plain if not any(f"%{letter}" in path for letter in ("a", "b", "-", "*"))]
    for wildcard in coalesce(plain, allowance).wildcards:
        raw = wildcard[:-1].split("%")
        decoded = raw[0].encode() + b"".join(
            bytes([int(part[:2], 16)]) + part[2:].encode() for part in raw[1:]
        )
        decoded.decode("utf-8")  # raises where a character is cut


def test_characters_that_are_not_encoded_and_nuls_are_compared_like_others():
    paths = ["/é1", "/é2", "/日本1", "/日本2", "/z", "/z\0", "/z\0\0b"]

    assert coalesce(paths, Allowance(3, 3)).wildcards == ("/z*", "/é*", "/日本*")


def test_a_path_that_holds_a_line_feed_is_one_path():
    assert coalesce(["/c", "/a\n/b", "/c"], Allowance(2, 1)).exact == ("/a\n/b", "/c")


def test_a_path_that_does_not_start_with_a_slash_is_refused_by_name():
    with pytest.raises(ValueError, match=r"'img/a\.png'"):
        coalesce(["/a", "img/a.png"], Allowance(1, 1))
    with pytest.raises(ValueError, match=r"'!'"):
        coalesce(["/a", "!"], Allowance(9, 1))


def _found(probes: dict[str, Count], prefix: str) -> Count:
    return probes.get(prefix, UNKNOWN)


def test_a_probe_that_found_nothing_else_under_a_prefix_draws_the_wildcard_there():
    changed = [f"/{directory}/{name}" for directory in ("docs", "img") for name in ("alpha", "beta", "gamma")]
    for clean, crowded in (("/docs/", "/img/"), ("/img/", "/docs/")):
        probes = {clean: Count(0, 0), crowded: Count(at_least=1000)}
        coalesced = coalesce(changed, Allowance(4, 1), functools.partial(_found, probes))
        assert coalesced.wildcards == (f"{clean}*",)


def test_what_probes_found_below_a_prefix_counts_for_the_prefix():
    changed = ["/a/x/1", "/a/x/2", "/a/y/1", "/a/y/2", *(f"/b/{letter * 60}" for letter in "cdef")]
    assert coalesce(changed, Allowance(5, 1)).wildcards == ("/a/*",)
    probes = {"/a/x/": Count(500, 500)}
    coalesced = coalesce(changed, Allowance(5, 1), lambda prefix: probes.get(prefix, UNKNOWN))

    assert coalesced.wildcards == ("/b/*",)


def test_without_an_inventory_a_directory_that_changed_densely_is_preferred_to_one_touched_here_and_there():
    dense = [f"/build/{number:02d}.js" for number in range(40)]
    sparse = [
        f"/photos/{name}.jpg" for name in ("anniversary", "birthday-party", "graduation", "new-year-eve")
    ]

    coalesced = coalesce(dense + sparse, Allowance(10, 1))

    assert coalesced == Coalesced(tuple(sorted(sparse)), ("/build/*",))


def test_without_an_inventory_a_wildcard_covers_no_more_changed_paths_than_must_be():
    many = [f"/many/{number}.js" for number in range(9)]
    few = [f"/few/part-{number}.js" for number in range(3)]

    assert coalesce(many + few, Allowance(10, 1)).wildcards == ("/few/part-*",)


def test_without_an_inventory_wildcards_below_a_fork_are_preferred_to_one_above_it():
    paths = [f"/img/{size}/{name}.png" for size in (16, 32) for name in "abcd"] + ["/index.html"]

    assert coalesce(paths, Allowance(3, 2)).wildcards == ("/img/16/*", "/img/32/*")


def test_without_an_inventory_what_follows_a_dot_does_not_make_a_name_look_lonely():
    alike = [f"/css/{name}.stylesheet.map" for name in "abc"]
    lonely = [f"/doc/{name}" for name in ("introduction", "reference", "tutorial")]

    assert coalesce(alike + lonely, Allowance(4, 1)).wildcards == ("/css/*",)


def test_the_answer_does_not_depend_on_the_hash_seed():
    program = (
        "from invalidator.core.limits.allowance import Allowance\n"
        "from invalidator.core.coalescing.coalescing import coalesce\n"
        "paths = {f'/{a}/{b}{c}' for a in 'abcd' for b in 'xyz' for c in range(9)} | {'/a/q*', '/c/q*'}\n"
        "print([coalesce(paths, Allowance(most, 4)).paths for most in (1, 5, 20, 50, 80)])\n"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(answers) == 1
