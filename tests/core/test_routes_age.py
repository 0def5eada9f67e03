"""How old routes may be before somebody has to know."""

import pytest

from invalidator.core.routes_age import late_after, routes_age

NOW = 1_795_000_000.0


@pytest.mark.parametrize(
    ("completed", "since", "age"),
    [
        (NOW - 60, NOW - 9000, 60.0),
        (0.0, NOW - 9000, 9000.0),  # none was ever complete: a stack that may not list since it was made
        (NOW + 30, NOW - 9000, 0.0),  # begun by a clock that is ahead
    ],
)
def test_routes_are_as_old_as_the_last_complete_survey(completed, since, age):
    assert routes_age(completed, since, NOW) == age


@pytest.mark.parametrize(("minutes", "late"), [(1, 900.0), (5, 900.0), (10, 1800.0), (1440, 259_200.0)])
def test_routes_are_late_after_three_surveys_and_a_quarter_of_an_hour(minutes, late):
    assert late_after(minutes * 60.0) == late
