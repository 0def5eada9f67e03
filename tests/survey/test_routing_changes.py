"""A routing change is a change: what the sender is told to route again, to purge, and when once more."""

from dataclasses import replace

import pytest

from invalidator.core.pending.entry import UNKNOWN
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.target_state import TargetState
from tests.survey.account import s3
from tests.survey.surveyed import HISTORY, INTERVAL, MINUTE, Surveyed

DAY = 86_400.0


@pytest.fixture
def site() -> Surveyed:
    """A site in folder /v1 whose bucket this stack hears of, surveyed and at rest."""
    found = Surveyed()
    found.account.put("E1", s3("site", "/v1"))
    found.survey()
    found.changes("site", "v1/a.html")
    found.sent("E1")
    return found.after(10 * INTERVAL)


def test_the_switch_to_another_folder_purges_by_itself(site):
    """The public case: a deployment is uploaded to a new folder, then the OriginPath moves there."""
    site.survey()
    site.changes("site", "v2/a.html")
    site.after(MINUTE).account.put("E1", s3("site", "/v2"))
    switched = site.time.now()
    summary = site.after(MINUTE).survey()
    assert site.routes("E1").purge == {"/*": site.time.now()}
    assert switched - 2 * INTERVAL <= site.routes("E1").reroute_since <= switched - INTERVAL
    assert site.called == ["target:E1"]
    assert summary.changes == {
        "E1": ("OriginPath of o0: /v1 → /v2",),
    }


def test_a_comment_changes_nothing(site):
    before = site.routes("E1")
    site.account.put("E1", s3("site", "/v1"), comment="another")
    assert site.survey().changes == {}
    assert (site.routes("E1"), site.called) == (before, [])
    site.account.calls.clear()
    site.after(INTERVAL).survey()
    assert site.account.calls["get_distribution_config"] == 0


def test_until_it_is_deployed_both_ways_lead_and_then_the_wildcards_go_again(site):
    site.account.put("E1", s3("site", "/v2"), deployed=False)
    site.survey()
    assert site.paths("E1", "site", "v1/a") == site.paths("E1", "site", "v2/a") == {"/a"}
    first = site.routes("E1")
    assert first.purge
    site.sent("E1")
    site.after(INTERVAL).survey()
    assert site.routes("E1") == first
    site.account.deploy("E1")
    site.after(INTERVAL).survey()
    again = site.routes("E1")
    assert again.version != first.version
    assert again.purge == {"/*": site.time.now()}
    assert site.paths("E1", "site", "v1/a") == set()
    site.sent("E1")
    site.after(INTERVAL).survey()
    assert site.routes("E1") == again


def test_one_that_is_on_its_way_when_all_is_seen_for_the_first_time_is_purged_once_it_is_deployed():
    """A new stack's survey, or one of a table that was restored to before any: what edges answer by nobody knows."""
    site = Surveyed()
    site.account.put("E1", s3("site", "/v2"), deployed=False)
    site.account.put("E2", s3("untold", "/v2"), deployed=False)
    site.survey()
    assert site.routes("E1").purge == {}
    site.changes("site", "v2/a.html")
    for each in ("E1", "E2"):
        site.sent(each)
        site.account.deploy(each)
    site.after(INTERVAL).survey()
    assert (site.routes("E1").purge, site.routes("E2").purge) == ({"/*": site.time.now()}, {})


def test_a_switch_counts_while_a_change_from_before_the_first_survey_is_not_handed_over():
    """It stands in the log of unknown buckets still, and may be of any."""
    site = Surveyed()
    site.account.put("E1", s3("site", "/v1"))
    site.account.put("E2", s3("site", "/v1"))
    site.changes("site", "v1/a.html")
    site.survey()
    site.after(INTERVAL).account.put("E1", s3("site", "/v2"))
    site.survey()
    assert site.routes("E1").purge == {"/*": site.time.now()}
    site.table.save(UNKNOWN, TargetState(settled={UNKNOWN: 1}))
    site.after(INTERVAL).account.put("E2", s3("site", "/v2"))
    site.survey()
    assert site.routes("E2").purge == {}, "that one was of another bucket: nobody told of a change in this"


def test_two_switches_before_either_is_deployed_keep_all_three_ways(site):
    for folder in ("/v2", "/v3"):
        site.account.put("E1", s3("site", folder), deployed=False)
        site.survey()
        site.after(INTERVAL)
    for folder in ("v1", "v2", "v3"):
        assert site.paths("E1", "site", f"{folder}/a") == {"/a"}


def test_what_the_sender_has_not_done_yet_is_not_forgotten_by_the_next_change(site):
    site.survey()
    site.account.put("E1", s3("site", "/v2"))
    first = site.time.now()
    site.survey()
    site.after(INTERVAL).account.put("E1", s3("site", "/v2"), behaviors=[("/img/*", 0)])
    site.survey()
    assert site.routes("E1").purge == {"/*": first}
    assert site.routes("E1").reroute_since == first - INTERVAL
    site.sent("E1")
    site.after(INTERVAL).account.put("E1", s3("site", "/v2"))
    site.survey()
    assert site.routes("E1").purge == {}


@pytest.mark.parametrize("denied", ["list_distributions", "E1"])
def test_of_several_edits_since_it_could_be_read_last_the_first_counts(site, denied):
    """CloudFront tells the time of the last one alone: what changed after the first was sent by the old rules."""
    site.survey()
    site.account.denied[denied] = "AccessDenied"
    first = site.after(MINUTE).time.now()
    site.account.put("E1", s3("site", "/v1"), behaviors=[("/img/*", 0)], root="home.html")
    site.after(MINUTE).survey()
    site.after(DAY).account.put("E1", s3("site", "/v1"), root="home.html", comment="another")
    site.survey()
    site.account.denied.clear()
    site.after(MINUTE).survey()
    assert first - 2 * INTERVAL <= site.routes("E1").reroute_since <= first - INTERVAL


def test_one_that_is_new_and_was_edited_again_gets_what_changed_since_it_may_have_been_made(site):
    site.survey()
    made = site.time.now()
    site.account.put("E2", s3("site"))
    site.after(DAY).account.put("E2", s3("site"), comment="another")
    site.survey()
    assert site.routes("E2").reroute_since == made - INTERVAL


def test_once_deployed_what_was_purged_before_that_was_seen_does_not_count(site):
    """An edge that had the old configuration still may have filled again after it."""
    site.survey()
    site.account.put("E1", s3("site", "/v2"))
    site.after(MINUTE)

    def slowly(operation, _):
        if operation == "get_distribution_config":
            site.time.sleep(20.0)

    site.account.before = slowly
    site.survey()
    assert site.routes("E1").purge == {"/*": site.time.now()}


@pytest.mark.parametrize("deployed", [True, False])
def test_a_change_that_moves_nothing_does_not_end_the_waiting_of_one_that_did(site, deployed):
    site.survey()
    site.account.put("E1", s3("site", "/v2"), deployed=False)
    site.survey()
    site.sent("E1")
    site.after(MINUTE).account.put("E1", s3("site", "/v2"), behaviors=[("/img/*", 0)], deployed=deployed)
    site.after(INTERVAL).survey()
    if not deployed:
        assert site.routes("E1").purge == {}
        site.sent("E1")
        site.account.deploy("E1")
        site.after(INTERVAL).survey()
    assert site.routes("E1").purge == {"/*": site.time.now()}


def test_one_that_could_not_be_read_when_it_was_first_seen_is_new_since_then_however_old_it_is(site):
    site.account.put("E2", s3("site"), root="home.html", modified=site.time.now() - 2 * HISTORY)
    site.account.denied["E2"] = "AccessDenied"
    site.survey()
    site.sent("E2")
    seen = site.time.now()
    site.account.denied.clear()
    site.after(INTERVAL).survey()
    assert site.routes("E2").reroute_since == seen - INTERVAL
    assert "/*" not in site.routes("E2").purge


def test_names_that_are_no_routing_are_kept_for_people_and_nobody_works_by_them(site):
    before = site.routes("E1")
    site.account.put("E1", s3("site", "/v1"))
    site.account.distributions["E1"]["Aliases"] = {"Quantity": 1, "Items": ["www.example.com"]}
    assert site.survey().changes == {}
    after = site.routes("E1")
    assert [each.aliases for each in after.routes] == [("www.example.com",)]
    assert (after.version, after.reroute_since, site.called) == (before.version, before.reroute_since, [])


def test_of_two_switches_that_the_sender_has_not_followed_yet_the_later_dates_the_purge(site):
    """What was purged between them covers nothing."""
    for folder in ("/v2", "/v3"):
        site.after(INTERVAL).account.put("E1", s3("site", folder))
        site.survey()
    assert site.routes("E1").purge == {"/*": site.time.now()}


def test_one_switched_there_and_back_is_purged_twice(site):
    versions = {site.routes("E1").version}
    for folder in ("/v2", "/v1"):
        site.account.put("E1", s3("site", folder))
        site.after(INTERVAL).survey()
        assert site.routes("E1").purge
        versions.add(site.routes("E1").version)
        site.sent("E1")
    assert len(versions) == 3


def test_a_new_distribution_gets_what_changed_since_it_was_made(site):
    site.survey()
    site.account.put("E2", s3("site"))
    made = site.time.now()
    site.after(MINUTE).survey()
    assert (site.routes("E2").reroute_since, site.routes("E2").purge) == (made - INTERVAL, {})
    assert site.called == ["target:E2"]


def test_one_that_a_pin_reveals_is_new_since_the_pin_however_old_it_is(site):
    site.account.put("E2", ("cdn.example.com", ""), modified=site.time.now() - 2 * HISTORY)
    site.survey()
    known = site.time.now()
    site.after(INTERVAL).table.pinned = [Pin("site", "E2")]
    site.survey()
    assert (site.routes("E2").reroute_since, site.routes("E2").purge) == (known - INTERVAL, {})


def test_one_that_was_disabled_gets_what_changed_since_it_served_last(site):
    off = site.time.now()
    site.account.put("E1", s3("site", "/v1"), enabled=False)
    site.survey()
    site.after(DAY).account.put("E1", s3("site", "/v1"))
    site.survey()
    assert site.routes("E1").reroute_since == off - INTERVAL
    assert site.serving("site") == ["E1"]


def test_one_that_was_edited_while_it_was_disabled_gets_what_changed_since_it_served_last(site):
    off = site.time.now()
    site.account.put("E1", s3("site", "/v1"), enabled=False)
    site.survey()
    site.after(DAY).account.put("E1", s3("site", "/v1"), enabled=False, comment="another")
    site.settings = RoutingSettings(("home.html",))
    site.survey()
    site.after(DAY).account.put("E1", s3("site", "/v1"))
    site.survey()
    assert site.routes("E1").reroute_since == off - INTERVAL


def test_one_that_was_disabled_when_it_was_first_seen_gets_what_changed_since_it_served_last(site):
    off = site.time.now()
    site.account.put("E2", s3("site"), enabled=False)
    site.after(MINUTE).survey()
    assert (site.serving("site"), site.called) == (["E1"], [])
    site.after(DAY).account.put("E2", s3("site"))
    site.survey()
    assert site.routes("E2").reroute_since == off - INTERVAL
    assert site.serving("site") == ["E1", "E2"]
    assert site.called == ["target:E2"]


def test_one_that_was_moved_while_it_was_disabled_is_purged_when_it_comes_back(site):
    site.account.put("E1", s3("site", "/v1"), enabled=False)
    site.survey()
    site.after(DAY).account.put("E1", s3("site", "/v2"))
    site.survey()
    assert list(site.routes("E1").purge) == ["/*"]


@pytest.mark.parametrize("deployed", [True, False])
def test_what_was_left_to_do_when_it_was_disabled_is_done_when_it_comes_back(site, deployed):
    """Its edges keep what they hold of the old folder, though nobody is served meanwhile."""
    site.account.put("E1", s3("site", "/v2"), deployed=deployed)
    site.survey()
    if not deployed:  # sent once, and owed again when all edges have the new folder
        site.sent("E1")
    site.after(INTERVAL).account.put("E1", s3("site", "/v2"), enabled=False, deployed=deployed)
    site.survey()
    site.account.deploy("E1")
    site.after(DAY).survey()
    assert site.routes("E1").purge == {}
    site.account.put("E1", s3("site", "/v2"))
    site.after(INTERVAL).survey()
    assert list(site.routes("E1").purge) == ["/*"]


def test_what_was_not_routed_again_before_it_was_disabled_is_when_it_comes_back(site):
    site.account.put("E1", s3("site", "/v1"), behaviors=[("/img/*", 0)])
    site.survey()
    owed = site.routes("E1").reroute_since
    assert owed is not None
    site.after(INTERVAL).account.put("E1", s3("site", "/v1"), enabled=False)
    site.survey()
    site.account.put("E1", s3("site", "/v1"))
    site.after(INTERVAL).survey()
    assert site.routes("E1").reroute_since <= owed


def test_one_that_leaves_its_bucket_for_another_kind_of_origin_is_purged(site):
    site.account.put("E1", ("www.example.com", ""))
    site.survey()
    assert list(site.routes("E1").purge) == ["/*"]
    assert site.called == ["target:E1"]
    site.sent("E1")
    site.called.clear()
    version = site.routes("E1").version
    site.after(INTERVAL).survey()
    assert (site.routes("E1").version, site.called) == (version, [])


def test_while_it_is_being_disabled_edges_still_serve(site):
    site.account.put("E1", s3("site", "/v1"), enabled=False, deployed=False)
    site.survey()
    assert site.paths("E1", "site", "v1/a") == {"/a"}
    site.account.deploy("E1")
    site.after(INTERVAL).survey()
    assert site.serving("site") == []


def test_history_that_does_not_reach_back_is_made_good_by_wildcards(site):
    site.account.put("E1", s3("site", "/v1"), behaviors=[("/img/*", 0)])
    site.account.denied["list_distributions"] = "AccessDenied"
    site.survey()
    site.account.denied.clear()
    site.after(HISTORY + DAY).survey()
    assert site.routes("E1").purge == {"/*": site.time.now()}
    assert site.routes("E1").reroute_since is None


def test_settings_are_routing(site):
    confirmed = site.table.survey_state().completed
    site.settings = RoutingSettings(("home.html",))
    site.survey()
    assert site.routes("E1").reroute_since == confirmed - INTERVAL
    assert site.routes("E1").purge == {}
    assert site.called == ["target:E1"]


def test_a_bucket_that_never_told_this_stack_of_a_change_costs_nothing(site):
    """All of an account's distributions are surveyed; most of their buckets are no concern of this stack."""
    site.account.put("E9", s3("theirs", "/v1"))
    site.survey()
    site.after(INTERVAL).account.put("E9", s3("theirs", "/v2"))
    site.survey()
    assert (site.routes("E9").purge, site.routes("E9").reroute_since, site.called) == ({}, None, [])


def test_a_bucket_that_was_left_is_told_so_once(site):
    site.survey()
    site.account.put("E1", s3("other"))
    site.survey()
    assert (site.serving("site"), site.serving("other")) == ([], ["E1"])
    assert site.record("E1")[1].left == ()


def test_a_switch_to_a_bucket_whose_changes_nobody_could_place_yet_purges(site):
    site.changes("fresh", "a.html")
    site.account.put("E1", s3("fresh"))
    site.survey()
    assert list(site.routes("E1").purge) == ["/*"]


def test_a_change_of_a_prefix_that_is_pinned_is_a_routing_change(site):
    site.table.pinned = [Pin("site", "E1", "/v1", prefix="v1/docs/")]
    site.survey()
    assert site.paths("E1", "site", "v1/a") == set()
    site.sent("E1")
    site.after(INTERVAL).table.pinned = [replace(site.table.pinned[0], prefix="v1/")]
    site.survey()
    assert site.paths("E1", "site", "v1/a") == {"/a"}
    assert site.routes("E1").reroute_since is not None
