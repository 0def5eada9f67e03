"""One distribution and its changes: gathered, sent once, rested, settled."""

from dataclasses import replace

from invalidator.core.pending.wakes import Gathering
from invalidator.core.reasons import Reason
from invalidator.failures import Permanent
from tests.notifications import direct
from tests.sender.world import World, distribution


def site(**named):
    return World(distribution("E1", "site"), **named)


def test_a_change_is_invalidated_a_second_after_it_is_quiet():
    world = site()
    world.upload("a.html")
    world.run_for(30)
    assert world.paths == [("/a.html",)]
    (asked, _) = world.cloudfront.asked[0]
    assert asked - world.runs[0].pending.newest <= 1.5


def test_changes_that_follow_each_other_go_out_together():
    world = site()
    for second in range(4):
        world.upload(f"{second}.html")
        world.run_for(0.8)
    world.run_for(30)
    assert world.paths == [("/0.html", "/1.html", "/2.html", "/3.html")]


def test_without_quiet_the_oldest_change_waits_no_longer_than_it_may():
    world = site(gathering=Gathering(quiet=1.0, most=5.0))
    start = world.clock.now()
    for second in range(20):
        world.upload(f"{second}.html")
        world.run_for(0.5)
    assert world.cloudfront.asked[0][0] - start <= 6.0


def test_a_page_that_changes_all_the_time_does_not_cost_a_path_each_time():
    world = site()
    for _ in range(200):
        world.upload("index.html")
        world.run_for(3.0)
    world.run_for(60)
    assert 50 <= len(world.cloudfront.paid) <= 65


def test_a_quiet_change_makes_no_needless_call_to_the_table():
    world = site()
    world.upload("a.html")
    world.run_for(30)
    assert world.table.calls == [
        *("deal", "put", "wake"),
        *("begin", "view", "read"),
        *("count", "record", "save", "end"),
    ]


def test_a_duplicate_is_covered_by_what_answered_the_change():
    world = site()
    at = world.clock.now()
    world.upload("a.html", at=at)
    world.run_for(5)
    world.upload("a.html", at=at)
    world.run_for(60)
    assert world.paths == [("/a.html",)]
    assert world.runs[-1].outcome.covered == 1


def test_a_later_change_within_seconds_is_sent_again():
    world = site()
    world.upload("a.html")
    world.run_for(4)
    world.upload("a.html")
    world.run_for(60)
    assert world.paths == [("/a.html",), ("/a.html",)]


def test_what_is_settled_is_not_read_again():
    world = site()
    world.upload("a.html")
    world.run_for(30)
    world.upload("b.html")
    world.run_for(30)
    assert world.runs[-1].pending.entries == 1


def test_a_lost_wake_is_made_good_by_the_sweep_within_three_minutes():
    world = site()
    world.queues.lose_wakes = True
    world.upload("a.html")
    lost = world.clock.now()
    world.queues.lose_wakes = False
    world.run_for(300)
    assert world.cloudfront.asked[0][0] <= lost + 180


def test_a_run_that_died_is_made_good_by_the_sweep():
    world = site()
    world.upload("a.html")
    world.memory.begin("target:E1", world.clock.now(), world.clock.now() + 40, "one that dies")
    world.queues.wakes.clear()
    died = world.clock.now()
    world.run_for(300)
    assert world.paths == [("/a.html",)]
    assert world.cloudfront.asked[0][0] <= died + 180
    assert world.sweeps[0].oldest is not None


def test_two_runs_at_once_send_once():
    world = site()
    world.upload("a.html")
    world.memory.begin("target:E1", world.clock.now(), world.clock.now() + 40, "the other")
    world.run_for(20)
    assert world.paths == []
    assert any(run.held for run in world.runs)
    world.run_for(120)
    assert world.paths == [("/a.html",)]


def test_a_distribution_that_cloudfront_does_not_know_is_given_up_once_a_survey_has_looked():
    """Pinned, and deleted since: the survey keeps what people pinned."""
    world = site()
    world.cloudfront.answers["E1"] = Permanent("NoSuchDistribution", Reason.DISTRIBUTION_GONE)

    def survey():
        now = world.clock.now()
        world.memory.begin_survey(now, now + 1, "survey")
        world.memory.save_survey("survey", replace(world.memory.survey_state(), completed=now))

    world.survey = survey
    world.upload("a.html")
    world.run_for(10)
    assert world.queues.letters == [], "the survey may know better"
    world.run_for(110)
    ((_, paths, reason, _),) = world.queues.letters
    assert (list(paths), reason) == (["/a.html"], Reason.DISTRIBUTION_GONE)


def test_a_look_at_a_target_that_is_held_comes_again_in_seconds():
    """Its holder may have read what is pending before this change."""
    world = site()
    world.upload("a.html")
    world.memory.begin("target:E1", world.clock.now(), world.clock.now() + 5, "the other")
    world.run_for(15)
    assert world.runs[0].held
    assert world.paths == [("/a.html",)]


def test_a_duplicate_in_the_same_batch_hides_no_later_change():
    world = site()
    at = world.clock.now()
    world.upload("a.html", at=at)
    world.run_for(60)
    later = world.clock.now()
    world.take_in([world.message(direct("a.html", at=each)) for each in (at, later)])
    world.run_for(60)
    assert world.paths == [("/a.html",), ("/a.html",)]
