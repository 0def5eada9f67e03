"""What is in progress leaves less room; what was refused is asked for smaller and further apart."""

from hypothesis import given
from hypothesis import strategies as st

from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.pace import (
    GAP_SECONDS,
    LONGEST_GAP_SECONDS,
    RELEARN_SECONDS,
    REQUESTS_IN_A_PLAN,
    Pace,
    after_refusal,
    after_success,
    unhurried,
    within_pace,
)
from invalidator.core.limits.room import (
    LONGEST_SECONDS,
    QUOTA_IN_PROGRESS,
    RESERVED_WILDCARDS,
    fits,
    in_progress,
    room,
    within_room,
)
from invalidator.core.sent import Sent

NOW = 1_000_000.0
CEILING = Allowance(1000, 15)


def sent(age: float, *paths: str, completed: bool = False, identifier: str = "I1") -> Sent:
    return Sent("E1", identifier, NOW - age, paths, completed=completed)


def test_in_progress_is_what_is_neither_completed_nor_too_old_the_oldest_first():
    young, older = sent(1.0, "/a"), sent(30.0, "/b")
    done, ancient = sent(1.0, "/c", completed=True), sent(LONGEST_SECONDS, "/d")
    assert in_progress([young, older, done, ancient], NOW) == [older, young]


def test_room_is_the_quota_without_what_is_in_progress():
    running = [sent(1, "/a", "/b*"), sent(2, "/c*", "/d*")]
    assert room(running) == Allowance(QUOTA_IN_PROGRESS.paths - 4, QUOTA_IN_PROGRESS.wildcards - 3)
    assert room([]) == QUOTA_IN_PROGRESS


def test_room_is_never_negative():
    running = [sent(1, *(f"/{n}*" for n in range(4000)))]
    assert room(running) == Allowance(0, 0)
    assert not fits(1, 0, room(running))


def test_a_plan_fits_when_both_paths_and_wildcards_do():
    assert fits(10, 2, Allowance(10, 2))
    assert not fits(11, 2, Allowance(10, 2))
    assert not fits(10, 3, Allowance(10, 2))


@given(st.integers(1, 5000), st.integers(1, 50), st.integers(0, 3000), st.integers(0, 15))
def test_within_room_a_plan_keeps_at_least_one_path_and_leaves_wildcards_for_the_next(
    paths, wildcards, free, stars
):
    plan = within_room(Allowance(paths, wildcards), Allowance(free, stars))
    assert plan.paths == max(1, min(paths, free))
    assert plan.wildcards == max(1, min(wildcards, stars - RESERVED_WILDCARDS))


PACES = st.builds(
    Pace, st.integers(1, 3000), st.integers(1, 30), st.floats(0, LONGEST_GAP_SECONDS), st.just(NOW)
)


@given(PACES, st.integers(1, 3000), st.integers(0, 30), st.booleans())
def test_a_refusal_always_leads_to_something_smaller_or_further_apart_and_never_below_one_path(
    pace, paths, wildcards, too_large
):
    after = after_refusal(
        pace, min(paths, pace.paths), min(wildcards, pace.wildcards), NOW + 1, too_large=too_large
    )
    assert after.paths >= 1
    assert after.wildcards >= 1
    assert GAP_SECONDS <= after.gap <= LONGEST_GAP_SECONDS
    assert after.learned == NOW + 1
    smaller = after.paths < pace.paths or after.wildcards < pace.wildcards
    assert smaller or after.gap > pace.gap or pace.gap >= LONGEST_GAP_SECONDS or pace.paths == 1


def test_too_many_halves_the_refused_request_down_to_one_path():
    pace = unhurried(CEILING)
    sizes = []
    for _ in range(12):
        pace = after_refusal(pace, pace.paths, pace.wildcards, NOW, too_large=True)
        sizes.append(pace.paths)
    assert sizes == [500, 250, 125, 62, 31, 15, 7, 3, 1, 1, 1, 1]
    assert pace.wildcards == 1
    assert pace.gap > GAP_SECONDS


def test_throttling_spaces_the_calls_and_leaves_their_size():
    pace = after_refusal(unhurried(CEILING), 800, 3, NOW, too_large=False)
    assert pace == Pace(1000, 15, GAP_SECONDS, NOW)
    assert after_refusal(pace, 800, 3, NOW, too_large=False).gap == 2 * GAP_SECONDS


def test_success_changes_nothing_until_the_lesson_is_old():
    learned = Pace(100, 2, GAP_SECONDS, NOW)
    assert after_success(learned, CEILING, NOW + RELEARN_SECONDS - 1) == learned
    assert after_success(learned, CEILING, NOW + RELEARN_SECONDS) == Pace(200, 4, 1.0, NOW + RELEARN_SECONDS)


def test_in_time_all_is_forgotten_again():
    pace, now = Pace(1, 1, LONGEST_GAP_SECONDS, NOW), NOW
    for _ in range(20):
        now += RELEARN_SECONDS
        pace = after_success(pace, CEILING, now)
    assert pace == unhurried(CEILING)


def test_a_plan_at_a_pace_is_what_a_few_requests_can_carry():
    assert within_pace(CEILING, unhurried(CEILING)) == CEILING
    slow = within_pace(CEILING, Pace(10, 1, 2.0, NOW))
    assert slow == Allowance(10 * REQUESTS_IN_A_PLAN, REQUESTS_IN_A_PLAN)
    assert within_pace(Allowance(1, 1), Pace(10, 1, 2.0, NOW)) == Allowance(1, 1)


def test_a_small_request_that_met_a_drained_rate_teaches_to_stand_apart_not_to_shrink():
    pace = Pace(1000, 15)
    after = after_refusal(pace, 2, 0, NOW, too_large=True)
    assert (after.paths, after.wildcards, after.gap) == (1000, 15, GAP_SECONDS)


def test_wildcards_are_suspected_before_paths_are():
    after = after_refusal(Pace(1000, 15, GAP_SECONDS), 60, 12, NOW, too_large=True)
    assert (after.paths, after.wildcards) == (100, 1)


def test_a_refused_request_without_wildcards_teaches_nothing_about_them():
    assert after_refusal(Pace(1000, 15, GAP_SECONDS), 600, 0, NOW, too_large=True).wildcards == 15


def test_refused_again_and_again_it_ends_at_one_path_and_then_stands_further_apart():
    pace = Pace(1000, 15)
    for _ in range(40):
        pace = after_refusal(pace, pace.paths, min(pace.wildcards, pace.paths), NOW, too_large=True)
    assert (pace.paths, pace.wildcards, pace.gap) == (1, 1, LONGEST_GAP_SECONDS)
