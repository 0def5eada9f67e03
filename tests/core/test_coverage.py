"""A change is covered only by an invalidation that names its path and is safely younger than it."""

from hypothesis import given
from hypothesis import strategies as st

from invalidator.core.sent import CLOCK_MARGIN_SECONDS, Coverage, Sent

T = 1_000_000.0
LATER = T + CLOCK_MARGIN_SECONDS


def sent(created: float, *paths: str, identifier: str = "I1") -> Sent:
    return Sent("E1", identifier, created, paths)


def covered(path: str, at: float, *invalidations: Sent) -> bool:
    return Coverage(invalidations).covering(path, at) is not None


# Few letters, so that paths and prefixes meet often.
PATHS = st.text("ab/", max_size=4).map(lambda rest: "/" + rest)
SENT_PATHS = st.lists(PATHS | PATHS.map(lambda path: path + "*"), min_size=1, max_size=4)
HISTORY = st.lists(
    st.tuples(st.floats(0, 40), SENT_PATHS).map(lambda each: sent(T + each[0], *each[1])), max_size=6
)


def names(sent_path: str, path: str) -> bool:
    """Whether an invalidation path removes a viewer path (or all that another wildcard stands for)."""
    if sent_path.endswith("*"):
        return path.removesuffix("*").startswith(sent_path[:-1])
    return sent_path == path


@given(HISTORY, PATHS | PATHS.map(lambda path: path + "*"), st.floats(0, 40))
def test_covered_means_exactly_that_a_younger_invalidation_names_it(history, path, after):
    at = T + after
    truth = any(
        each.created >= at + CLOCK_MARGIN_SECONDS and any(names(one, path) for one in each.paths)
        for each in history
    )
    assert covered(path, at, *history) == truth


@given(HISTORY, st.dictionaries(PATHS, st.floats(0, 40).map(lambda after: T + after), max_size=8))
def test_what_is_left_to_send_is_what_nothing_covers(history, paths):
    coverage = Coverage(history)
    expected = {path for path, at in paths.items() if coverage.covering(path, at) is None}
    assert coverage.uncovered({path: (at, at) for path, at in paths.items()}).keys() == expected


@given(HISTORY, PATHS, st.floats(-CLOCK_MARGIN_SECONDS, CLOCK_MARGIN_SECONDS), st.floats(0, 40))
def test_a_clock_that_is_wrong_by_less_than_the_margin_never_hides_a_change(history, path, skew, after):
    """S3's clock is wrong by `skew`: the change really happened at `real`, and S3 says `real + skew`."""
    real = T + after
    found = Coverage(history).covering(path, real + skew)
    assert found is None or found.created >= real


def test_two_services_clocks_may_differ_by_five_seconds():
    assert covered("/a", T, sent(T + 5.0, "/a"))
    assert not covered("/a", T, sent(T + 4.9, "/a"))


def test_the_margin_is_exact():
    assert covered("/a", T, sent(LATER, "/a"))
    assert not covered("/a", T, sent(LATER - 0.001, "/a"))


def test_the_age_of_another_path_does_not_count():
    assert not covered("/a", T, sent(T, "/a"), sent(LATER, "/b", identifier="I2"))


def test_an_older_invalidation_of_the_path_does_not_hide_a_younger_one():
    newer = sent(LATER, "/a", "/d/*", identifier="I2")
    for order in ([sent(T, "/a", "/d/*"), newer], [newer, sent(T, "/a", "/d/*")]):
        assert covered("/a", T, *order)
        assert covered("/d/x", T, *order)


def test_a_wildcard_covers_what_starts_like_it_and_nothing_else():
    wildcard = sent(LATER, "/dir/*")
    assert covered("/dir/a/b", T, wildcard)
    assert covered("/dir/", T, wildcard)
    assert not covered("/dir", T, wildcard)
    assert not covered("/dirx", T, wildcard)
    assert covered("/dir", T, sent(LATER, "/dir*"))


def test_a_wildcard_is_covered_only_by_one_that_covers_all_of_it():
    assert covered("/dir/*", T, sent(LATER, "/dir/*"))
    assert covered("/dir/*", T, sent(LATER, "/di*"))
    assert not covered("/dir*", T, sent(LATER, "/dir/*"))
    assert not covered("/dir/*", T, sent(LATER, "/dir/", "/dir/a"))


def test_the_shortest_and_the_longest_wildcard_count():
    assert covered("/a", T, sent(LATER, "/*"))
    long = "/" + "x" * 3990
    assert covered(long + "y", T, sent(LATER, long + "*"))
    assert not covered(long[:-1], T, sent(LATER, long + "*"))


def test_a_star_within_a_path_is_a_letter():
    assert not covered("/abc", T, sent(LATER, "/a*c"))
    assert covered("/a*c", T, sent(LATER, "/a*c"))


def test_nothing_sent_covers_nothing():
    assert not covered("/a", 0.0)
    assert Coverage([]).uncovered({"/a": (0.0, 1.0)}) == {"/a": (0.0, 1.0)}
    assert Coverage([sent(LATER, "/a")]).uncovered({}) == {}


def answering(created: float, *answered: tuple[str, float]) -> Sent:
    return Sent("E1", "I1", created, tuple(path for path, _ in answered), tuple(at for _, at in answered))


def test_a_change_that_was_answered_is_covered_however_soon_after_it_that_was():
    soon = answering(T + 1, ("/a", T))
    assert covered("/a", T, soon)
    assert covered("/a", T - 3, soon)
    assert not covered("/a", T + 0.5, soon)


def test_a_wildcard_covers_what_changed_before_the_newest_change_that_it_answered():
    soon = answering(T + 1, ("/img/*", T))
    assert covered("/img/a.png", T - 2, soon)
    assert not covered("/img/a.png", T + 0.5, soon)


def test_of_a_path_that_was_answered_and_changed_again_the_first_unanswered_change_is_not_older_than_the_answer():
    coverage = Coverage([answering(T + 1, ("/a", T))])
    assert coverage.uncovered({"/a": (T - 60, T + 30)}) == {"/a": (T, T + 30)}
