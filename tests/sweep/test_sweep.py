"""The sweep: what is due has a wake, what waits is known by its first change, and what is idle is forgotten."""

import pytest

from invalidator.core.limits.account import Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.messages.wake import read_wake
from invalidator.core.pending.wakes import Rest, Wake, shard_of
from invalidator.failures import TableUnavailable, Transient
from tests.sender.world import World, distribution


def site(**named):
    return World(distribution("E1", "site"), **named)


def test_the_oldest_unsent_change_is_known_by_its_first_time():
    world = site()
    first = world.clock.now()
    world.upload("a.html")
    world.run_for(0.5)
    world.upload("a.html")
    assert world.sweep().oldest == first
    assert world.sweeps[0].oldest_name == "target:E1"
    world.run_for(30)
    assert world.sweep().oldest is None


def test_a_page_that_keeps_changing_while_it_fails_is_as_old_as_its_first_change():
    world = site()
    world.cloudfront.answers["E1"] = Transient("503")
    first = world.clock.now()
    for _ in range(50):
        world.upload("a.html")
        world.run_for(120)
        assert world.sweep().oldest == first


def test_what_has_a_message_on_its_way_gets_no_other():
    world = site()
    world.upload("a.html")
    assert world.sweep().called == []


def test_what_waits_longer_than_a_message_can_is_called_when_it_is_due():
    world = site(limits=Limits(Allowance(1000, 15), 1, over_budget_seconds=600))
    world.upload("a.html")
    world.run_for(20)
    world.upload("b.html")
    sent = world.clock.now()
    world.run_for(1800)
    assert world.paths == [("/a.html",), ("/b.html",)]
    assert 560 <= world.cloudfront.asked[1][0] - sent <= 700
    assert sum("target:E1" in swept.called for swept in world.sweeps) == 1


def test_a_wake_by_a_clock_that_is_ten_minutes_ahead_is_called_at_once():
    world = site()
    world.upload("a.html")
    world.run_for(1)
    ahead = world.clock.now() + 600
    world.queues.wakes.clear()
    world.memory._woken["target:E1"].wake = Wake(
        "target:E1", due=ahead, called=ahead - 1, since=world.clock.now()
    )
    assert world.sweep().called == ["target:E1"]


def test_what_sleeps_is_looked_at_each_hour_whatever_its_due_says():
    world = site()
    world.upload("a.html")
    world.queues.wakes.clear()
    began = world.clock.now()
    world.memory._woken["target:E1"].wake = Wake(
        "target:E1", due=began + 10 * 86_400, called=began, since=began
    )
    world.run_for(3500)
    assert world.paths == []
    world.run_for(400)
    assert world.paths == [("/a.html",)]


@pytest.mark.parametrize("ahead", [-500, 90, 500])
def test_what_sleeps_is_left_alone_by_a_sweep_whose_clock_is_off(ahead):
    """Each look would cost table calls, each minute, for as long as it sleeps."""
    world = site()
    world.upload("a.html")
    world.queues.wakes.clear()
    now = world.clock.now()
    world.memory._woken["target:E1"].wake = Wake("target:E1", due=now + 1500, called=now + ahead, since=now)
    assert world.sweep().called == []


@pytest.mark.parametrize("since", [None, 4_102_444_800.0])
def test_what_waits_for_nothing_that_can_be_is_looked_at_although_it_sleeps(since):
    """Nothing else would tell of it: the oldest unsent change is none."""
    world = site()
    world.upload("a.html")
    world.queues.wakes.clear()
    now = world.clock.now()
    world.memory._woken["target:E1"].wake = Wake("target:E1", due=now + 86_400, called=now, since=since)
    world.run_for(180)
    assert world.paths == [("/a.html",)]


@pytest.mark.parametrize("call", ["called", "wake"])
def test_where_a_part_of_the_list_cannot_be_written_the_others_are_called(call):
    """Their messages were lost, and one part is asked for more than it can take."""
    names = [f"E{n}" for n in range(24)]
    world = World(*(distribution(name, name.lower()) for name in names))
    for name in names:
        world.upload("a.html", bucket=name.lower())
    world.run_for(1)
    world.queues.wakes.clear()
    now = world.clock.now()
    throttled = shard_of("target:E7")
    for name in names:
        due = None if call == "wake" else now - 100
        world.memory._woken[f"target:{name}"].wake = Wake(
            f"target:{name}", due=due, called=1.0, since=now - 100
        )
    world.memory._woken = {
        name: woken for name, woken in world.memory._woken.items() if name.startswith("target:")
    }
    asked = getattr(world.memory, call)

    def refusing(name, *more):
        if shard_of(name) == throttled:
            raise TableUnavailable("Throttling")
        return asked(name, *more)

    setattr(world.memory, call, refusing)
    with pytest.raises(TableUnavailable, match="Throttling"):
        world.sweep()
    called = {read_wake(body).target for _, _, body in world.queues.wakes}
    assert called == {name for name in names if shard_of(f"target:{name}") != throttled}


@pytest.mark.parametrize("ahead", [600, 86_400])
def test_while_wakes_are_refused_one_by_a_clock_that_is_ahead_is_called_again_each_minute(ahead):
    """Noted as called once, it must not seem to sleep until the time that the clock said."""
    world = site()
    now = world.clock.now()
    world.memory.wake("target:E1", now + ahead + 1, now, now + ahead)
    for _ in range(3):
        world.clock.time += 60
        assert world.sweep().called == ["target:E1"]


def test_what_is_idle_is_forgotten_so_that_the_list_stays_short():
    world = site()
    world.upload("a.html")
    world.run_for(60)
    assert [wake.name for wake in world.memory.waiting()] == ["target:E1"]
    world.run_for(1200)
    assert list(world.memory.waiting()) == []


def test_what_rests_is_not_forgotten():
    world = site()
    now = world.clock.now()
    world.memory.begin("target:E1", now, now + 40, "t")
    world.memory.end("target:E1", "t", Wake("target:E1", rest=Rest(10.0, now + 10)))
    world.sweep()
    assert len(list(world.memory.waiting())) == 1


def test_where_wakes_cannot_be_sent_the_next_sweep_sends_them():
    world = site()
    world.queues.lose_wakes = True
    world.upload("a.html")
    world.queues.lose_wakes = False
    world.clock.time += 90
    world.queues.down = {"wakes"}
    assert "cannot be asked" in world.sweep().unsent
    world.queues.down = set()
    world.run_for(200)
    assert world.paths == [("/a.html",)]


def test_a_target_that_a_run_holds_is_not_called():
    world = site()
    world.upload("a.html")
    world.memory.begin("target:E1", world.clock.now(), world.clock.now() + 40, "a run")
    swept = world.sweep()
    assert (swept.waiting, swept.called) == (1, [])
