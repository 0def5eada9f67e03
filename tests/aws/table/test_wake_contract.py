"""Wakes are the same in memory and in DynamoDB: the same cases run on both."""

from dataclasses import replace

import pytest

from invalidator.core.pending.wakes import ABSURD_SECONDS, LONGEST_LEASE_SECONDS, Rest, Wake
from tests.aws.table.remembered import NOW

REST = Rest(4.0, NOW + 14.0)


@pytest.fixture
def name(ports) -> str:
    return ports.name("target:E")


def stands(ports, name) -> Wake | None:
    return next((each for each in ports.wakes.waiting() if each.name == name), None)


def left(name, **fields) -> Wake:
    return Wake(name, **fields)


def test_who_asks_first_is_told_to_call_and_nobody_after(ports, name):
    asked = Wake(name, due=NOW + 1, called=NOW + 1, since=NOW - 2.125)
    assert ports.wakes.wake(name, NOW + 1, NOW - 2.125, NOW + 1) == asked
    assert ports.wakes.wake(name, NOW, NOW - 9, NOW) is None
    assert stands(ports, name) == asked


def test_a_wake_that_the_sweep_is_to_call_was_called_never(ports, name):
    assert ports.wakes.wake(name, NOW + 900, NOW, 0.0).called == 0.0


def test_all_wakes_are_listed(ports):
    names = {ports.name("target:E") for _ in range(12)}
    for each in names:
        ports.wakes.wake(each, NOW, NOW, NOW)
    assert names <= {each.name for each in ports.wakes.waiting()}


def test_a_due_time_that_lies_absurdly_far_ahead_stops_nobody_from_asking(ports, name):
    ports.wakes.wake(name, NOW + ABSURD_SECONDS + 100, NOW, 0.0)
    asked = ports.wakes.wake(name, NOW, NOW + 5, NOW)
    assert asked == Wake(name, due=NOW, called=NOW, since=NOW)


def test_a_run_takes_the_lease_and_clears_what_was_asked_for(ports, name):
    asked = ports.wakes.wake(name, NOW + 1, NOW, NOW + 1)
    assert ports.wakes.begin(name, NOW + 1, NOW + 46, "run-1") == asked
    assert stands(ports, name) == Wake(name, since=NOW, leased_until=NOW + 46)


def test_what_nobody_knew_can_be_held_too(ports, name):
    assert ports.wakes.begin(name, NOW, NOW + 45, "run-1") == Wake(name)


def test_one_run_at_a_time_has_the_lease(ports, name):
    ports.wakes.wake(name, NOW, NOW, NOW)
    ports.wakes.begin(name, NOW, NOW + 45, "run-1")
    assert ports.wakes.begin(name, NOW + 1, NOW + 46, "run-2") is None
    assert ports.wakes.begin(name, NOW + 1, NOW + 46, "run-1") is None
    assert ports.wakes.begin(name, NOW + 45, NOW + 90, "run-2") == Wake(
        name, since=NOW, leased_until=NOW + 45
    )


def test_a_lease_that_lies_absurdly_far_ahead_does_not_count(ports, name):
    ports.wakes.begin(name, NOW + 1e6, NOW + 1e6 + 45, "clock is off")
    ends = NOW + 1e6 + 45
    assert ports.wakes.begin(name, ends - LONGEST_LEASE_SECONDS, NOW, "run-2") is None
    assert ports.wakes.begin(name, ends - LONGEST_LEASE_SECONDS - 1, NOW, "run-3") is not None


def test_times_that_lie_absurdly_far_ahead_are_not_handed_to_a_run(ports, name):
    far = NOW + ABSURD_SECONDS + 1
    ports.wakes.begin(name, NOW, NOW + 45, "run-1")
    ports.wakes.end(name, "run-1", left(name, since=far, due=far, rest=Rest(2.0, far)))
    assert ports.wakes.begin(name, NOW, NOW + 45, "run-2") == Wake(name, due=NOW, since=NOW)


def test_a_run_leaves_what_still_waits_and_calls_for_it(ports, name):
    ports.wakes.wake(name, NOW, NOW - 5, NOW)
    ports.wakes.begin(name, NOW, NOW + 45, "run-1")
    waits = left(
        name, due=NOW + 30, called=NOW + 30, since=NOW - 1.5, rest=REST, waiting=12, reason="its turn comes"
    )
    assert ports.wakes.end(name, "run-1", waits)
    assert stands(ports, name) == waits
    assert ports.wakes.begin(name, NOW + 1, NOW + 46, "run-2") == waits


def test_a_run_that_leaves_nothing_calls_nobody(ports, name):
    ports.wakes.wake(name, NOW, NOW - 5, NOW)
    ports.wakes.begin(name, NOW, NOW + 45, "run-1")
    assert not ports.wakes.end(name, "run-1", left(name, rest=REST))
    assert stands(ports, name) == Wake(name, rest=REST)
    assert ports.wakes.wake(name, NOW + 20, NOW + 19, NOW + 20) == Wake(
        name, due=NOW + 20, called=NOW + 20, since=NOW + 19, rest=REST
    )


def test_what_was_asked_for_during_a_run_stays_with_who_asked(ports, name):
    ports.wakes.wake(name, NOW, NOW - 5, NOW)
    ports.wakes.begin(name, NOW, NOW + 45, "run-1")
    assert ports.wakes.wake(name, NOW + 3, NOW + 2, NOW + 3).due == NOW + 3
    assert not ports.wakes.end(name, "run-1", left(name, rest=REST))
    assert stands(ports, name) == Wake(name, due=NOW + 3, called=NOW + 3, since=NOW + 2, rest=REST)


def test_what_a_run_leaves_is_older_than_what_was_asked_for_meanwhile(ports, name):
    ports.wakes.wake(name, NOW, NOW - 5, NOW)
    ports.wakes.begin(name, NOW, NOW + 45, "run-1")
    ports.wakes.wake(name, NOW + 3, NOW + 2, NOW + 3)
    waits = left(name, due=NOW + 60, called=NOW + 60, since=NOW - 4, waiting=3, reason="why")
    assert not ports.wakes.end(name, "run-1", waits)
    assert stands(ports, name) == replace(waits, due=NOW + 3, called=NOW + 3)


def test_a_run_that_has_lost_its_lease_changes_nothing(ports, name):
    ports.wakes.wake(name, NOW, NOW - 5, NOW)
    ports.wakes.begin(name, NOW, NOW + 45, "run-1")
    ports.wakes.begin(name, NOW + 50, NOW + 95, "run-2")
    before = stands(ports, name)
    assert not ports.wakes.end(name, "run-1", left(name, due=NOW + 60, since=NOW))
    assert stands(ports, name) == before
    assert ports.wakes.end(name, "run-2", left(name, due=NOW + 60, since=NOW))


def test_a_lease_is_given_back_once(ports, name):
    ports.wakes.begin(name, NOW, NOW + 45, "run-1")
    ports.wakes.end(name, "run-1", left(name))
    assert not ports.wakes.end(name, "run-1", left(name, due=NOW, since=NOW))
    assert stands(ports, name) == Wake(name)


def test_a_run_that_died_leaves_the_age_of_what_waits(ports, name):
    ports.wakes.wake(name, NOW, NOW - 5, NOW)
    ports.wakes.begin(name, NOW, NOW + 45, "run-1")
    ports.wakes.wake(name, NOW + 1, NOW + 1, NOW + 1)
    assert stands(ports, name).since == NOW - 5


def test_a_call_is_noted_for_what_is_asked_for_and_nothing_else(ports, name):
    assert not ports.wakes.called(name, NOW, NOW)
    ports.wakes.wake(name, NOW + 900.123, NOW, 0.0)
    assert not ports.wakes.called(name, NOW + 900.124, NOW + 890)
    assert stands(ports, name).called == 0.0
    assert ports.wakes.called(name, NOW + 900.123, NOW + 890)
    assert stands(ports, name).called == NOW + 890
    ports.wakes.begin(name, NOW + 901, NOW + 946, "run-1")
    assert not ports.wakes.called(name, NOW + 900.123, NOW + 950)


@pytest.mark.parametrize(
    ("what", "forgotten"),
    [
        ({}, True),
        ({"rest": Rest(2.0, NOW - 101)}, True),
        ({"rest": Rest(2.0, NOW - 100)}, False),
        ({"due": NOW - 200}, False),
        ({"since": NOW - 200}, False),
    ],
)
def test_only_what_is_idle_is_forgotten(ports, name, what, forgotten):
    ports.wakes.begin(name, NOW - 300, NOW - 255, "run-1")
    ports.wakes.end(name, "run-1", left(name, **what))
    ports.wakes.forget(name, NOW - 100)
    assert (stands(ports, name) is None) == forgotten


def test_what_is_held_is_not_forgotten(ports, name):
    ports.wakes.begin(name, NOW, NOW + 45, "run-1")
    ports.wakes.forget(name, NOW + 44)
    assert stands(ports, name) is not None
    ports.wakes.forget(name, NOW + 46)
    assert stands(ports, name) is None
    ports.wakes.forget(name, NOW + 46)
