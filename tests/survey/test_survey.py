"""What a survey learns, keeps and tells, and what it does when CloudFront does not answer as it should."""

import pytest

from invalidator.core.pending.entry import UNKNOWN
from invalidator.core.routing.pins import Pin
from invalidator.failures import TableUnavailable
from invalidator.survey.lease import LEASE_SECONDS
from invalidator.survey.summary import Outcome
from tests.survey.account import s3
from tests.survey.surveyed import INTERVAL, MINUTE, Surveyed

CDN = ("cdn.example.com", "")


@pytest.fixture
def site() -> Surveyed:
    return Surveyed()


def test_a_first_survey_learns_who_serves_what_and_sends_nothing(site):
    site.account.put("E1", s3("site", "/pub"))
    site.account.put("E2", s3("site"), s3("media"))
    site.account.put("E3", CDN)
    summary = site.survey()
    assert summary.outcome is Outcome.COMPLETE
    assert site.serving("site") == ["E1", "E2"]
    assert site.serving("media") == ["E2"]
    assert site.paths("E1", "site", "pub/a.html") == {"/a.html"}
    assert (site.routes("E1").reroute_since, site.routes("E1").purge, site.called) == (None, {}, [])
    assert site.account.calls["get_distribution_config"] == 2


def test_only_what_changed_is_asked_for_again(site):
    site.account.put("E1", s3("site"))
    site.account.put("E2", s3("site"))
    site.survey()
    site.account.calls.clear()
    site.after(INTERVAL).account.put("E2", s3("site", "/v2"))
    site.survey()
    assert site.account.calls == {"list_distributions": 1, "get_distribution_config": 1}
    assert site.paths("E2", "site", "v2/a") == {"/a"}


def test_a_bucket_on_more_than_ten_distributions_is_woken_itself(site):
    for number in range(11):
        site.account.put(f"E{number:02}", s3("site"))
    site.survey()
    dealt = site.table.deal("bucket:site")
    assert dealt.targets is None
    assert len(site.serving("site")) == 11


def test_an_account_without_distributions_is_surveyed(site):
    summary = site.survey()
    assert (summary.outcome, summary.listed) == (Outcome.COMPLETE, 0)
    assert site.table.survey_state().completed == site.time.now()


def test_it_works_when_it_is_due_or_asked_and_goes_on_when_it_was_not_complete(site):
    site.account.put("E1", s3("site"))
    assert site.survey(asked=False).outcome is Outcome.COMPLETE
    assert site.after(MINUTE).survey(asked=False).outcome is Outcome.NOT_DUE
    assert site.survey(asked=True).outcome is Outcome.COMPLETE
    site.after(MINUTE).table.ask_survey(site.time.now())
    assert site.survey(asked=False).outcome is Outcome.COMPLETE
    assert site.after(INTERVAL).survey(asked=False).outcome is Outcome.COMPLETE
    site.account.denied["list_distributions"] = "AccessDenied"
    assert site.after(INTERVAL).survey(asked=False).outcome is Outcome.FAILED
    assert site.after(MINUTE).survey(asked=False).outcome is Outcome.FAILED


def test_of_two_at_once_one_works(site):
    site.account.put("E1", s3("site"))
    other = []

    def meanwhile(operation, _):
        if operation == "list_distributions" and not other:
            other.append(site.survey().outcome)

    site.account.before = meanwhile
    assert site.survey().outcome is Outcome.COMPLETE
    assert other == [Outcome.HELD]


# Bad answers


def test_days_of_a_denied_list_lose_no_route_and_leave_unknown_buckets_waiting(site):
    site.account.put("E1", s3("site"))
    site.survey()
    learned = site.time.now()
    site.account.denied["list_distributions"] = "AccessDenied"
    site.changes("new")
    for _ in range(3):
        summary = site.after(86_400).survey()
        assert summary.outcome is Outcome.FAILED
        assert "AccessDenied" in summary.error
    assert site.serving("site") == ["E1"]
    assert site.routes("E1").buckets == ("site",)
    state = site.table.survey_state()
    assert (state.completed, state.covers) == (learned, 0)
    assert summary.routes_age == site.time.now() - learned


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchDistribution"])
def test_one_that_may_not_be_read_keeps_its_record_and_costs_itself_alone(site, code):
    site.account.put("E1", s3("site"))
    site.account.put("E2", s3("site"))
    site.survey()
    learned = site.time.now()
    for each in ("E1", "E2"):
        site.account.put(each, s3("site", "/v2"), modified=site.time.now() + 60)
    site.account.denied["E1"] = code
    summary = site.after(INTERVAL).survey()
    assert summary.outcome is Outcome.COMPLETE
    assert list(summary.unread) == ["E1"]
    assert site.serving("site") == ["E1", "E2"]
    assert site.paths("E1", "site", "a.html") == {"/a.html"}
    assert site.paths("E2", "site", "v2/a.html") == {"/a.html"}
    assert (site.routes("E1").learned, bool(site.record("E1")[1].doubt)) == (learned, True)
    del site.account.denied["E1"]
    site.after(INTERVAL).survey()
    assert site.paths("E1", "site", "v2/a.html") == {"/a.html"}
    assert site.record("E1")[1].doubt == ""


def test_one_that_could_never_be_read_is_served_by_what_the_list_says(site):
    site.account.put("E1", s3("site", "/pub"))
    site.account.denied["E1"] = "AccessDenied"
    site.survey()
    assert site.paths("E1", "site", "pub/index.html") >= {"/", "/index.html"}


def test_one_that_the_list_garbles_is_served_under_every_path(site):
    site.account.put("E1", s3("site", "/pub"), default=7)
    summary = site.survey()
    assert "TargetOriginId" in summary.unread["E1"]
    assert site.paths("E1", "site", "pub/a.html") == {"/a.html*"}


def test_one_deleted_between_the_list_and_its_configuration_goes_with_the_next_list(site):
    site.account.put("E1", s3("site"))
    site.survey()
    site.account.put("E1", s3("site", "/v2"))

    def delete(operation, identifier):
        if operation == "get_distribution_config":
            site.account.distributions.pop(identifier, None)

    site.account.before = delete
    site.after(INTERVAL).survey()
    assert site.serving("site") == ["E1"]
    site.after(INTERVAL).survey()
    assert site.serving("site") == []
    assert site.table.routes_of("E1") is None


def test_one_that_is_new_and_deleted_before_it_could_be_read_asks_nobody_for_anything(site):
    """A record of it would have changes sent to what is not there, and dead letters come of that."""
    site.survey()
    site.changes("site")
    site.account.put("E1", s3("site"))
    site.account.denied["E1"] = "NoSuchDistribution"
    summary = site.after(INTERVAL).survey()
    assert (summary.outcome, summary.unread) == (Outcome.COMPLETE, {})
    assert "target:E1" not in site.called
    assert site.table.routes_of("E1") is None


def test_pages_that_repeat_end_and_remove_nothing(site):
    site.account.put("E1", s3("site"))
    site.survey()
    del site.account.distributions["E1"]
    site.account.put("E2", s3("site"))
    site.account.repeats = True
    summary = site.after(INTERVAL).survey()
    assert summary.outcome is Outcome.FAILED
    assert "again" in summary.error
    assert site.serving("site") == ["E1", "E2"]


def test_a_list_that_breaks_off_removes_nothing_and_keeps_what_it_said(site):
    site.account.page = 1
    for each in ("E1", "E2"):
        site.account.put(each, s3("site"))
    site.survey()
    site.account.put("E1", s3("site", "/v2"))

    def break_off(operation, marker):
        if marker == "1":
            site.account.denied["list_distributions"] = "ServiceUnavailable"

    site.account.before = break_off
    assert site.after(INTERVAL).survey().outcome is Outcome.FAILED
    assert site.serving("site") == ["E1", "E2"]
    assert site.paths("E1", "site", "v2/a") == {"/a"}


def test_a_disabled_distribution_serves_nothing_and_is_remembered(site):
    site.account.put("E1", s3("site"))
    site.survey()
    site.after(INTERVAL).account.put("E1", s3("site"), enabled=False)
    site.survey()
    assert site.serving("site") == []
    assert site.paths("E1", "site", "a.html") == set()


def test_a_cache_policy_that_changes_by_itself_changes_the_routing(site):
    site.account.policies["mine"] = "none"
    site.account.put("E1", s3("site"), policy="mine")
    site.survey()
    assert site.paths("E1", "site", "a.html") == {"/a.html"}
    site.account.policies["mine"] = "all"
    site.after(INTERVAL).survey()
    assert site.paths("E1", "site", "a.html") == {"/a.html*"}


def test_a_cache_policy_that_cannot_be_asked_just_now_changes_nothing(site):
    site.account.policies["mine"] = "none"
    site.account.put("E1", s3("site"), policy="mine")
    site.survey()
    site.account.denied["mine"] = "ServiceUnavailable"
    assert site.after(INTERVAL).survey().changes == {}
    assert site.paths("E1", "site", "a.html") == {"/a.html"}


# Pins


def test_several_pins_of_a_distribution_are_one_target(site):
    site.account.put("E1", CDN)
    site.table.pinned = [Pin("vault", "E1", prefix="a/"), Pin("vault", "E1", prefix="b/")]
    site.survey()
    assert site.serving("vault") == ["E1"]
    assert site.paths("E1", "vault", "a/x") == {"/a/x"}
    assert site.paths("E1", "vault", "b/x") == {"/b/x"}
    assert site.paths("E1", "vault", "c/x") == set()


def test_a_pin_narrows_its_bucket_and_leaves_the_others(site):
    site.account.put("E1", s3("site"), s3("media"), behaviors=[("m/*", 1)])
    site.table.pinned = [Pin("site", "E1", prefix="docs/")]
    site.survey()
    assert site.paths("E1", "site", "x") == set()
    assert site.paths("E1", "media", "m/x") == {"/m/x"}


def test_a_function_may_pick_an_origin_that_no_behavior_leads_to(site):
    site.account.put("E1", s3("site"), s3("edge"), function=True)
    site.table.pinned = [Pin("edge", "E1")]
    site.survey()
    assert site.paths("E1", "edge", "x") == {"/x"}


def test_a_pin_with_templates_says_itself_how_keys_appear(site):
    site.account.put("E1", ("abc.execute-api.eu-west-1.amazonaws.com", "/prod"))
    site.table.pinned = [Pin("images", "E1", templates=("/{key}*",))]
    site.survey()
    (route,) = [each for each in site.routes("E1").routes if "images" in {o.bucket for o in each.origins}]
    assert route.origins[0].templates == ("/{key}*",)
    assert site.serving("images") == ["E1"]


def test_a_path_style_origin_reveals_its_bucket_also_where_the_rest_is_garbled(site):
    site.account.put("E1", ("s3.amazonaws.com", "/site/pub"))
    site.account.put("E2", ("s3.amazonaws.com", "/site/pub"), default=7)
    site.survey()
    assert site.serving("site") == ["E1", "E2"]
    assert site.paths("E1", "site", "pub/a.html") == {"/a.html"}
    assert site.paths("E2", "site", "pub/a.html") == {"/a.html*"}


def test_another_pin_is_a_routing_change(site):
    site.account.put("E1", CDN)
    site.account.put("E2", s3("site"))
    site.survey()
    surveyed = site.time.now()
    site.changes("vault")
    site.after(MINUTE).table.pinned = [Pin("vault", "E1")]
    site.after(INTERVAL).survey()
    assert site.serving("vault") == ["E1"]
    assert site.routes("E1").reroute_since == surveyed - INTERVAL
    assert "target:E1" in site.called


def test_a_pinned_distribution_of_another_account_is_woken_to_be_looked_at(site):
    site.table.pinned = [Pin("vault", "EFAR", role="arn:aws:iam::123456789012:role/r")]
    site.survey()
    assert site.routes("EFAR").role == "arn:aws:iam::123456789012:role/r"
    assert site.paths("EFAR", "vault", "x") == {"/x*"}
    assert site.account.calls["get_distribution_config"] == 0
    site.after(2 * INTERVAL).survey()
    assert site.called == ["target:EFAR"]


# Unknown buckets


def test_the_log_of_unknown_buckets_is_covered_as_it_stood_before_the_list(site):
    site.changes("nobody")

    def during_the_list(operation, _):
        if operation == "list_distributions":
            site.changes("later")

    site.account.before = during_the_list
    site.survey()
    state = site.table.survey_state()
    assert (state.covers, site.table.newest(UNKNOWN)) == (1, 2)
    assert site.called == [UNKNOWN]
    assert "nobody" in state.unserved


# Killed anywhere


class Dying:
    """A table that a run can use so many times."""

    def __init__(self, table, uses):
        self.table, self.uses = table, uses

    def __getattr__(self, name):
        found = getattr(self.table, name)

        def used(*args, **more):
            self.uses -= 1
            if self.uses < 0:
                raise TableUnavailable("killed")
            return found(*args, **more)

        return used


def two_switches() -> tuple[Surveyed, float]:
    """Four distributions: one switched to another folder, one to another bucket, one new, one gone."""
    site = Surveyed()
    site.account.put("E1", s3("site", "/v1"))
    site.account.put("E2", s3("old"))
    site.account.put("E3", s3("site"))
    site.survey()
    for bucket in ("site", "old"):
        site.changes(bucket)
    site.after(INTERVAL).account.put("E1", s3("site", "/v2"))
    site.account.put("E2", s3("new"))
    site.account.put("E4", s3("site"))
    del site.account.distributions["E3"]
    switched = site.time.now()
    site.after(MINUTE)
    return site, switched


class Flooded:
    """A table in which reading the log of unknown buckets outlasts the function."""

    def __init__(self, table):
        self.table = table

    def __getattr__(self, name):
        return getattr(self.table, name)

    def read(self, owner, after):
        raise TableUnavailable(f"the time is over while {owner} is read after {after}")


def test_what_changed_is_told_before_a_flood_of_unknown_buckets_is_read():
    site, _ = two_switches()
    with pytest.raises(TableUnavailable, match="unknown"):
        site.survey(store=Flooded(site.table))
    assert site.serving("site") == ["E1", "E4"]
    assert {"target:E1", "target:E2", "target:E4"} <= {wake.name for wake in site.table.waiting()}


class Long:
    """A table whose log of unknown buckets takes a minute an entry; whether another round could begin meanwhile."""

    def __init__(self, site):
        self.site, self.held = site, []

    def __getattr__(self, name):
        return getattr(self.site.table, name)

    def read(self, owner, after):
        for each in self.site.table.read(owner, after):
            self.site.time.sleep(MINUTE)
            now = self.site.time.now()
            self.held.append(self.site.table.begin_survey(now, now + LEASE_SECONDS, "another") is None)
            yield each


def test_a_round_keeps_its_lease_while_it_reads_a_long_log_of_unknown_buckets(site):
    for number in range(4):
        site.changes(f"invented-{number}")
    store = Long(site)
    assert site.survey(400.0, store=store).outcome is Outcome.COMPLETE
    assert store.held == [True] * 4


class Slow:
    """A table in which to know a bucket takes as long as said."""

    def __init__(self, site, seconds):
        self.site, self.seconds, self.known = site, seconds, []

    def __getattr__(self, name):
        return getattr(self.site.table, name)

    def know_bucket(self, bucket, targets):
        self.site.time.sleep(self.seconds)
        self.known.append(bucket)
        return self.site.table.know_bucket(bucket, targets)


def test_a_bucket_that_was_unknown_until_this_round_is_told_of_once(site):
    site.account.put("E1", s3("site"))
    site.changes("site")
    store = Slow(site, 0.1)
    summary = site.survey(store=store)
    assert (store.known, summary.mended, summary.outcome) == (["site"], [], Outcome.COMPLETE)


def test_a_round_whose_time_ends_while_lists_are_written_goes_on_in_the_next(site):
    for bucket in ("one", "other", "site"):
        site.account.put(f"E-{bucket}", s3(bucket))
    assert site.survey(60.0, store=Slow(site, 55.0)).outcome is not Outcome.COMPLETE
    assert site.table.survey_state().completed == 0
    site.after(LEASE_SECONDS)
    assert site.survey(asked=False).outcome is Outcome.COMPLETE
    assert {each: site.serving(each) for each in ("one", "other", "site")} == {
        "one": ["E-one"],
        "other": ["E-other"],
        "site": ["E-site"],
    }
    for bucket in ("one", "other", "site"):
        site.table.drop_head(f"bucket:{bucket}")
        site.changes(bucket)
    site.after(INTERVAL)
    assert site.survey(60.0, store=Slow(site, 55.0)).outcome is not Outcome.COMPLETE
    site.after(LEASE_SECONDS)
    assert site.survey(asked=False).outcome is Outcome.COMPLETE
    assert all(site.table.deal(f"bucket:{each}").targets for each in ("one", "other", "site"))


USES = 25


def test_the_next_test_kills_a_survey_at_each_of_its_uses_of_the_table():
    site, _ = two_switches()
    store = Dying(site.table, USES)
    site.survey(store=store)
    assert store.uses == 0


@pytest.mark.parametrize("uses", range(USES))
def test_a_survey_killed_anywhere_loses_neither_a_route_nor_a_change(uses):
    """Whatever was done, the next survey does the rest, wakes included."""
    site, switched = two_switches()
    with pytest.raises(TableUnavailable):
        site.survey(store=Dying(site.table, uses))
    assert "E1" in site.serving("site")
    assert site.routes("E1").buckets == ("site",)
    assert site.after(10 * MINUTE).survey(asked=False).outcome is Outcome.COMPLETE
    assert site.serving("site") == ["E1", "E4"]
    assert site.serving("old") == []
    assert site.serving("new") == ["E2"]
    for target in ("E1", "E2"):
        ((wildcard, moved),) = site.routes(target).purge.items()
        assert (wildcard, moved >= switched) == ("/*", True)
    assert switched - 2 * INTERVAL <= site.routes("E4").reroute_since <= switched - INTERVAL
    woken = {wake.name for wake in site.table.waiting() if wake.due is not None}
    assert {"target:E1", "target:E2", "target:E4"} <= woken
