"""`invalidator explain URL` as a person types it: from what a viewer sees back to the key, and what was sent."""

import time
from dataclasses import replace

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.cli.session import Session
from infra.cli.viewer.candidates import way_of
from infra.cli.viewer.url import read_url
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.sent import Sent
from tests.cli.made_distributions import config, create, write
from tests.cli.stored import site

SITE = "site.s3.eu-west-1.amazonaws.com"
INDEX = RoutingSettings(("index.html",))


def keys(url, distribution, settings=INDEX):
    return [each.key for each in way_of(read_url(f"https://x{url}"), distribution, settings).candidates]


def made(*, path="", website=False, rewrites=False, root="", **more):
    return Distribution(
        "E1",
        origins=(Origin("o", SITE, "site", path, website=website, **more),),
        behaviors=(Behavior("*", ("o",), viewer_function=rewrites),),
        root_object=root,
    )


@pytest.mark.parametrize(
    ("url", "distribution", "expected"),
    [
        ("/a/b.css", made(), ["a/b.css", "a/b.css/index.html"]),
        ("/", made(root="home.html"), ["home.html", "index.html"]),
        ("/", made(), ["index.html"]),
        ("", made(), ["index.html"]),
        ("/docs/", made(), ["docs/index.html", "docs/"]),
        ("/docs", made(), ["docs", "docs/index.html"]),
        ("/docs?x=1", made(), ["docs", "docs/index.html"]),
        ("/about", made(rewrites=True), ["about", "about.html", "about/index.html"]),
        ("/a.css", made(path="/v2"), ["v2/a.css", "v2/a.css/index.html"]),
        # S3 reads a plus as a space, and %2B as a plus.
        ("/a+b", made(), ["a b", "a+b", "a b/index.html", "a+b/index.html"]),
        ("/a%2Bb.css", made(), ["a+b.css", "a+b.css/index.html"]),
        ("/a%20b.css", made(), ["a b.css", "a b.css/index.html"]),
        ("/img/x.jpg/400x300", made(templates=("/img/{key}*",)), ["x.jpg/400x300"]),
        ("/other/x.jpg", made(templates=("/img/{key}*",)), []),
        ("/pre/x", made(prefix="public/"), []),
    ],
)
def test_the_keys_that_may_answer_a_path(url, distribution, expected):
    assert sorted(keys(url, distribution)) == sorted(expected)
    assert keys(url, distribution)[:1] == expected[:1]


def test_the_first_behavior_that_matches_leads_to_the_origin():
    distribution = Distribution(
        "E1",
        origins=(
            Origin("api", "api.example.com", None),
            Origin("o", SITE, "site"),
        ),
        behaviors=(Behavior("/api/*", ("api",), cached=False), Behavior("*", ("o",), query_strings=True)),
    )
    api = way_of(read_url("https://x/api/v1"), distribution, INDEX)
    assert (api.behavior.pattern, api.candidates) == ("/api/*", ())
    assert "not the host name of an S3 bucket" in api.hidden[0]
    other = way_of(read_url("https://x/a.css"), distribution, INDEX)
    assert [(each.key, each.sent) for each in other.candidates] == [
        ("a.css", ("/a.css*",)),
        ("a.css/index.html", ("/a.css", "/a.css?*")),
    ]


@pytest.fixture
def written(stored):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="site", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="site", Key="docs/index.html", Body=b"x")
    return s3.head_object(Bucket="site", Key="docs/index.html")["LastModified"].timestamp()


def aliased(*names, **more):
    document = config(SITE, **more)
    document["Aliases"] = {"Quantity": len(names), "Items": list(names)}
    document["CallerReference"] += "".join(names)
    return document


def domain_of(identifier):
    return boto3.client("cloudfront").get_distribution(Id=identifier)["Distribution"]["DomainName"]


def test_a_url_leads_to_its_key_and_to_what_was_sent(typed, stored, written):
    created = create(aliased("www.example.com"))
    stored.survey()
    stored.record(created, "I1", written - 60, "/other")
    stored.record(created, "I2", written - 30, "/docs/*")
    stored.record(created, "I3", written + 6, "/docs/", "/docs", completed=True)

    answer = typed("explain", "https://www.example.com/docs/?x=1", "--json")

    assert answer.code == 0, answer.err
    found = answer.data
    assert (found["distribution"]["id"], found["distribution"]["found_by"]) == (
        created,
        "its alias www.example.com",
    )
    assert (found["path"], found["query"], found["behavior"]) == ("/docs/", "x=1", "*")
    assert [(each["key"], each["exists"], each["state"]) for each in found["keys"]] == [
        ("docs/index.html", True, "covered"),
        ("docs/default.htm", False, "unknown"),
        ("docs/", False, "unknown"),
    ]
    assert [each["id"] for each in found["invalidations"]] == ["I3", "I2"]

    said = typed("explain", "https://www.example.com/docs/?x=1").out
    assert all(len(line) <= 80 for line in said.splitlines())
    assert f"{created}, by its alias www.example.com\n" in said
    assert "s3://site/docs/index.html\n" in said
    assert "by I3, completed" in " ".join(said.split())


@pytest.mark.parametrize("host", ["domain", "id", "wildcard", "case"])
def test_a_host_is_a_domain_name_an_id_or_a_wildcard_alias(typed, stored, written, host):
    created = create(aliased("*.example.com"))
    stored.survey()
    typed_host = {
        "domain": domain_of(created), "id": created, "wildcard": "shop.example.com", "case": "SHOP.example.COM",
    }[host]  # fmt: skip
    answer = typed("explain", f"https://{typed_host}/docs/", "--json")
    assert answer.code == 0, answer.err
    assert answer.data["distribution"]["id"] == created
    assert answer.data["keys"][0]["key"] == "docs/index.html"


def test_the_more_specific_alias_answers(typed, stored, written):
    wide, exact = create(aliased("*.example.com")), create(aliased("www.example.com", path="/v2"))
    stored.survey()
    for host, expected in (("www.example.com", exact), ("shop.example.com", wide)):
        assert typed("explain", f"https://{host}/", "--json").data["distribution"]["id"] == expected
    # The star stands for something.
    assert typed("explain", "https://example.com/").code == 1


def test_an_alias_on_two_accounts_is_named_with_both_and_a_way_on(typed, stored, written):
    mine = create(aliased("www.example.com"))
    role = "arn:aws:iam::210987654321:role/invalidator"
    stored.serve(
        site(mine, aliases=("www.example.com",)),
        replace(site("E2OTHERACCOUNT", aliases=("www.example.com",)), role=role),
    )
    answer = typed("explain", "https://www.example.com/docs/?x=1")
    assert (answer.code, answer.out) == (1, "")
    assert "www.example.com leads by its alias to 2 distributions: " in answer.err
    assert f"{mine} (of this account)" in answer.err
    assert f"E2OTHERACCOUNT (by role {role})" in answer.err
    named = answer.err.split("name one: ")[1].strip()
    assert named == f"https://{mine}/docs/?x=1"
    assert typed("explain", named, "--json").data["distribution"]["id"] == mine


def test_a_url_of_no_distribution_says_which_are_known(typed, stored, written):
    created = create(aliased("www.example.com"))
    stored.survey()
    answer = typed("explain", "https://nobody.example.org/")
    assert (answer.code, answer.out) == (1, "")
    assert (
        f"no distribution is called nobody.example.org; known are www.example.com, {domain_of(created)}"
        in answer.err
    )
    assert "invalidator route pin --help" in answer.err


def test_a_distribution_that_serves_no_bucket_says_so(typed, stored):
    created = create(config("api.example.com"))
    stored.survey()
    answer = typed("explain", f"https://{created}/v1")
    assert answer.code == 0
    assert "this stack does not invalidate it" in answer.out
    assert "(api.example.com)" in answer.out
    assert "invalidator route pin --help" in answer.out
    assert (
        typed("explain", f"https://{created}/v1", "--json").data["distribution"]["invalidated_by_this_stack"]
        is False
    )


def test_an_object_that_is_not_there_and_a_bucket_that_is_gone_are_said(typed, stored):
    create(aliased("www.example.com"))
    stored.survey()
    answer = typed("explain", "https://www.example.com/a.css")
    assert answer.code == 0
    assert "no such object" in answer.out or "there is no bucket site" in answer.out


def test_where_cloudfronts_list_is_denied_the_table_knows_the_aliases(typed, stored, written, monkeypatch):
    stored.serve(site("E1", aliases=("www.example.com",)))
    real = Session.client

    class Denied:
        def get_paginator(self, name):
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListDistributions")

    monkeypatch.setattr(
        Session,
        "client",
        lambda self, name, config=None: Denied() if name == "cloudfront" else real(self, name, config),
    )
    answer = typed("explain", "https://www.example.com/docs/", "--json")
    assert (answer.code, answer.data["distribution"]["id"]) == (0, "E1")
    assert "note: CloudFront's list cannot be read: cloudfront:ListDistributions is not allowed" in answer.err
    nobody = typed("explain", "https://d1.cloudfront.net/")
    assert "CloudFront's list cannot be read, so domain names are not known" in nobody.err


def test_a_pinned_distributions_url_is_explained_too(typed, stored, written):
    created = create(config("cdn.example.com", path="/docs"))
    stored.pins.pin(Pin("site", created, "/docs"))
    stored.survey()
    answer = typed("explain", f"https://{created}/index.html", "--json")
    assert [(each["bucket"], each["key"], each["exists"]) for each in answer.data["keys"]] == [
        ("site", "docs/index.html", True),
        ("site", "docs/index.html/index.html", False),
        ("site", "docs/index.html/default.htm", False),
    ]


def test_offline_the_file_says_who_answers(typed, tmp_path):
    files = [
        write(tmp_path, "E1", aliased("www.example.com")),
        write(tmp_path, "E2", aliased("x.example.com")),
    ]
    offline = [part for file in files for part in ("--distribution", file)]
    answer = typed("explain", "https://www.example.com/docs/", "--json", *offline)
    assert (answer.code, answer.data["distribution"]["id"]) == (0, "E1")
    assert [each["key"] for each in answer.data["keys"]] == ["docs/index.html", "docs/"]
    assert typed("explain", "https://y.example.com/", *offline).code == 1
    for_people = typed("explain", "https://www.example.com/docs/", *offline).out
    assert "sent as /docs/\n" in for_people


def test_a_hostile_url_is_shown_escaped(typed, tmp_path):
    file = write(tmp_path, "E1", aliased("www.example.com"))
    answer = typed("explain", "https://www.example.com/a%1b]0;x%07b", "--distribution", file)
    assert answer.code == 0
    assert "\x1b" not in answer.out
    assert "s3://site/a\\x1b]0;x\\x07b" in answer.out
    assert "\x1b" not in typed("explain", "https://a\x1b[1m/").err


def test_what_was_sent_for_a_url_waits_until_it_is_invalidated(typed, stored, written):
    created = create(aliased("www.example.com"))
    stored.survey()
    stored.targets.record(Sent(created, "I1", time.time() - 3600, ("/*",)))
    said = " ".join(typed("explain", "https://www.example.com/docs/index.html").out.split())
    assert "waiting: changed" in said
    assert "not invalidated since" in said
