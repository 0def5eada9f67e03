"""Path patterns mean what the plainest matcher says they mean, and take no long, whatever viewers and owners write."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infra.local.edge.path_patterns import fits


def plainly(pattern: str, path: str) -> bool:
    """By the definition: whether the rest of a pattern fits the rest of a path, for all rests, the shortest first."""
    after = [not path[at:] for at in range(len(path) + 1)]
    for character in reversed(pattern):
        now = [False] * (len(path) + 1)
        for at in range(len(path), -1, -1):
            one = at < len(path) and character in {"?", path[at]} and after[at + 1]
            now[at] = after[at] or (at < len(path) and now[at + 1]) if character == "*" else one
        after = now
    return after[0]


@given(st.text("ab/*?.", max_size=9).map("/".__add__), st.text("ab/.\n", max_size=12).map("/".__add__))
@example("/*", "/")
@example("/a*a", "/a")
@example("/*a*", "/ba")
@example("/*ab*ab", "/aabab")
@example("/*b*a", "/aba")
@example("/*?", "/")
@example("/**?*", "/a")
@example("/a.b", "/axb")
def test_a_pattern_fits_what_the_definition_says(pattern, path):
    assert fits(pattern, path) == plainly(pattern, path)


@pytest.mark.parametrize(
    "pattern",
    ["/*a*b*c*d*/*.png", "/" + "*a" * 120 + "b", "/" + "*?" * 120, "/" + "*a?a" * 60 + "b", "/" + "*" * 255],
)
def test_no_pattern_keeps_the_other_viewers_waiting(pattern):
    """They share one loop; 8,192 characters are the longest URL [cloudfront-limits]."""
    paths = ["/" + text * (8_190 // len(text)) for text in ("a", "abcd", "abc/d.pn")]
    fits(pattern, "/")  # compiled
    began = time.process_time()
    for path in paths:
        for _ in range(10):
            fits(pattern, path)
    assert (time.process_time() - began) / 30 < 0.01
