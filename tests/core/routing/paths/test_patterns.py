"""CloudFront's path patterns mean what an independent, slower matcher says they mean."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from invalidator.core.routing.paths.patterns import compile_pattern
from tests.core.routing.cloudfront_cache_model import fits

patterns = st.text("ab/*?.", max_size=8)
paths = st.text("ab/.\n", max_size=10).map("/".__add__)


@given(patterns, paths)
@example("*", "/")
@example("a*a", "/a")
@example("/*a", "/a")
@example("*/a", "/a")
@example("*a", "/a/a")
@example("a*b*a", "/aba")
@example("a*ab*ab", "/aabab")
@example("a.b", "/axb")
@example("?", "/")
@example("??*", "/a")
def test_a_pattern_matches_exactly_what_the_rules_say(pattern, path):
    assert compile_pattern(pattern)(path) == fits("/" + pattern.removeprefix("/"), path)


@given(patterns.filter(lambda pattern: not pattern.startswith("/")), paths)
def test_the_leading_slash_is_optional(pattern, path):
    assert compile_pattern(pattern)(path) == compile_pattern("/" + pattern)(path)


@pytest.mark.parametrize("special", list(".+()[]{}|^$\\"))
def test_characters_of_regular_expressions_mean_themselves(special):
    matches = compile_pattern(f"/a{special}?b*c*")

    assert matches(f"/a{special}xbyc")
    assert not matches("/axxbyc")


def test_a_pattern_of_many_stars_does_not_make_matching_slow():
    """Naive backtracking would try some 600 million ways to place these five stars."""
    matches = compile_pattern("*a" * 5 + "?b")
    started = time.process_time()

    assert not matches("/" + "a" * 150)
    assert time.process_time() - started < 1
