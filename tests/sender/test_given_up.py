"""When a change is given up: so long after its first, or after it was taken in where it came late, and not before."""

import pytest

from invalidator.core.limits.account import Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.messages.backlog import KeyBacklog, PathBacklog, bodies
from invalidator.core.pending.entry import entries
from invalidator.core.pending.gathering import Gathered
from invalidator.core.reasons import Reason
from invalidator.failures import BackPressure, Transient
from invalidator.sender import sender
from tests.sender.world import World, distribution

HOUR = 3600.0
THROTTLED = BackPressure("Throttling", too_large=False)


def site(**named):
    return World(distribution("E1", "site"), **named)


def redrive(world, letter):
    """Put a dead letter back on the changes queue, as `invalidator dlq redrive` does."""
    name, names, reason, _ = letter
    paths = any(each.startswith("/") for each in names)
    backlog = (
        PathBacklog(name, ("site",), names, reason=reason)
        if paths
        else KeyBacklog(name, names, reason=reason)
    )
    for body in bodies(backlog):
        assert not world.take_in([world.message(body)]).retry


def given_up(world):
    """Let a change fail for a day; return its dead letter."""
    world.cloudfront.answers["E1"] = Transient("503")
    world.upload("a.html")
    world.run_for(26 * HOUR)
    (letter,) = world.queues.letters
    world.queues.letters.clear()
    return letter


def test_a_change_that_keeps_failing_is_given_up_a_day_after_its_first():
    world = site()
    world.cloudfront.answers["E1"] = THROTTLED
    for _ in range(23):
        world.upload("a.html")
        world.run_for(HOUR)
    assert not world.queues.letters
    world.run_for(1.5 * HOUR)
    ((target, paths, reason, _),) = world.queues.letters
    assert (target, list(paths), reason) == ("E1", ["/a.html"], Reason.UNAVAILABLE)


def test_what_waits_at_the_hard_limit_is_given_up_a_day_after_its_first():
    world = site(limits=Limits(Allowance(1000, 15), 0, hard_path_limit=1))
    world.upload("a.html")
    world.run_for(60)
    world.upload("b.html")
    world.run_for(23 * HOUR)
    assert not world.queues.letters
    world.run_for(2 * HOUR)
    assert [list(paths) for _, paths, _, _ in world.queues.letters] == [["/b.html"]]


@pytest.mark.parametrize("refused", [1, 5])
def test_a_letter_redriven_after_a_day_survives_a_throttle(refused):
    world = site()
    letter = given_up(world)
    world.cloudfront.answers["E1"] = [THROTTLED] * refused
    redrive(world, letter)
    world.run_for(HOUR)
    assert not world.queues.letters
    assert world.paths == [("/a.html",)]


def test_a_letter_redriven_into_what_has_failed_all_the_time_has_its_day(monkeypatch):
    """Beside changes that are given up in their turn, and whatever is written anew meanwhile."""
    monkeypatch.setattr(sender, "MOST_ENTRIES", 3)
    world = site()
    letter = given_up(world)
    for n in range(5):
        world.upload(f"{n}.html")
        world.run_for(60)
    world.run_for(20 * HOUR)
    redrive(world, letter)
    world.run_for(5 * HOUR)
    assert sorted({path for _, paths, _, _ in world.queues.letters for path in paths}) == [
        f"/{n}.html" for n in range(5)
    ]
    world.queues.letters.clear()
    world.run_for(18 * HOUR)
    assert not world.queues.letters
    world.run_for(2 * HOUR)
    assert [list(paths) for _, paths, _, _ in world.queues.letters] == [["/a.html"]]


def test_a_letter_of_an_unknown_bucket_is_not_given_up_before_a_survey_could_tell():
    world = World()
    world.upload("a.html")
    world.run_for(26 * HOUR)
    (letter,) = world.queues.letters
    world.queues.letters.clear()
    redrive(world, letter)
    world.run_for(HOUR)
    assert not world.queues.letters
    world.serve(distribution("E1", "site"))
    world.run_for(HOUR)
    assert world.paths == [("/a.html",)]


@pytest.mark.parametrize("paused", ["intake", "sender"])
def test_what_a_pause_kept_for_longer_than_a_day_is_not_given_up_by_the_first_throttle(paused):
    world = site()
    at = world.clock.now()
    if paused == "intake":
        world.clock.sleep(30 * HOUR)
        world.upload("a.html", at=at)
    else:
        world.upload("a.html")
        world.queues.wakes.clear()
        world.clock.sleep(30 * HOUR)
        world.next_sweep = world.clock.now()
    world.cloudfront.answers["E1"] = [THROTTLED] * 3
    world.run_for(HOUR)
    assert not world.queues.letters
    assert world.paths == [("/a.html",)]


def test_a_key_that_comes_late_again_and_again_does_not_put_off_its_first_change():
    world = site()
    world.cloudfront.answers["E1"] = Transient("503")
    first = world.clock.now()
    world.upload("a.html")
    for _ in range(24):
        world.run_for(HOUR)
        world.upload("a.html", at=max(first, world.clock.now() - HOUR))
    world.run_for(HOUR)
    assert [list(paths) for _, paths, _, _ in world.queues.letters][:1] == [["/a.html"]]


def test_what_came_late_still_counts_so_where_directories_stand_for_paths(monkeypatch):
    monkeypatch.setattr("invalidator.core.pending.gathering.MOST_PATHS", 2)
    gathered = Gathered()
    gathered.add({"/a/1": (10.0, 10.0)}.items(), 500.0)
    gathered.add({"/b/1": (20.0, 20.0)}.items())
    gathered.add({"/b/2": (30.0, 30.0)}.items(), 500.0)
    assert gathered.paths == {"/a/*": (10.0, 10.0), "/b/*": (20.0, 30.0)}
    assert gathered.taken_in == {"/a/*": 500.0}


def test_entries_of_late_changes_say_when_they_were_taken_in_and_keep_it_when_written_anew():
    changed = {"/late": (0.0, 0.0), "/now": (9000.0, 9000.0)}
    late, now = sorted(entries(changed, "", 9001.0), key=lambda each: -each.taken_in)
    assert (dict(late.changed), late.taken_in) == ({"/late": (0.0, 0.0)}, 9001.0)
    assert (dict(now.changed), now.taken_in) == ({"/now": (9000.0, 9000.0)}, 0.0)
    (anew,) = entries(now.changed, "", 99_000.0, taken_in={})
    assert anew.taken_in == 0.0
