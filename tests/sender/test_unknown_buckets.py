"""Buckets that no survey knows: their changes wait for one, and invented names start nothing."""

from dataclasses import replace

import pytest

from invalidator.announcing import of_buckets
from invalidator.core.announcement import GIVEN_UP
from invalidator.core.reasons import Reason
from tests.sender.test_clocks_and_outages import Off
from tests.sender.world import World, distribution

HOUR = 3600.0


def complete(world, unserved=()):
    """A survey that is complete now."""
    now = world.clock.now()
    world.memory.begin_survey(now, now + 60, "s")
    state = world.memory.survey_state()
    world.memory.save_survey(
        "s",
        replace(state, completed=now, covers=world.memory.newest("unknown"), unserved=frozenset(unserved)),
    )


def test_a_change_of_a_new_bucket_is_sent_as_soon_as_a_survey_knows_it():
    world = World()
    started = []

    def survey():
        started.append(world.clock.now())
        world.serve(distribution("E1", "site"))

    world.survey = survey
    world.upload("a.html")
    world.run_for(60)
    assert started
    assert world.paths == [("/a.html",)]


def test_a_change_that_nobody_serves_is_settled_only_by_a_complete_survey_that_began_later():
    world = World()
    complete(world)
    world.upload("a.html")
    world.run_for(30)
    assert sum(step.unserved["site"] for step in world.bucket_runs) == 0
    assert world.sweep().waiting == 1
    complete(world)
    world.run_for(120)
    assert sum(step.unserved["site"] for step in world.bucket_runs) == 1
    assert world.sweep().waiting == 0


@pytest.mark.parametrize("names", [1, 150], ids=["one", "more than a survey remembers to have told of"])
def test_a_writer_whose_clock_is_ahead_waits_for_a_later_survey_and_asks_for_few(names):
    world = World()
    surveys = []

    def survey():
        surveys.append(world.clock.now())
        complete(world, {f"invented-{n}" for n in range(min(names, 100))})

    world.survey = survey
    world.intake.clock = Off(world.clock, 600.0)
    for n in range(names):
        world.upload("a.html", bucket=f"invented-{n}")
    world.run_for(500)
    assert not any(step.unserved for step in world.bucket_runs)
    world.run_for(HOUR)
    assert sum(len(step.unserved) for step in world.bucket_runs) == names
    assert world.sweep().waiting == 0
    assert len(surveys) <= (5 if names == 1 else 4), "one in SurveyMinutes while the clock is ahead"


def test_a_flood_of_invented_names_starts_few_surveys_and_no_logs_of_its_own():
    world = World()
    surveys = []

    def survey():
        surveys.append(world.clock.now())
        complete(world, {f"invented-{n}" for n in range(2000)})

    world.survey = survey
    for n in range(1000):
        world.upload("a", bucket=f"invented-{n}")
        world.run_for(0.5)
    world.run_for(600)
    assert len(surveys) <= 12
    assert world.sweep().waiting == 0
    assert {name for name in world.memory._logs if world.memory._logs[name].entries} == {"unknown"}


def test_where_no_survey_answers_for_a_day_the_changes_are_given_up_with_the_reason():
    world = World()
    world.upload("a.html", "b.html")
    world.run_for(25 * HOUR)
    assert [(name, sorted(keys), reason) for name, keys, reason, _ in world.queues.letters] == [
        ("site", ["a.html", "b.html"], Reason.UNAVAILABLE)
    ]
    assert len(world.bucket_runs) < 24 * 60 + 100
    ((_, _, reason, detail),) = world.queues.letters
    (event,) = [each for run in world.bucket_runs for each in of_buckets(run)]
    assert (event.kind, event.detail["buckets"], event.detail["reason"]) == (GIVEN_UP, ["site"], reason)
    assert event.detail["explanation"] == f"2 keys: {detail}"


def test_a_known_bucket_behind_an_unknown_one_is_moved_once():
    world = World()
    world.upload("a.html", bucket="nobody")
    world.upload("b.html", bucket="site")
    world.serve(distribution("E1", "site"))
    world.run_for(600)
    assert sum(step.moved["site"] for step in world.bucket_runs) == 1
    assert world.paths == [("/b.html",)]


def test_a_change_that_waited_long_stands_in_its_buckets_log_as_written_now():
    """A routing change looks back to a time: an old stamp between young ones would hide them."""
    world = World()
    world.upload("a.html")
    world.run_for(3 * HOUR)
    world.serve(distribution("E1", "site"))
    known = world.clock.now()
    world.upload("b.html")
    world.run_for(600)
    stamps = [entry.written for _, entry in world.memory.read("bucket:site", 0)]
    assert len(stamps) == 2
    assert min(stamps) >= known
    assert {path for paths in world.paths for path in paths} == {"/a.html", "/b.html"}


def test_what_waits_for_a_survey_is_looked_at_again_and_not_written_again():
    """Each look would cost a write for each of them."""
    world = World()
    for n in range(3):
        world.upload("a", bucket=f"waits-{n}")
    world.run_for(600)
    assert len(world.bucket_runs) > 5
    assert world.memory.newest("unknown") == 3
