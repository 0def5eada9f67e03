"""Many activities share one clock, and none of them really waits."""

import pytest

from infra.simulator.virtual_time import VirtualTime


def test_activities_take_turns():
    time = VirtualTime(100.0)
    said = []

    def activity(name, pause):
        for _ in range(2):
            time.sleep(pause)
            said.append((name, time.now()))

    time.start(lambda: activity("slow", 3))
    time.start(lambda: activity("quick", 2))
    time.run()
    assert said == [("quick", 102.0), ("slow", 103.0), ("quick", 104.0), ("slow", 106.0)]


def test_who_sleeps_alone_wakes_at_its_time_and_before_what_is_due_later():
    time = VirtualTime(0.0)
    said = []
    time.at(5.0, lambda: said.append(("due", time.now())))

    def activity():
        time.sleep(4.0)
        said.append(("woke", time.now()))
        time.sleep(1.0)
        said.append(("woke again", time.now()))

    time.start(activity)
    time.run()
    assert said == [("woke", 4.0), ("due", 5.0), ("woke again", 5.0)]


def test_nobody_wakes_after_the_end():
    time = VirtualTime(0.0)
    said = []

    def activity():
        time.sleep(10.0)
        said.append(time.now())

    time.start(activity)
    time.run(until=9.0)
    assert said == []
    time.run()
    assert said == [10.0]


def test_a_run_that_is_stopped_forgets_what_is_due():
    time = VirtualTime(0.0)
    said = []
    time.at(1.0, time.stop)
    time.at(2.0, lambda: said.append("late"))
    time.run()
    assert said == []
    assert time.now() == 1.0


def test_an_error_in_an_activity_ends_the_run():
    time = VirtualTime(0.0)

    def fails():
        time.sleep(1)
        raise LookupError("broken")

    time.start(fails)
    with pytest.raises(LookupError, match="broken"):
        time.run()
