"""What a remembered bucket sends, and what it does not."""

from collections.abc import Callable
from dataclasses import replace
from unittest.mock import ANY

import pytest

from invalidator.core.messages.backlog import KeyBacklog, bodies
from invalidator.core.pending.entry import memory_owner
from invalidator.core.reasons import Reason
from invalidator.core.remembering.hints import read_hints
from invalidator.core.remembering.row import COMPLETE_SECONDS, KEEP_SECONDS, ROUND_SECONDS, Kind
from invalidator.core.routing.distribution import Behavior, ErrorPage, Origin
from invalidator.core.target_state import TargetState
from invalidator.failures import Permanent, Transient
from invalidator.ports import Gap
from invalidator.remembering.remembering import LEASE_SECONDS
from invalidator.sweep.gaps import close_gaps
from invalidator.waking import Waking
from tests.remembering.site import Died, Site, body, site_distribution

PAGES = ("a.html", "b.html", "c.html")


def uploaded(**named) -> Site:
    """A site whose three pages viewers have seen, remembered."""
    site = Site(**named)
    for key in PAGES:
        site.bucket.put(key, f"first {key}")
    site.bucket.events.clear()
    site.clock.time += 3600
    for key in site.bucket.objects:
        site.view(key)
    site.remember()
    return site


def test_what_is_uploaded_as_it_was_needs_nothing():
    site = uploaded()
    for key in sorted(site.bucket.objects):
        site.bucket.put(key, f"first {key}")
    site.run_for(2)
    site.tell_all()
    site.run_for(60)
    assert site.paths == []
    assert sum(each.unchanged for each in site.judged) == 3


def test_only_what_changed_is_sent():
    site = uploaded()
    for key in sorted(site.bucket.objects):
        site.bucket.put(key, "second" if key == "b.html" else f"first {key}")
    site.run_for(1)
    site.tell_all()
    site.run_for(60)
    assert site.paths == [("/b.html",)]
    assert site.stale() == []


def test_new_assets_need_nothing_and_an_index_document_does():
    site = uploaded()
    for key in ("assets/app.1f2e.js", "docs/index.html", "new.html"):
        assert site.view(key) == "404"
        site.bucket.put(key, key)
    site.tell_all()
    site.run_for(60)
    assert site.paths == [("/docs", "/docs/", "/docs/index.html")]
    assert site.stale() == []
    assert sum(each.new for each in site.judged) == 3


@pytest.mark.parametrize(
    "distribution",
    [
        site_distribution(error_pages=(ErrorPage(404, "/index.html", 300),)),
        site_distribution(error_pages=(ErrorPage(403, "", 31),)),
        replace(site_distribution(), behaviors=(Behavior("*", ("s3",), errors_kept=3600),)),
        replace(site_distribution(), behaviors=(Behavior("*", ("s3",)),)),
        replace(
            site_distribution(),
            origins=(*site_distribution().origins, Origin("other", "example.org", None)),
            behaviors=(Behavior("*", ("s3", "other"), errors_kept=0),),
        ),
        replace(site_distribution(), origins=(replace(site_distribution().origins[0], website=True),)),
    ],
    ids=["error page", "error kept", "least time to live", "not known", "origin group", "website"],
)
def test_what_is_new_is_sent_where_its_absence_may_have_been_kept(distribution):
    site = uploaded(distribution=distribution)
    site.bucket.put("assets/app.1f2e.js", "new")
    site.tell_all()
    site.run_for(60)
    assert site.paths == [("/assets/app.1f2e.js",)]


def test_until_its_round_is_complete_what_is_not_known_counts_as_changed():
    site = Site()
    site.bucket.put("a.html", "first")
    site.tell_all()
    site.run_for(60)
    assert site.paths == [("/a.html",)]


def test_a_bucket_of_many_pages_is_gone_through_page_by_page_and_changes_meanwhile_win():
    site = Site()
    site.bucket.page_size = 2
    for number in range(7):
        site.bucket.put(f"{number}.html", "first")
    site.bucket.events.clear()
    site.clock.time += 3600
    died = iter([False] * 40 + [True] + [False] * 1000)

    def dies(_name: str) -> None:
        if next(died):
            raise Died

    site.hook = dies
    site.remember()
    site.hook = lambda _name: None
    site.run_for(300)
    state = site.rows.state("site")
    assert (state.objects, bool(state.complete), state.round.began) == (7, True, 0.0)
    assert sorted(set(site.bucket.asked)) == sorted(site.bucket.objects)
    assert len(site.bucket.asked) <= 7 + 2, "what it has passed is not asked for again"


def test_the_bytes_of_a_change_that_was_given_up_heal_with_the_next_upload():
    site = uploaded()
    site.cloudfront.answers["E1"] = Permanent("refused", Reason.ACCESS_DENIED)
    site.bucket.put("a.html", "second")
    site.run_for(2)
    site.tell_all()
    site.run_for(60)
    assert [paths for _, paths, _, _ in site.queues.letters] == [{"/a.html": ANY}]
    site.cloudfront.answers.clear()
    for key in ("a.html", "b.html"):
        site.bucket.put(key, "second" if key == "a.html" else f"first {key}")
    site.run_for(2)
    site.tell_all()
    site.run_for(60)
    assert site.paths == [("/a.html",)]
    assert site.stale() == []


def test_a_path_that_nobody_can_trace_back_stops_the_memory_and_says_why():
    site = uploaded()
    site.cloudfront.answers["E1"] = Permanent("refused", Reason.ACCESS_DENIED)
    site.take_in([site.message('{"invalidator":1,"distribution":"E1","buckets":["site"],"paths":{"/x":1}}')])
    site.run_for(60)
    state = site.rows.state("site")
    assert state.stopped
    assert "/x was given up" in state.forgotten
    site.cloudfront.answers.clear()
    site.bucket.put("a.html", "first a.html")
    site.tell_all()
    site.run_for(60)
    assert site.paths == [("/a.html",)]


def test_where_s3_refuses_changes_count_as_anywhere():
    site = uploaded()
    site.bucket.refuses = lambda _key: Transient("Forbidden")
    for _ in range(2):
        for key in PAGES:
            site.bucket.put(key, f"first {key}")
        site.run_for(2)
        site.tell_all()
        site.run_for(60)
    assert [set(paths) for paths in site.paths] == 2 * [{f"/{key}" for key in PAGES}]
    assert site.rows.state("site").refused == "Forbidden"
    assert site.bucket.asked.count("a.html") == 2, "once by the round, once by the first upload"
    assert sum(each.unasked for each in site.judged) == 6


def test_one_object_that_nobody_here_can_read_does_not_end_the_memory_of_the_others():
    site = uploaded()
    site.bucket.refuses = lambda key: Transient("Forbidden") if key == "a.html" else None
    for key in PAGES:  # each by itself
        site.bucket.put(key, f"first {key}")
        site.run_for(2)
        site.tell_all()
        site.run_for(60)
    assert site.paths == [("/a.html",)]
    assert site.rows.state("site").refused == ""


def test_what_came_while_the_bucket_was_not_remembered_is_forgotten():
    """Another environment of the worker, that does not know the parameter yet, has taken a change in."""
    site = uploaded()
    site.intake.remembered = frozenset()
    site.bucket.put("a.html", "second")
    site.tell_all()
    site.run_for(60)
    assert site.view("a.html").content == "second"
    site.intake.remembered = site.remembered
    site.bucket.put("a.html", "first a.html")
    site.run_for(2)
    site.tell_all()
    site.run_for(60)
    assert site.paths == [("/a.html",), ("/a.html",)]
    assert site.stale() == []


def test_what_waits_for_a_memory_that_the_stack_has_no_more_is_handed_over():
    site = uploaded()
    site.bucket.put("a.html", "second")
    site.tell_all()
    site.remembering = replace(site.remembering, remembered=frozenset(), memory=None, objects=None)
    site.run_for(60)
    assert site.paths == [("/a.html",)]


def test_a_log_that_was_restored_makes_the_memory_begin_anew():
    site = uploaded()
    site.bucket.put("a.html", "second")
    site.run_for(2)
    site.tell_all()
    site.run_for(60)
    epoch = site.rows.state("site").epoch
    site.memory._logs["bucket:site"].newest = 0
    site.memory._logs["bucket:site"].entries.clear()
    site.bucket.put("b.html", "first b.html")
    site.run_for(2)
    site.tell_all()
    site.run_for(5)
    assert site.rows.state("site").epoch == epoch + 1


def test_ignored_and_immutable_keys_are_not_asked_for():
    site = uploaded(hints=read_hints("site=logs/*", "site=assets/*"))
    for key in ("logs/1", "assets/app.1f2e.js"):
        site.bucket.put(key, key)
    site.tell_all()
    site.run_for(60)
    assert site.paths == []
    assert not {"logs/1", "assets/app.1f2e.js"} & set(site.bucket.asked)
    site.bucket.delete("assets/app.1f2e.js")
    site.tell_all()
    site.run_for(60)
    assert site.paths == [("/assets/app.1f2e.js",)]


def test_rows_live_on_with_each_round_and_memory_ends_where_none_comes():
    site = uploaded()
    state = site.rows.state("site")
    assert state.is_complete(state.complete + COMPLETE_SECONDS - 1, "")
    assert not state.is_complete(state.complete + COMPLETE_SECONDS, "")
    assert COMPLETE_SECONDS < KEEP_SECONDS
    site.clock.time += ROUND_SECONDS + 1
    site.next_sweep = site.clock.time + 60
    site.remember()
    assert site.rows.state("site").complete > state.complete
    assert len(site.bucket.asked) == 3, "what is known is confirmed without asking S3"


@pytest.mark.parametrize("cover", [True, False], ids=["CoverGaps", "CoverGaps=no"])
def test_after_a_gap_in_the_bucket_s_events_the_memory_does_not_say_what_it_cannot_know(cover):
    """An edit whose event was lost, which viewers got, is taken back: the bytes are those remembered, not theirs."""
    site = uploaded()
    site.bucket.put("a.html", "lost")
    site.bucket.put("b.html", "lost")
    site.bucket.events.clear()
    site.cache.clear()
    assert [site.view(key).content for key in ("a.html", "b.html")] == ["lost", "lost"]
    site.gaps.kept["site"] = Gap("site", 0.0, site.clock.now() + 300, "it was lost")
    back(site, "a.html")
    assert "/a.html" in {path for paths in site.paths for path in paths}, (
        "while S3 may still send by the old one"
    )
    site.clock.time += 300
    site.next_sweep = site.clock.time + 60
    waking = Waking(site.table, site.queues, site.clock)
    close_gaps(site.gaps, site.table, waking, site.clock, cover=cover)
    site.run_for(60)
    back(site, "b.html")
    assert site.stale() == []
    site.remember()
    state = site.rows.state("site")
    assert (state.gap, bool(state.complete), state.forgotten) == (
        site.gaps.of("site").due,
        True,
        "it was lost",
    )
    sent = len(site.paths)
    back(site, "b.html")
    assert len(site.paths) == sent, "and then it believes again"


def back(site: Site, key: str) -> None:
    site.clock.time += 2
    site.bucket.put(key, f"first {key}")
    site.run_for(2)
    site.tell_all()
    site.run_for(60)


def test_what_no_survey_knows_yet_is_not_remembered_as_pending():
    site = uploaded()
    deal = site.memory.deal
    site.memory.deal = lambda owner: None if owner == "bucket:site" else deal(owner)
    for _ in range(2):
        site.bucket.put("a.html", "second")
        site.run_for(2)
        site.tell_all()
        site.run_for(10)
        row = site.rows.rows("site", site.rows.state("site").epoch, ["a.html"])["a.html"]
        assert row.kind is Kind.UNKNOWN
    assert [sum(each.changed for each in site.judged), sum(each.unchanged for each in site.judged)] == [2, 0]


def test_what_two_runs_at_once_found_new_is_sent():
    """Of two writes that two runs judge, only one was the first; here it is one, but nobody can tell."""
    site = uploaded()
    site.bucket.put("new.html", "new")
    site.run_for(2)

    def another_run() -> None:
        site.clock.time += LEASE_SECONDS + 1
        site.judge()

    once(site, "heads", 1, another_run)
    site.tell_all()
    site.run_for(LEASE_SECONDS)
    site.run_for(60)
    assert site.paths == [("/new.html",)]
    assert sum(each.new for each in site.judged) == 1


def test_what_another_writes_while_a_run_writes_is_caught_up():
    site = uploaded()
    site.bucket.put("a.html", "second")
    told, site.bucket.events = site.bucket.events, []

    def another_environment() -> None:
        site.intake.remembered = frozenset()
        site.bucket.put("b.html", "second")
        site.tell_all()
        site.intake.remembered = site.remembered

    once(site, "deal", 1, another_environment)
    site.run_for(2)
    site.tell(*told)
    site.run_for(60)
    assert site.view("b.html").content == "second"
    back(site, "b.html")
    assert site.stale() == []


def once(site: Site, call: str, which: int, does: Callable[[], None]) -> None:
    """Let something happen before one of a run's calls of a name, counted from now on."""
    calls = 0

    def hook(name: str) -> None:
        nonlocal calls
        calls += name == call
        if calls == which and name == call:
            does()

    site.hook = hook


def test_a_memory_settled_to_what_its_log_never_dealt_loses_nothing_and_says_so():
    site = uploaded()
    name = memory_owner("site")
    site.memory.save(name, TargetState(settled={name: 10**6}))
    site.bucket.put("b.html", "second")
    site.run_for(1)
    site.tell_all()
    site.run_for(60)
    assert site.paths == [("/b.html",)]
    (problem,) = {problem for each in site.judged for problem in each.mended}
    assert f"the log of {name}" in problem
    assert site.memory.view(name, site.clock.now()).state.settled == {name: site.memory.newest(name)}


def test_a_letter_redriven_with_an_event_of_its_key_counts_as_changed_whatever_the_event_says():
    """Nobody knows what the letter's change was: a row that says the same as the event is no proof."""
    site = uploaded()
    site.bucket.put("a.html", "first a.html")
    site.run_for(1)
    events, site.bucket.events = site.bucket.events, []
    (letter,) = bodies(KeyBacklog("site", {"a.html": site.clock.now()}))
    site.take_in([*(site.message(body(each)) for each in events), site.message(letter)])
    site.run_for(60)
    assert site.paths == [("/a.html",)]
