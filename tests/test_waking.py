"""Asking for looks: what could be asked for is called, whatever fails beside it, and what could not be sent is said."""

import pytest

from invalidator.failures import TableUnavailable
from tests.notifications import direct
from tests.sender.world import World, distribution


def refuse_nth_wake(world, nth):
    """Let the table fail once, at the n-th look that is asked for."""
    asked = 0
    wake = world.memory.wake

    def failing(*arguments):
        nonlocal asked
        asked += 1
        if asked == nth:
            raise TableUnavailable("throttled")
        return wake(*arguments)

    world.memory.wake = failing


def test_those_asked_for_before_the_table_failed_are_looked_at_in_seconds():
    """Else they would wait for the sweep: nobody asks for a look that is asked for already."""
    world = World(distribution("E1", "site"), distribution("E2", "site"))
    refuse_nth_wake(world, 2)
    message = world.message(direct("a.html", at=world.clock.now()))
    assert world.take_in([message]).retry == {message.id}
    world.run_for(10)
    assert [sent.distribution for sent in world.cloudfront.paid] == ["E1"]


@pytest.mark.parametrize("served", [1, 30], ids=["by intake", "by the step of a bucket"])
def test_why_wakes_could_not_be_sent_is_told_once_and_the_sweep_makes_it_good(served):
    world = World(*(distribution(f"E{n}", "site") for n in range(served)))
    if served == 1:
        world.queues.down.add("wakes")
        assert "cannot be asked" in world.upload("a.html").unsent
        world.queues.down.clear()
    else:
        world.upload("a.html")
        now = world.clock.now() + 5
        world.clock.time = now
        world.queues.wakes.clear()
        world.queues.down.add("wakes")
        run = world.steps.buckets.hand_out("site", "run", now + 13)
        assert "cannot be asked" in run.unsent
        world.queues.down.clear()
    assert world.upload("b.html").unsent == ""
    world.run_for(200)
    assert len({sent.distribution for sent in world.cloudfront.paid}) == served
    assert world.sweep().called == []
