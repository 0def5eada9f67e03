"""A target's turn among the calls of its account: one ticket, one call."""

from infra.simulator.aws.table import InMemoryTable
from invalidator.core.limits.slots import Calls
from invalidator.sender.turns import Turns
from tests.sender.fakes import Clock


def test_each_call_takes_a_ticket_of_its_own_behind_those_who_wait():
    clock = Clock()
    table = InMemoryTable(clock.now)
    table.learn("self", Calls(gap=2.0, learned=clock.now()), 0.0)
    turns = Turns("E1", "self", table.known("self", clock.now()), 0, table, clock)
    assert turns.take(clock.now() + 100)
    assert turns.ticket == 0
    others = [table.draw("self").dealt for _ in range(5)]
    assert not turns.take(clock.now() + 100), "five others are before it"
    assert turns.ticket == others[-1] + 1


def test_where_calls_are_not_spaced_nobody_draws_a_ticket():
    clock = Clock()
    table = InMemoryTable(clock.now)
    turns = Turns("E1", "self", table.known("self", clock.now()), 0, table, clock)
    assert turns.take(clock.now() + 1)
    assert table.known("self", clock.now()).calls.dealt == 0
    assert not turns.take(clock.now())
