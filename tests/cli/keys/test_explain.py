"""`invalidator explain` as a person types it."""

import shlex
from datetime import UTC, datetime

import boto3
import pytest

from infra.cli.keys.commands import explain
from infra.cli.keys.freshness import freshness
from invalidator.core.routing.pins import Pin
from invalidator.core.sent import Sent
from tests.cli.made_distributions import config, create, write

SITE = "site.s3.eu-west-1.amazonaws.com"


def origins(answer, distribution):
    (found,) = (each for each in answer.data["distributions"] if each["id"] == distribution)
    return {each["id"]: each for each in found["origins"]}


def test_every_origin_says_why_it_has_the_key_or_not(typed, tmp_path):
    hosts = (SITE, "elsewhere.s3.amazonaws.com", "x-s3alias.s3.amazonaws.com")
    files = [
        write(tmp_path, "E1", config(*hosts, behaviors=(("api/*", "o1"),))),
        write(tmp_path, "E2", config(SITE, path="/docs")),
        write(tmp_path, "E3", config(SITE, enabled=False)),
    ]
    offline = [part for file in files for part in ("--distribution", file)]

    answer = typed("explain", "s3://site/api/index.html", "--json", *offline)

    assert [(each["id"], each["paths"]) for each in answer.data["distributions"]] == [
        ("E1", ["/api"]),
        ("E2", []),
        ("E3", []),
    ]
    mine = origins(answer, "E1")
    assert [
        (each["path"], each["behavior"], each["cached"], each["sent"]) for each in mine["o0"]["paths"]
    ] == [
        ("/api/index.html", "api/*", "no", []),
        ("/api/", "api/*", "no", []),
        ("/api", "*", "yes", ["/api"]),
    ]
    assert mine["o1"]["refusal"] == "it serves bucket elsewhere"
    assert "an access point alias" in mine["o2"]["refusal"]
    assert origins(answer, "E2")["o0"]["refusal"] == "the key is outside its OriginPath /docs"
    assert origins(answer, "E3")["o0"]["refusal"] == "the distribution is disabled"

    for_people = typed("explain", "s3://site/api/index.html", *offline).out
    assert all(len(line) <= 80 for line in for_people.splitlines())
    assert "E1 serves it\n" in for_people
    assert "not sent: behavior api/* leads to another origin" in for_people
    assert "E2 does not serve it\n" in for_people
    assert "no: the key is outside its OriginPath /docs" in for_people


def test_an_unknown_cache_policy_is_said_and_shows(typed, tmp_path):
    file = write(tmp_path, "E1", config(SITE, policy="mine"))
    answer = typed("explain", "s3://site/a", "--distribution", file)
    assert "      behavior *; cached by query string\n      sent as /a*" in answer.out
    assert f"note: {file}: cache policy mine is not known" in answer.err


def test_a_hostile_key_is_shown_escaped(typed, tmp_path):
    file = write(tmp_path, "E1", config(SITE))
    answer = typed("explain", "s3://site/a\x1b]0;x\x07\nb", "--distribution", file)
    assert "\x1b" not in answer.out
    assert "\x07" not in answer.out
    assert answer.out.startswith("s3://site/a\\x1b]0;x\\x07\\nb\n")
    assert "sent as /a%1B]0;x%07%0Ab" in answer.out.replace("%5D", "]")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://site", "s3://site: no key; write s3://BUCKET/KEY"),
        ("s3://site/", "s3://site/: no key; write s3://BUCKET/KEY"),
        ("s3:///key", "s3:///key: no bucket; write s3://BUCKET/KEY"),
        ("https:///key", "https:///key: no host; write https://HOST/PATH"),
        ("https://[x/key", "https://[x/key: not a URL: Invalid IPv6 URL; write https://HOST/PATH"),
        (
            "site/key",
            "site/key: not an S3 URL; write s3://BUCKET/KEY, or a viewer's: https://HOST/PATH",
        ),
        ("s3://a\x1b[1m", "s3://a\\x1b[1m: no key; write s3://BUCKET/KEY"),
    ],
)
def test_what_is_not_the_url_of_an_object_is_one_line(typed, url, said):
    answer = typed("explain", url)
    assert (answer.code, answer.out, answer.err) == (1, "", f"invalidator: {said}\n")


def test_the_example_in_the_help_works(typed, tmp_path, monkeypatch):
    write(tmp_path, "e1", config("my-site.s3.amazonaws.com"))  # what the example's second line prints
    monkeypatch.chdir(tmp_path)
    answer = typed(*shlex.split(explain.help.strip().splitlines()[-1])[1:])
    assert answer.code == 0
    assert "sent as /docs/\n" in answer.out


@pytest.fixture
def written(stored):
    """An object in the bucket; the value is when S3 says it changed."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="site", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="site", Key="docs/a.html", Body=b"x")
    return s3.head_object(Bucket="site", Key="docs/a.html")["LastModified"].timestamp()


def test_a_bucket_that_is_not_there_is_told_from_an_object_that_is_not(typed, stored, written):
    create(config(SITE, "sight.s3.eu-west-1.amazonaws.com"))
    stored.survey()
    named = typed("explain", "s3://sight/docs/a.html")
    assert "there is no bucket sight; is it spelled so? see: invalidator bucket list" in named.err
    # The distribution that names it is shown all the same.
    assert (named.code, "s3://sight/docs/a.html" in named.out) == (1, True)
    nobodys = typed("explain", "s3://nope/x", "--json")
    assert (nobodys.code, nobodys.out) == (1, "")
    assert (
        "invalidator: there is no bucket nope; is it spelled so? see: invalidator bucket list" in nobodys.err
    )
    assert typed("explain", "s3://site/docs/gone.html").code == 0
    assert "it does not exist (any more)" in typed("explain", "s3://site/docs/gone.html").err


def test_an_object_that_was_invalidated_after_it_changed_is_fresh(typed, stored, written):
    created = create(config(SITE))
    stored.survey()
    stored.record(created, "I1", written - 60, "/docs/a.html")
    stored.record(created, "I2", written + 6, "/docs/*", completed=True)

    answer = typed("explain", "s3://site/docs/a.html", "--json")

    (found,) = answer.data["distributions"]
    assert found["state"] == "covered"
    stamp = datetime.fromtimestamp(written + 6, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert found["covered_by"] == {"/docs/a.html": {"id": "I2", "created": stamp, "completed": True}}
    for_people = typed("explain", "s3://site/docs/a.html").out
    at = datetime.fromtimestamp(written + 6, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    assert f"then invalidated {at} by I2, completed" in " ".join(for_people.split())


def test_it_says_as_of_when_the_routing_is(typed, stored, written):
    create(config(SITE))
    stored.survey()
    surveyed = stored.routes.survey_state().completed
    at = datetime.fromtimestamp(surveyed, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    assert f"as of {at}, the last complete survey\n" in typed("explain", "s3://site/docs/a.html").out
    as_of = typed("explain", "s3://site/docs/a.html", "--json").data["as_of"]
    assert datetime.fromisoformat(as_of).timestamp() == pytest.approx(surveyed, abs=0.001)


def test_what_was_invalidated_too_soon_after_a_change_to_be_sure_is_not_called_fresh(typed, stored, written):
    """As the worker counts it: two services' clocks may differ by some seconds."""
    created = create(config(SITE))
    stored.survey()
    stored.record(created, "I1", written + 4, "/docs/*")
    assert typed("explain", "s3://site/docs/a.html", "--json").data["distributions"][0]["state"] == "waiting"
    for_people = " ".join(typed("explain", "s3://site/docs/a.html").out.split())
    assert "invalidated too soon after to be sure (clocks differ: 5 s are needed)" in for_people


def test_what_an_invalidation_answered_needs_no_margin_between_clocks(typed, stored, written):
    created = create(config(SITE))
    stored.survey()
    stored.record(created, "I1", written + 1, "/docs/*", answered=(written,))
    assert typed("explain", "s3://site/docs/a.html", "--json").data["distributions"][0]["state"] == "covered"


def test_an_object_that_changed_since_is_waiting(typed, stored, written):
    created = create(config(SITE))
    stored.survey()
    stored.record(created, "I1", written - 60, "/docs/a.html")
    assert typed("explain", "s3://site/docs/a.html", "--json").data["distributions"][0]["state"] == "waiting"
    for_people = typed("explain", "s3://site/docs/a.html").out
    assert "and not invalidated since; see: invalidator pending list, invalidator dlq explain" in " ".join(
        for_people.split()
    )
    assert "by I1" in for_people


def test_of_a_deleted_object_the_last_invalidation_is_shown(typed, stored, written):
    created = create(config(SITE))
    stored.survey()
    stored.record(created, "I1", written, "/docs/*")
    answer = typed("explain", "s3://site/docs/gone.html", "--json")
    assert "it does not exist (any more)" in answer.err
    (found,) = answer.data["distributions"]
    assert (found["state"], found["covered_by"]["/docs/gone.html"]["id"]) == ("unknown", "I1")
    assert answer.data["last_modified"] is None


def test_a_pinned_distribution_is_explained_too(typed, stored, written):
    created = create(config("cdn.example.com", path="/docs"))
    stored.pins.pin(Pin("site", created, "/docs"))
    stored.survey()
    answer = typed("explain", "s3://site/docs/a.html", "--json")
    (found,) = answer.data["distributions"]
    assert (found["id"], found["paths"]) == (created, ["/a.html"])
    assert found["covered_by"] == {"/a.html": None}


def test_before_the_first_survey_nobody_knows_who_serves_an_object(typed, stored, written):
    create(config(SITE))
    answer = typed("explain", "s3://site/docs/a.html")
    assert (answer.code, answer.out) == (1, "")
    assert "no survey of the distributions has completed yet" in answer.err
    assert "invalidator route refresh" in answer.err


def test_freshness_hangs_on_the_path_that_was_invalidated_first():
    sent = [Sent("E1", "I1", 100.0, ("/a",)), Sent("E1", "I2", 200.0, ("/b", "/c*"))]
    assert freshness(["/a", "/b", "/cc"], sent, 50.0).state == "covered"
    assert freshness(["/a", "/b", "/cc"], sent, 50.0).oldest == sent[0]
    assert freshness(["/a", "/b", "/cc"], sent, 150.0).state == "waiting"
    assert freshness(["/b", "/cc"], sent, 150.0).state == "covered"
    assert freshness(["/b", "/never"], sent, 50.0).oldest is None
    assert freshness(["/b", "/never"], sent, 50.0).state == "waiting"
    assert freshness(["/b"], sent, None).state == "unknown"
