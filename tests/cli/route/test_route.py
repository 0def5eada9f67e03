"""`invalidator route` as a person types it."""

import re
import shlex
from dataclasses import replace

import boto3
import pytest

from infra.cli import surveying
from infra.cli.route.commands import route
from invalidator.aws.distributions import CloudFrontDistributions
from invalidator.core.reasons import Reason
from invalidator.core.routing.pins import Pin
from invalidator.failures import Permanent, Transient
from invalidator.survey.summary import Outcome, Summary
from tests.cli.made_distributions import config, create
from tests.cli.route.answered import answers
from tests.cli.stored import site

SITE = "site.s3.eu-west-1.amazonaws.com"


@pytest.fixture
def no_list(monkeypatch):
    """The operator may not list distributions."""

    def refuse(self, pinned, deadline):
        raise Permanent("AccessDenied: ListDistributions", Reason.MAPPING_DENIED)

    monkeypatch.setattr(CloudFrontDistributions, "listed", refuse)


def test_a_refresh_surveys_waits_and_says_what_changed(typed, stored):
    stored.serve(site("EOLD", "gone"))
    created = create(config(SITE))

    answer = typed("route", "refresh", "--json")

    assert answer.code == 0, answer.err
    assert answer.data["served_buckets"] == 1
    assert answer.data["changes"] == ["gone: EOLD serves it no more", f"site: {created} serves it now"]
    assert (stored.serving("site"), stored.serving("gone")) == ([created], [])
    assert (
        typed("route", "refresh").out == "1 bucket served by a distribution\n  the routes are as they were\n"
    )


def test_a_refresh_tells_of_a_distribution_that_is_routed_in_another_way(typed, stored, monkeypatch):
    stored.serve(site("E1"))

    def survey():
        stored.serve(site("E1", root_object="home.html"), version="2")
        return Summary(Outcome.COMPLETE).as_json()

    monkeypatch.setattr(stored.functions, "survey", survey)
    assert typed("route", "refresh", "--json").data["changes"] == ["site: E1 is routed in another way"]


def test_a_refresh_goes_on_until_the_survey_is_complete(typed, stored, monkeypatch):
    """Another one is at work, then time runs out."""
    waits = []
    monkeypatch.setattr("infra.cli.surveying.time.sleep", waits.append)
    answers(
        monkeypatch, stored, {"outcome": "another survey is at work"}, {"outcome": "continues", "woken": 2}
    )
    created = create(config(SITE))
    answer = typed("route", "refresh", "--json")
    assert answer.code == 0
    assert answer.data["changes"] == [f"site: {created} serves it now"]
    assert waits == [3.0]
    assert answer.err == "note: another survey is at work; waiting for it\n"


@pytest.mark.parametrize(
    ("answered", "said"),
    [
        (
            {"outcome": "failed", "error": "AccessDenied: no"},
            "distributions cannot be listed: AccessDenied: no",
        ),
        (RuntimeError("boom"), "the survey failed: RuntimeError: boom"),
    ],
)
def test_a_survey_that_fails_is_one_line(typed, stored, monkeypatch, answered, said):
    answers(monkeypatch, stored, answered)
    answer = typed("route", "refresh")
    assert (answer.code, answer.out, answer.err.count("\n")) == (1, "", 1)
    assert said in answer.err


def test_a_survey_that_does_not_end_is_given_up_and_goes_on_by_itself(typed, stored, monkeypatch):
    monkeypatch.setattr(surveying, "MOST_SECONDS", -1.0)
    answers(monkeypatch, stored, {"outcome": "continues"})
    answer = typed("route", "refresh")
    assert answer.code == 1
    assert "the survey is not at its end yet (continues); it goes on by itself" in answer.err


def test_the_list_says_how_each_distribution_is_known_and_as_of_when(typed, stored):
    seen = create(config(SITE, path="/pub"))
    hidden = create(config("cdn.example.com"))
    stored.pins.pin(Pin("vault", hidden, prefix="docs/"))
    typed("route", "refresh")

    answer = typed("route", "list")

    assert answer.code == 0
    (as_of, listed, vault) = answer.out.strip().split("\n\n")
    assert as_of.startswith("as of 20")
    assert "\nasked again at 20" in as_of  # SurveyMinutes later
    assert as_of.endswith("or now by: invalidator route refresh")
    lines = listed.splitlines()
    assert lines[:2] == ["site", f"  {seen}  discovered  OriginPath /pub"]
    assert re.fullmatch(r"    learned 20.* UTC", lines[2])
    assert vault.startswith(f"vault\n  {hidden}  pinned  OriginPath /, prefix docs/\n    learned 20")
    data = typed("route", "list", "--json").data
    assert data["as_of"].startswith("20")
    known = {each["bucket"]: each["distributions"][0]["known"] for each in data["buckets"]}
    assert known == {"site": "discovered", "vault": "pinned"}


def test_origins_that_hide_their_bucket_are_listed_until_they_are_pinned(typed, stored):
    hosts = (
        "a-xyz-s3alias.s3.amazonaws.com",
        "m1.mrap.accesspoint.s3-global.amazonaws.com",
        "cdn.example.com",
    )
    ids = [create(config(host, path="/p" * at)) for at, host in enumerate(hosts)]
    create(config("my-alb-1.eu-west-1.elb.amazonaws.com"))  # never a bucket

    told = typed("route", "list", "--json").data["unresolved"]

    assert {(each["distribution"], each["why"]) for each in told} == {
        (ids[0], "an access point alias"),
        (ids[1], "a multi-region access point"),
        (ids[2], "not the host name of an S3 bucket"),
    }
    assert "    invalidator route pin BUCKET --distribution" in typed("route", "list").out
    assert "    invalidator route pin BUCKET --distribution" in typed("route", "refresh").out
    assert typed("route", "pin", "vault", "--distribution", ids[1], "--origin-path", "/p").code == 0
    left = typed("route", "list", "--json").data["unresolved"]
    assert {each["distribution"] for each in left} == {ids[0], ids[2]}


def test_a_distribution_that_cannot_be_read_is_listed_with_why(typed, stored):
    stored.serve(site("EODD"))
    record, seen = stored.routes.routes_of("EODD")
    stored.routes.store_routes(record, replace(seen, doubt="Origins.0.Id: field required"))
    answer = typed("route", "list")
    assert "    it could not be read since: Origins.0.Id: field required" in answer.out
    assert "  EODD: Origins.0.Id: field required" in answer.out
    assert typed("route", "list", "--json").data["unreadable"] == {"EODD": "Origins.0.Id: field required"}


def test_a_list_without_cloudfront_shows_the_table_and_says_so(typed, stored, no_list):
    stored.serve(site("E1"))
    answer = typed("route", "list")
    assert answer.code == 2
    assert "site\n  E1  discovered  OriginPath /" in answer.out
    assert "CloudFront cannot be asked" in answer.err


def test_an_account_without_anything_is_said(typed, stored):
    said = "no survey of the distributions has completed yet; start one: invalidator route refresh"
    assert typed("route", "list").out == f"{said}\n\nno bucket is known to be served\n"
    assert typed("route", "show", "site").out == f"site\n  no distribution is known to serve it\n  {said}\n"


def test_show_tells_the_behaviors_and_the_pins_of_one_bucket(typed, stored):
    created = create(config(SITE, "api.s3.amazonaws.com", root="home.html", behaviors=(("api/*", "o1"),)))
    stored.pins.pin(Pin("site", created, prefix="x/", role=None))
    typed("route", "refresh")
    out = typed("route", "show", "site").out
    assert "    / is home.html\n    behavior api/*: another origin\n    behavior *\n" in out
    assert f"  pin: site on {created}, prefix x/\n" in out
    assert "    learned 20" in out


def test_a_distribution_that_cannot_be_asked_for_is_one_line(typed, stored, monkeypatch):
    def fail(self, target, role, deadline):
        raise Transient("503")

    monkeypatch.setattr(CloudFrontDistributions, "configuration", fail)
    answer = typed("route", "pin", "vault", "--distribution", "E1")
    assert (answer.code, answer.err) == (1, "invalidator: distribution E1 cannot be read: 503\n")
    assert stored.pins.pins() == []


def test_a_table_that_is_gone_is_one_line(typed, stored, monkeypatch):
    boto3.client("dynamodb").delete_table(TableName="mapping")
    for command in (("list",), ("refresh",), ("show", "site"), ("unpin", "site", "--distribution", "E1")):
        answer = typed("route", *command)
        assert (answer.code, answer.out, answer.err.count("\n")) == (1, "", 1)
        assert "ResourceNotFoundException" in answer.err


def test_the_examples_in_the_help_work(typed, stored, tmp_path, monkeypatch):
    created = create(config("my-site.s3.amazonaws.com", path="/site"))
    examples = {
        name: shlex.split(command.help.strip().splitlines()[-1].replace("E1", created))
        for name, command in route.commands.items()
    }
    monkeypatch.chdir(tmp_path)
    for name in ("refresh", "list", "show", "pin", "unpin", "export", "import"):
        assert examples[name][:3] == ["invalidator", "route", name]
        if name == "export":
            (tmp_path / "pins.json").write_text(typed("route", "export").out)
            continue
        answer = typed(*examples[name][1:])
        assert answer.code == 0, answer.err
        assert all(len(line) <= 80 for line in answer.out.splitlines())
