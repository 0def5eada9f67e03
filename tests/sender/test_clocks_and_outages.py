"""Clocks that are ten minutes off, a table that is away, processes that die at compaction, a table restored."""

import copy
from dataclasses import replace

import pytest

from invalidator.core.limits.account import Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.pace import Pace
from invalidator.core.limits.slots import Calls
from invalidator.core.pending.entry import Entry
from invalidator.core.pending.wakes import Gathering, Rest, due_after
from invalidator.failures import TableUnavailable, Transient
from invalidator.logs import append
from invalidator.sender import sender
from invalidator.sweep.restored import doubt_all
from invalidator.waking import Waking
from tests.notifications import direct
from tests.sender.world import World, distribution

TEN_MINUTES = 600.0


def site(**named):
    return World(distribution("E1", "site"), **named)


class Off:
    """A clock that is off."""

    def __init__(self, clock, by):
        self.clock, self.by = clock, by

    def now(self):
        return self.clock.now() + self.by

    def sleep(self, seconds):
        self.clock.sleep(seconds)


def wake(world, target="E1"):
    now = world.clock.now()
    world.memory.wake(f"target:{target}", now, now, now)
    world.queues.call([(f"target:{target}", 0.0)])


@pytest.mark.parametrize("by", [TEN_MINUTES, -TEN_MINUTES])
def test_a_change_taken_in_by_a_clock_that_is_off_is_fresh_as_soon(by):
    world = site()
    world.intake.clock = world.intake.waking.clock = Off(world.clock, by)
    began = world.clock.now()
    world.upload("a.html")
    world.run_for(130)
    assert world.paths == [("/a.html",)]
    assert world.cloudfront.asked[0][0] <= began + 130
    assert len(world.runs) <= 5


@pytest.mark.parametrize("by", [TEN_MINUTES, -TEN_MINUTES])
def test_a_sender_whose_clock_is_off_sends_and_leaves_nothing_behind(by):
    world = site()
    world.sender.clock = Off(world.clock, by)
    world.upload("a.html")
    world.run_for(300)
    world.sender.clock = world.clock
    world.upload("b.html")
    world.run_for(300)
    assert {path for paths in world.paths for path in paths} == {"/a.html", "/b.html"}
    assert world.sweep().waiting == 0


def test_what_a_sender_whose_clock_is_behind_has_sent_is_not_paid_again_when_its_message_comes_twice():
    """CloudFront's stamp lies ahead of its clock: it is its own all the same, and in progress."""
    world = site()
    world.sender.clock = Off(world.clock, -TEN_MINUTES)
    changed = world.clock.now()
    for _ in range(4):
        world.upload("a.html", at=changed)
        world.run_for(60)
    assert world.paths == [("/a.html",)]
    assert not any(run.mended for run in world.runs)


def test_a_doubt_by_a_clock_that_is_ahead_covers_no_change_that_comes_later():
    world = site()
    world.sender.clock = Off(world.clock, TEN_MINUTES)
    append(world.memory, "bucket:site", Entry({}, "site", world.clock.now(), "lost"))
    wake(world)
    world.run_for(60)
    world.sender.clock = world.clock
    world.upload("a.html")
    world.run_for(60)
    assert world.paths == [("/*",), ("/a.html",)]


def test_a_doubt_by_a_clock_that_is_behind_is_covered_by_nothing_sent_before():
    world = site()
    for _ in range(2):
        append(world.memory, "bucket:site", Entry({}, "site", world.clock.now(), "lost"))
        wake(world)
        world.run_for(60)
        world.sender.clock = Off(world.clock, -TEN_MINUTES)
    assert world.paths == [("/*",), ("/*",)]


def test_a_stamp_from_the_future_is_no_reason_to_wait_for_quiet():
    gathering, now = Gathering(1.0, 10.0), 1_000_000.0
    assert due_after((now, now), Rest(), gathering, now) == now + 1
    assert due_after((now + 2, now + 2), Rest(), gathering, now) == now + 1
    assert due_after((now + 600, now + 600), Rest(), gathering, now) == now
    assert due_after((now - 60, now + 600), Rest(4.0, now + 3), gathering, now) == now + 3


@pytest.mark.parametrize("ago", [-3600.0, 7200.0, 1.7e9], ids=["to come", "two hours old", "1970"])
def test_a_change_that_says_an_impossible_time_is_covered_by_nothing_sent_before(ago):
    world = site()
    world.upload("a.html")
    world.run_for(60)
    world.upload("a.html", at=world.clock.now() - ago)
    world.run_for(60)
    assert world.paths == [("/a.html",), ("/a.html",)]
    world.upload("a.html")
    world.run_for(60)
    assert len(world.paths) == 3


def test_a_table_that_is_away_for_an_hour_loses_nothing_and_makes_no_dead_letter():
    world = site()
    world.upload("before.html")
    world.table.down = True
    staying = [world.message(direct("meanwhile.html", at=world.clock.now()))]
    for minute in range(60):
        done = world.take_in([world.message(each.body, receives=minute + 1) for each in staying])
        assert len(done.retry) == 1
        assert any("cannot be asked" in why for why in done.problems.values())
        with pytest.raises(TableUnavailable):
            world.sender.run("E1", f"away-{minute}", world.clock.now() + 13)
        with pytest.raises(TableUnavailable):
            world.sweep()
        world.clock.sleep(60)
    world.queues.wakes.clear()
    world.table.down = False
    assert world.take_in(staying).retry == set()
    world.run_for(300)
    assert {path for paths in world.paths for path in paths} == {"/before.html", "/meanwhile.html"}
    assert not world.queues.letters
    assert world.sweep().waiting == 0


class Died(BaseException):
    """The process ended in the midst of a call."""


def die_at(world, call, *, after):
    """Let the process die at its n-th call to the table, before or after it took effect."""
    count = 0

    class Dying:
        def __getattr__(self, name):
            method = getattr(world.memory, name)

            def asked(*arguments, **named):
                nonlocal count
                count += 1
                if count == call and not after:
                    raise Died
                answer = method(*arguments, **named)
                if count == call:
                    raise Died
                return answer

            return asked

    world.table = Dying()
    world.restart()


def test_a_process_that_dies_anywhere_in_a_compaction_loses_nothing(monkeypatch):
    """What could not be sent is written anew as one entry, then settled: between any two of the calls it may end."""
    monkeypatch.setattr(sender, "MOST_ENTRIES", 3)
    died = 0
    for call in range(1, 12):
        for after in (False, True):
            world = site()
            world.cloudfront.answers["E1"] = Transient("503")
            for n in range(5):
                world.upload(f"{n}.html")
            table = world.table
            die_at(world, call, after=after)
            try:
                world.run_for(30)
            except Died:
                died += 1
            world.table = table
            world.restart()
            # One that writes in the midst of it.
            world.upload("later.html")
            world.cloudfront.answers.clear()
            world.run_for(600)
            sent = {path for paths in world.paths for path in paths}
            assert sent == {*(f"/{n}.html" for n in range(5)), "/later.html"}, (call, after)
            assert world.sweep().waiting == 0
    assert died > 16


def test_what_two_senders_at_once_both_see_is_sent_at_most_twice_and_settled():
    world = site()
    world.upload("a.html")
    world.clock.sleep(5)
    create = world.cloudfront.create

    def meanwhile(request, role):
        # The first one's lease has run out, and another looks.
        world.cloudfront.create = create
        woken = world.memory._woken["target:E1"]
        woken.wake = replace(woken.wake, leased_until=0.0)
        world.sender.run("E1", "second", world.clock.now() + 13)
        return create(request, role)

    world.cloudfront.create = meanwhile
    world.sender.run("E1", "first", world.clock.now() + 13)
    world.run_for(300)
    assert 1 <= len(world.paths) <= 2
    assert world.sweep().waiting == 0


PARTS = ("_logs", "_woken", "_states", "_sent", "_spent", "_calls", "_survey", "_tries")


def test_a_table_restored_to_a_minute_ago_leaves_nothing_stale():
    world = site()
    world.upload("early.html")
    world.run_for(30)
    backup = copy.deepcopy({name: getattr(world.memory, name) for name in PARTS})
    world.upload("late.html")
    world.upload("early.html")
    world.run_for(30)
    world.upload("unsent.html")  # acknowledged, and forgotten by the table that comes back
    vars(world.memory).update(backup)
    world.queues.wakes.clear()
    waking = Waking(world.table, world.queues, world.clock)
    world.run_for(30)
    doubt_all(["site"], "the table was restored", world.table, waking, world.clock)
    world.run_for(120)
    assert world.paths[-1] == ("/*",)
    world.upload("after.html")
    world.run_for(60)
    assert world.paths[-1] == ("/after.html",)
    assert world.sweep().waiting == 0


@pytest.mark.parametrize(
    ("budget", "edited"),
    [
        (0, {"asked": 4_102_444_800.0, "pace": Pace(100, 1, 2.0, 1.0)}),
        (1, {"over_until": 4_102_444_800.0}),
        (1, {"over_until": float("inf")}),
    ],
)
def test_a_time_in_a_targets_state_that_nobody_can_have_written_holds_nothing_up(budget, edited):
    world = site(limits=Limits(Allowance(1000, 15), budget))
    world.upload("a.html")
    world.run_for(60)
    world.memory.save("E1", replace(world.memory.view("E1", world.clock.now()).state, **edited))
    world.upload("b.html")
    world.run_for(1000)
    assert ("/b.html",) in world.paths
    state = world.memory.view("E1", world.clock.now()).state
    assert max(state.asked, state.over_until) <= world.clock.now() + 1800


@pytest.mark.parametrize("ahead", [TEN_MINUTES, 3500.0, 1e9])
def test_a_call_by_a_clock_that_is_ahead_does_not_hold_up_the_accounts_calls(ahead):
    world = site()
    now = world.clock.now()
    world.memory.learn("self", Calls(gap=2.0, learned=now), 0.0)
    assert world.memory.take_turn("self", world.memory.draw("self").dealt, 0.0, now + ahead)
    world.upload("a.html")
    world.run_for(60)
    assert world.paths == [("/a.html",)]
