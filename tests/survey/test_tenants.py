"""Tenants of a multi-tenant distribution are surveyed as targets; the distribution itself never is one."""

from datetime import UTC, datetime

import pytest

from invalidator.core.routing.pins import Pin
from invalidator.survey import survey as rounds
from invalidator.survey.summary import Outcome
from tests.survey.account import s3
from tests.survey.surveyed import INTERVAL, Surveyed

ORIGIN = ("{{bucket}}.s3.eu-west-1.amazonaws.com", "/{{folder}}")


@pytest.fixture
def shops() -> Surveyed:
    made = Surveyed()
    made.account.put("E1", ORIGIN)
    made.account.share("E1", bucket="site", folder=None)
    made.account.rent("dt_a", "E1", folder="a")
    made.account.rent("dt_b", "E1", folder="b", bucket="other")
    return made


def test_each_tenant_is_a_target_by_its_own_parameters_and_the_distribution_is_none(shops):
    summary = shops.survey()
    assert (summary.outcome, summary.unread, summary.unresolved) == (Outcome.COMPLETE, {}, [])
    assert (shops.serving("site"), shops.serving("other")) == (["dt_a"], ["dt_b"])
    assert shops.paths("dt_a", "site", "a/x.html") == {"/x.html"}
    assert shops.paths("dt_b", "other", "b/x.html") == {"/x.html"}
    assert shops.table.routes_of("E1") is None


def test_the_shared_configuration_is_asked_for_once_for_all_tenants(shops):
    shops.survey()
    assert shops.account.calls["get_distribution_config"] == 1
    assert shops.account.calls["get_distribution_tenant"] == 2


def test_tenants_are_listed_page_by_page(shops):
    shops.account.page = 1
    shops.survey()
    assert shops.account.calls["list_distribution_tenants"] == 2
    assert shops.serving("other") == ["dt_b"]


def test_only_tenants_that_changed_are_asked_for_again(shops):
    shops.survey()
    shops.account.calls.clear()
    shops.after(INTERVAL).account.rent("dt_b", "E1", folder="c", bucket="other")
    shops.survey()
    assert shops.account.calls["get_distribution_tenant"] == 1
    assert shops.paths("dt_b", "other", "c/x.html") == {"/x.html"}
    shops.account.calls.clear()
    shops.after(INTERVAL).survey()
    assert shops.account.calls == {"list_distributions": 1, "list_distribution_tenants": 1}


def test_a_change_of_the_shared_distribution_is_a_change_of_each_tenant(shops):
    shops.survey()
    shops.after(INTERVAL).account.put("E1", ("{{bucket}}.s3.eu-west-1.amazonaws.com", "/v2/{{folder}}"))
    shops.account.share("E1", bucket="site", folder=None)
    shops.survey()
    assert shops.paths("dt_a", "site", "v2/a/x.html") == {"/x.html"}
    assert shops.paths("dt_b", "other", "v2/b/x.html") == {"/x.html"}


def test_another_parameter_moves_content_behind_unchanged_keys(shops):
    shops.changes("site")
    shops.survey()
    shops.changes("site")
    shops.after(INTERVAL).account.rent("dt_a", "E1", folder="a2")
    shops.survey()
    assert set(shops.routes("dt_a").purge) == {"/*"}
    assert "target:dt_a" in shops.called


def test_a_tenant_without_its_parameter_costs_that_one_alone_and_is_named(shops):
    shops.account.rent("dt_c", "E1")
    summary = shops.survey()
    assert summary.outcome is Outcome.COMPLETE
    assert summary.unread == {
        "dt_c": "tenant dt_c: origin o0 asks for the parameter folder, which has neither a value nor a default"
    }
    assert shops.serving("site") == ["dt_a"]


def test_a_tenant_that_loses_its_parameter_is_served_as_before(shops):
    shops.survey()
    shops.after(INTERVAL).account.rent("dt_a", "E1")
    assert list(shops.survey().unread) == ["dt_a"]
    assert shops.paths("dt_a", "site", "a/x.html") == {"/x.html"}


def test_a_tenant_that_is_gone_or_disabled_serves_nothing(shops):
    shops.survey()
    del shops.account.tenants["dt_a"]
    shops.account.rent("dt_b", "E1", enabled=False, folder="b", bucket="other")
    shops.after(INTERVAL).survey()
    assert (shops.serving("site"), shops.serving("other")) == ([], [])


@pytest.mark.parametrize(
    ("code", "outcome", "named"),
    [("AccessDenied", Outcome.COMPLETE, ["E1"]), ("ServiceUnavailable", Outcome.CONTINUES, [])],
)
def test_tenants_that_may_not_be_listed_go_on_being_served(shops, code, outcome, named):
    shops.survey()
    shops.account.denied["list_distribution_tenants"] = code
    summary = shops.after(INTERVAL).survey()
    assert (summary.outcome, list(summary.unread)) == (outcome, named)
    assert (shops.serving("site"), shops.serving("other")) == (["dt_a"], ["dt_b"])


def test_of_several_edits_while_tenants_may_not_be_listed_the_first_counts(shops):
    shops.survey()
    shops.changes("site")
    shops.sent("dt_a")
    known = shops.time.now()
    shops.account.denied["list_distribution_tenants"] = "AccessDenied"
    shops.after(INTERVAL).survey()
    assert "AccessDenied" in shops.record("dt_a")[1].doubt
    shops.account.rent("dt_a", "E1", folder="c")
    for _ in range(3):
        shops.after(INTERVAL).survey()
    shops.account.rent("dt_a", "E1", folder="c", bucket="site")
    shops.account.denied.clear()
    shops.after(INTERVAL).survey()
    assert shops.routes("dt_a").reroute_since == known - INTERVAL


def test_of_several_edits_while_the_shared_distribution_cannot_be_read_the_first_counts(shops):
    shops.survey()
    shops.changes("site")
    shops.sent("dt_a")
    known = shops.time.now()
    whole = dict(shops.account.distributions["E1"])
    del shops.account.distributions["E1"]["DefaultCacheBehavior"]
    shops.after(INTERVAL).survey()
    assert "DefaultCacheBehavior" in shops.record("dt_a")[1].doubt
    for _ in range(3):
        shops.after(INTERVAL).survey()
    now = datetime.fromtimestamp(shops.time.now(), UTC)
    shops.account.distributions["E1"] = whole | {
        "ETag": "T9",
        "LastModifiedTime": now,
        "DefaultRootObject": "home.html",
    }
    shops.after(INTERVAL).survey()
    assert shops.routes("dt_a").reroute_since == known - INTERVAL


def test_a_list_of_tenants_that_repeats_is_no_end_of_them(shops):
    shops.account.put("E2", s3("site"))
    shops.survey()
    shops.account.list_distributions = lambda Marker="": {
        "DistributionList": {"IsTruncated": False, "Items": list(shops.account.distributions.values())}
    }
    shops.account.repeats = True
    assert shops.after(INTERVAL).survey().outcome is Outcome.CONTINUES
    assert shops.serving("other") == ["dt_b"]


def test_of_very_many_tenants_the_first_are_served_and_a_line_says_so(shops, monkeypatch):
    monkeypatch.setattr(rounds, "MOST_TENANTS", 1)
    summary = shops.survey()
    assert "has more than 1 tenants" in summary.unread["E1"]
    assert (shops.serving("site"), shops.serving("other")) == (["dt_a"], [])


def test_a_distribution_whose_tenants_show_no_bucket_is_not_asked_for_them(shops):
    shops.account.put("E2", ("www.example.com", ""))
    shops.account.share("E2")
    shops.account.rent("dt_z", "E2")
    shops.survey()
    assert shops.account.calls["list_distribution_tenants"] == 1


def test_a_tenant_of_which_no_bucket_shows_is_asked_for_once(shops):
    shops.account.put("E2", ("{{host}}", ""))
    shops.account.share("E2", host=None)
    shops.account.rent("dt_z", "E2", host="www.example.com")
    shops.survey()
    shops.account.calls.clear()
    shops.after(INTERVAL).survey()
    assert shops.account.calls["get_distribution_tenant"] == 0


def test_a_pin_of_the_multi_tenant_distribution_is_refused_by_name_and_one_of_a_tenant_is_followed(shops):
    shops.table.pinned = [Pin("pinned", "E1"), Pin("pinned", "dt_a", templates=("/x/{key}",))]
    summary = shops.survey()
    assert "pin a tenant" in summary.unread["E1"]
    assert shops.serving("pinned") == ["dt_a"]
    assert shops.table.routes_of("E1") is None


def test_one_that_became_multi_tenant_is_a_target_no_more(shops):
    shops.account.put("E9", s3("site"))
    shops.survey()
    assert shops.serving("site") == ["E9", "dt_a"]
    shops.account.put("E9", s3("site"))
    shops.account.share("E9")
    shops.account.rent("dt_9", "E9")
    shops.after(INTERVAL).survey()
    assert shops.serving("site") == ["dt_9", "dt_a"]
