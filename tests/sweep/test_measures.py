"""What a sweep tells: the oldest unsent change by its first time, and each new dead letter once."""

import pytest

from invalidator.sweep.measures import measure
from invalidator.sweep.sweep import Swept

NOW = 1_795_000_000.0


def test_the_oldest_unsent_change_is_told_by_its_first_time_and_whose_it_is():
    told = measure(Swept(NOW - 90.04, "target:E1", 3, ["target:E1"]), 0, 0, NOW)
    assert (told.oldest_unsent_seconds, told.oldest, told.waiting, told.called) == (90.0, "target:E1", 3, 1)


def test_where_nothing_waits_it_is_0_so_that_the_alarm_ends():
    assert measure(Swept(), 0, 0, NOW).oldest_unsent_seconds == 0.0


def test_a_change_from_a_clock_that_is_ahead_is_not_older_than_now():
    assert measure(Swept(NOW + 60, "target:E1", 1), 0, 0, NOW).oldest_unsent_seconds == 0.0


@pytest.mark.parametrize(
    ("before", "letters", "new"),
    [
        (0, 1, 1),
        (5, 6, 1),  # old ones hide no new one
        (5, 5, 0),  # and ring no second time
        (5, 2, 0),  # the desk has returned some
        (None, 7, 0),  # those of version 0.1.0 have rung
    ],
)
def test_each_new_dead_letter_is_told_once(before, letters, new):
    assert measure(Swept(), letters, before, NOW).new_dead_letters == new
