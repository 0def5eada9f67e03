"""Each attribute of each item that a target lives by, edited by hand into what cannot be: nothing is lost or stopped.

On the table in memory, as a worker reads it; what an item's types can be besides is met in DynamoDB
(`tests/function/test_bad_input.py`, `tests/aws/table/test_table_items.py`).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from invalidator.core.limits.account import Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.budget import Spending, month_of
from invalidator.core.limits.pace import Pace
from invalidator.core.limits.slots import Calls
from invalidator.core.messages.backlog import PathBacklog, bodies
from invalidator.core.pending.wakes import Rest
from invalidator.core.target_state import TargetState
from invalidator.failures import BackPressure
from tests.sender.world import World, distribution

NAN, INFINITE, FAR = float("nan"), float("inf"), 4_102_444_800.0
HOUR = 3600.0
BUCKET, OWN = "bucket:site", "target:E1"

Edit = Callable[[World], None]


def spent(month: float, *, days: float = 0) -> Edit:
    """The month is edited to what it cannot be, or one of its days is."""

    def edit(world: World) -> None:
        now, spent = world.clock.now(), cast("dict[tuple[str, str, str], float]", world.memory._spent)
        spent["self", month_of(now), ""] = month
        if days:
            spent["self", month_of(now), "01"] = days

    return edit


def state(**wrong: Any) -> Edit:
    def edit(world: World) -> None:
        now = world.memory.view("E1", world.clock.now()).state
        world.memory.save("E1", replace(now, **wrong))

    return edit


def calls(**wrong: Any) -> Edit:
    """Of calls that are spaced: while they are not, nothing in that item is asked."""

    def edit(world: World) -> None:
        spaced = Calls(gap=2.0, learned=world.clock.now(), dealt=3, served=3)
        world.memory._calls["self"] = replace(spaced, **wrong)

    return edit


def wake(**wrong: Any) -> Edit:
    """Of a wake whose message was lost as well: only the table tells of it."""

    def edit(world: World) -> None:
        world.upload("b.html")
        world.queues.wakes.clear()
        woken = world.memory._woken[OWN]
        woken.wake = replace(woken.wake, **wrong)

    return edit


def asleep(seconds: float) -> Edit:
    """As of one that waits until then, and that nobody called."""
    return lambda world: wake(due=world.clock.now() + seconds, called=0.0)(world)


def head(owner: str, newest: int) -> Edit:
    def edit(world: World) -> None:
        world.memory._log(owner).newest = newest

    return edit


def none_dealt(world: World) -> None:
    """The head is gone, and so are the entries: as after a week without a change."""
    world.memory._logs[BUCKET].entries.clear()
    world.memory.drop_head(BUCKET)


TIMES = ("sent", "answered", "failing_since", "asked", "not_before", "over_until")
STATES = {
    **{f"{name} {value}": state(**{name: value}) for name in TIMES for value in (-1.0, FAR, NAN, INFINITE)},
    **{f"settled {value}": state(settled={BUCKET: value}) for value in (-7, 10**6, 10**30)},
    **{f"ticket {value}": state(ticket=value) for value in (-7, 10**9)},
    "pace gap": state(pace=Pace(100, 1, 1e9, 1.0)),
    "pace nothing": state(pace=Pace(0, -3, 2.0, 1.0)),
    "pace nan": state(pace=Pace(100, 1, NAN, NAN)),
    "pace to come": state(pace=Pace(100, 1, 2.0, FAR)),
}
CALLS = {
    **{f"dealt {value}": calls(dealt=value) for value in (10**9, 10**30)},
    **{f"{name} {value}": calls(**{name: value}) for name in ("learned", "last") for value in (-1.0, FAR)},
    "served": calls(served=-(10**9)),
    "lesson": calls(lesson=10**9),
    "gap": calls(gap=1e9),
}
# What is to be read by people alone, or only means more work: nothing is held by it.
HARMLESS = {
    "settled nothing": state(settled={}),
    "settled another's": state(settled={"bucket:other": 10**9}),
    "routing": state(routing="mine"),
    "reason": state(reason="x" * 1000),
    "all of it": lambda world: world.memory.save("E1", TargetState()),
    "no state": lambda world: world.memory._states.pop("E1"),
    "dealt none": calls(dealt=-5),
    "served all": calls(served=10**9),
    "refused": calls(refused_target="E1", refused_at=FAR),
    "waiting": wake(waiting=-(10**9), reason="x" * 1000),
    "no head's own": head(OWN, 10**6),
    "head ahead": head(BUCKET, 10**6),
    "list of targets": lambda world: world.memory._buckets.pop("site"),
}
WAKES = {
    **{f"{name} {value}": wake(**{name: value}) for name in ("called", "due") for value in (-1.0, FAR)},
    **{f"since {value}": wake(since=value) for value in (-1.0, FAR)},
    "lease": wake(leased_until=FAR),
    "nobody asked": wake(due=None, called=0.0),
    **{f"sleeps for {hours} h": asleep(hours * HOUR) for hours in (0.5, 12, 300)},
    "rest to come": wake(rest=Rest(1e9, FAR)),
    "rest negative": wake(rest=Rest(-5.0, -5.0)),
}


def edited(edit: Edit, **limits: Any) -> World:
    """A change is sent, an item is edited by hand, and another change comes; then an hour passes."""
    world = World(
        distribution("E1", "site"), limits=Limits(Allowance(1000, 15), **{"monthly_budget": 0} | limits)
    )
    world.upload("a.html")
    world.run_for(200)
    assert world.paths == [("/a.html",)]
    edit(world)
    world.upload("b.html")
    world.run_for(HOUR)
    return world


def told(world: World) -> list[str]:
    return [problem for run in world.runs for problem in dict.fromkeys(run.mended)]


def assert_all_is_sent(world: World) -> None:
    assert "/b.html" in {path for paths in world.paths for path in paths}
    assert not world.queues.letters
    assert world.sweep().waiting == 0
    assert len(world.cloudfront.asked) <= 4, "what is wrong is mended, not met again and again"


@pytest.mark.parametrize("name", STATES)
def test_a_state_is_believed_only_as_far_as_it_can_be_and_one_line_names_it(name):
    world = edited(STATES[name], monthly_budget=1 if "over" in name else 0)
    assert_all_is_sent(world)
    (line,) = told(world)
    assert line.startswith((f"target#E1 state: {name.split()[0]}", f"the log of {BUCKET}: "))


@pytest.mark.parametrize("name", CALLS)
def test_a_queue_of_calls_is_believed_only_as_far_as_it_can_be_and_a_line_names_it(name):
    world = edited(CALLS[name])
    assert_all_is_sent(world)
    assert {line.partition(": ")[0] for line in told(world)} == {"account#self calls"}


@pytest.mark.parametrize("month", [0, -(10**6), 0.5, NAN, INFINITE])
def test_a_limit_is_not_passed_by_spending_that_cannot_be_and_one_line_names_it(month):
    limits = Limits(Allowance(1000, 15), 10, over_budget_seconds=60.0, hard_path_limit=5)
    world = World(distribution("E1", "site"), limits=limits)
    world.upload("a.html")
    world.run_for(60)
    spent(month)(world)
    for number in range(20):
        world.upload(f"{number}.html")
        world.run_for(60)
    assert sum(map(len, world.paths)) == 5
    assert world.memory.known("self", world.clock.now()).spending.month == 5
    (line,) = told(world)
    assert line.startswith(f"account#self spending: paths_sent is {month}: taken for 1")


@pytest.mark.parametrize(("days", "month"), [(40, 41), (0.5, 2), (-7, 1)])
def test_a_month_is_not_less_than_its_days(days, month):
    world = edited(spent(1, days=days))
    assert_all_is_sent(world)
    assert world.memory.known("self", world.clock.now()).spending.month == month + 1
    assert {line.partition(": ")[0] for line in told(world)} == {"account#self spending"}


def test_what_is_given_back_after_midnight_goes_back_to_its_day():
    world = World(distribution("E1", "site"))
    evening = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC).timestamp()
    world.clock.time = evening - 1
    world.upload("a.html")
    cloudfront: Any = world.cloudfront
    create = cloudfront.create

    def refused(*asked: Any) -> Any:
        world.clock.time, cloudfront.create = evening + 5, create
        raise BackPressure("Throttling", too_large=False)

    cloudfront.create = refused
    world.run_for(60)
    assert world.paths == [("/a.html",)]
    assert world.memory.known("self", evening).spending == Spending()
    assert world.memory.known("self", evening + 5).spending == Spending(1, 1)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_holds_nothing_up_needs_no_line(name):
    world = edited(HARMLESS[name])
    assert_all_is_sent(world)
    assert told(world) == []


@pytest.mark.parametrize("name", WAKES)
def test_a_wake_whatever_it_says_is_followed_within_three_minutes(name):
    world = edited(WAKES[name])
    assert_all_is_sent(world)
    last = world.cloudfront.paid[-1]
    assert last.created - world.clock.now() <= 180 - HOUR


@pytest.mark.parametrize("answered", ["nothing", "what it did", "what is to come"])
@pytest.mark.parametrize("path", ["/a.html", "/*"])
@pytest.mark.parametrize("created", [FAR, INFINITE, NAN, "in two hours"])
def test_an_invalidation_that_will_only_be_created_covers_nothing_and_a_line_names_it(
    created, path, answered
):
    world = World(distribution("E1", "site"))
    world.upload("a.html")
    world.run_for(30)
    sent = world.memory._sent["E1"]
    at = world.clock.now() + 2 * HOUR if created == "in two hours" else created
    times = {"nothing": (), "what it did": sent[-1].answered, "what is to come": (at,)}[answered]
    (edited_one,) = sent
    sent[-1] = replace(edited_one, created=at, paths=(path,), answered=times)
    world.upload("a.html")
    world.run_for(HOUR)
    assert world.paths == [("/a.html",), ("/a.html",)]
    assert f"sent#E1 {edited_one.id} is created at {at}: it covers nothing" in told(world)


@pytest.mark.parametrize("owner", [BUCKET, OWN])
def test_a_head_that_was_set_back_hides_nothing(owner):
    world = edited(head(owner, 0))
    assert_all_is_sent(world)


def test_a_head_that_was_set_back_takes_the_next_change_in_at_its_first_try():
    world = World(distribution("E1", "site"))
    for n in range(60):
        world.upload(f"{n}.html")
    world.run_for(60)
    head(BUCKET, 0)(world)
    assert not world.upload("new.html").retry
    world.run_for(60)
    assert world.paths[-1] == ("/new.html",)
    assert world.memory.newest(BUCKET) == 61


def test_its_own_head_set_back_to_what_is_settled_hides_no_redriven_letter():
    """Both say that nothing stands there, and only the wake says that something does."""
    world = World(distribution("E1", "site"))
    for name in ("a", "b"):
        (letter,) = bodies(PathBacklog("E1", ("site",), {f"/{name}.html": world.clock.now()}))
        world.take_in([world.message(letter)])
        if name == "a":
            world.run_for(60)
    head(OWN, 1)(world)
    world.run_for(60)
    assert world.paths == [("/a.html",), ("/b.html",)]
    assert {*told(world)} == {f"the log of {OWN}: 1 was dealt last, and entries stand after it"}
    assert world.memory.newest(OWN) == 2


def test_a_head_that_is_gone_hides_nothing_and_a_line_names_the_bucket():
    """Its numbers begin anew, below what the target has settled."""
    world = World(distribution("E1", "site"))
    for n in range(3):
        world.upload(f"{n}.html")
        world.run_for(60)
    none_dealt(world)
    world.survey = lambda: world.serve(distribution("E1", "site"))
    world.upload("b.html")
    world.run_for(HOUR)
    assert world.paths[-1] == ("/b.html",)
    (line,) = {*told(world)}
    assert line == "the log of bucket:site: 3 is settled, and 1 was dealt last: it is read from its beginning"


def test_what_is_settled_too_far_beside_a_bucket_that_is_not_is_found_as_well():
    world = World(distribution("E1", "media", "site"))
    world.upload("a.html")
    world.run_for(60)
    state(settled={BUCKET: 10**6})(world)
    world.upload("b.html")
    world.upload("c.html", bucket="media")
    world.run_for(60)
    assert {path for paths in world.paths[1:] for path in paths} == {"/b.html", "/c.html"}
    assert [BUCKET in line for line in told(world)] == [True]


def test_of_unknown_buckets_as_well_nothing_is_settled_that_was_never_dealt():
    world = World()
    world.memory.save("unknown", TargetState(settled={"unknown": 10**6}))
    world.survey = lambda: world.serve(distribution("E1", "site"))
    world.upload("b.html")
    world.run_for(HOUR)
    assert world.paths == [("/b.html",)]
    (line,) = [problem for run in world.bucket_runs for problem in run.mended]
    assert "the log of unknown" in line


def test_a_survey_has_told_of_nothing_that_was_never_dealt():
    world = World()
    now = world.clock.now()
    world.memory.begin_survey(now, now + 60, "s")
    world.memory.save_survey("s", replace(world.memory.survey_state(), completed=now, covers=10**6))
    world.survey = lambda: world.serve(distribution("E1", "site"))
    world.upload("b.html")
    world.run_for(HOUR)
    assert world.paths == [("/b.html",)]
    assert any("covers is" in problem for run in world.bucket_runs for problem in run.mended)


def test_what_a_target_was_sent_is_not_bought_again_where_its_state_is_gone():
    world = World(distribution("E1", "site"))
    for n in range(3):
        world.upload(f"{n}.html")
        world.run_for(60)
    del world.memory._states["E1"]
    world.upload("new.html")
    world.run_for(60)
    assert world.paths == [("/0.html",), ("/1.html",), ("/2.html",), ("/new.html",)]


def covers(world: World, number: int) -> None:
    world.memory._survey.state = replace(world.memory.survey_state(), covers=number)


def test_a_survey_has_told_of_nothing_that_came_after_it():
    world = World()
    now = world.clock.now()
    world.memory.begin_survey(now, now + 60, "s")
    world.memory.save_survey("s", replace(world.memory.survey_state(), completed=now))
    world.run_for(60)
    world.upload("b.html")
    covers(world, 1)
    world.run_for(300)
    world.survey = lambda: world.serve(distribution("E1", "site"))
    world.run_for(HOUR)
    assert world.paths == [("/b.html",)]
    assert not [run for run in world.bucket_runs if run.unserved]


def test_what_its_own_log_never_dealt_is_not_settled_either():
    """Where redriven letters stand, and what was written anew."""
    world = World(distribution("E1", "site"))
    world.upload("a.html")
    world.run_for(60)
    state(settled={BUCKET: 1, OWN: 10**6})(world)
    (letter,) = bodies(PathBacklog("E1", ("site",), {"/b.html": world.clock.now()}))
    world.take_in([world.message(letter)])
    world.run_for(60)
    assert world.paths == [("/a.html",), ("/b.html",)]
    (line,) = told(world)
    assert f"the log of {OWN}" in line


@pytest.mark.parametrize("edit", [state(asked=FAR), state(settled={BUCKET: 10**6})])
def test_what_was_mended_is_told_once_although_nothing_was_to_do(edit):
    world = World(distribution("E1", "site"))
    world.upload("a.html")
    world.run_for(60)
    edit(world)
    for _ in range(3):
        world.sender.run("E1", f"idle-{world.clock.now()}", world.clock.now() + 13)
        world.run_for(60)
    assert world.memory.view("E1", world.clock.now()).state.settled[BUCKET] == 1
    assert world.memory.view("E1", world.clock.now()).state.asked <= world.clock.now()


def test_a_rest_that_nobody_can_have_written_is_none():
    """The one after the next invalidation is short again, and so is the wait of a change that follows soon."""
    world = World(distribution("E1", "site"))
    world.upload("b.html")
    woken = world.memory._woken[OWN]
    woken.wake = replace(woken.wake, rest=Rest(9.0, FAR))
    world.run_for(2)
    began = world.clock.now()
    world.upload("c.html")
    world.run_for(30)
    assert [sorted(paths) for paths in world.paths] == [["/b.html"], ["/c.html"]]
    assert world.cloudfront.paid[-1].created - began <= 4
