"""`invalidator route` as a person types it."""

import shlex
import time

import boto3
import pytest

from infra.cli.route.commands import route
from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.aws.distributions import CloudFrontDiscovery
from invalidator.core.reasons import Reason
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.survey import Survey
from invalidator.failures import Permanent, Transient
from invalidator.ports import StoredRoutes
from tests.cli.made_distributions import config, create

SITE = "site.s3.eu-west-1.amazonaws.com"
TRUSTED = "arn:aws:iam::123456789012:role/trusted"
STRANGE = "arn:aws:iam::123456789012:role/strange"


def served_by(memory, bucket):
    """What the worker reads of a bucket: distribution ids, and whether that is fresh."""
    stored = memory.recall([bucket], "self", time.time())[0][bucket]
    return [each.id for each in stored.distributions], stored.fresh_until > time.time()


@pytest.fixture
def no_scan(monkeypatch):
    """The operator may not list distributions."""

    def refuse(self, pins):
        raise Permanent("AccessDenied: ListDistributions", Reason.MAPPING_DENIED)

    monkeypatch.setattr(CloudFrontDiscovery, "survey", refuse)


def test_a_refresh_counts_at_once_and_says_what_changed(typed, memory):
    old = Distribution("EOLD", (Origin("o", SITE, "site"),), (Behavior("*", ("o",)),))
    until = time.time() + 600
    memory.store_routes({"site": StoredRoutes((), until), "gone": StoredRoutes((old,), until)})
    created = create(config(SITE))

    answer = typed("route", "refresh", "--json")

    assert answer.code == 0, answer.err
    assert answer.data["served_buckets"] == 1
    assert answer.data["changes"] == ["gone: EOLD serves it no more", f"site: {created} serves it now"]
    assert served_by(memory, "site") == ([created], True)
    assert served_by(memory, "gone") == ([], True)
    assert typed("route", "refresh").out == "1 bucket served by a distribution\n  the mapping is as it was\n"


def test_a_refresh_tells_of_a_distribution_that_is_routed_in_another_way(typed, memory):
    created = create(config(SITE))
    typed("route", "refresh")
    cloudfront = boto3.client("cloudfront")
    tag = cloudfront.get_distribution_config(Id=created)["ETag"]
    cloudfront.update_distribution(Id=created, IfMatch=tag, DistributionConfig=config(SITE, path="/new"))
    assert typed("route", "refresh", "--json").data["changes"] == [
        f"site: {created} is routed in another way"
    ]
    assert (
        typed("route", "show", "site", "--json").data["distributions"][0]["origins"][0]["origin_path"]
        == "/new"
    )


def test_the_list_says_how_each_distribution_is_known_and_until_when(typed, memory):
    seen = create(config(SITE, path="/pub"))
    hidden = create(config("cdn.example.com"))
    memory.pin(Pin("vault", hidden, prefix="docs/"))
    typed("route", "refresh")

    answer = typed("route", "list")

    assert answer.code == 0
    (site, vault) = answer.out.strip().split("\n\n")
    assert site.startswith("site\n  fresh until 20")
    assert site.endswith(f"\n  {seen}  discovered  OriginPath /pub")
    assert vault.endswith(f"\n  {hidden}  pinned  OriginPath /, prefix docs/")
    listed = {each["bucket"]: each for each in typed("route", "list", "--json").data["buckets"]}
    assert listed["vault"]["distributions"][0]["known"] == "pinned"
    assert listed["site"]["distributions"][0]["known"] == "discovered"


def test_origins_that_hide_their_bucket_are_listed_until_they_are_pinned(typed, memory):
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
    assert typed("route", "pin", "vault", "--distribution", ids[1], "--origin-path", "/p").code == 0
    left = typed("route", "list", "--json").data["unresolved"]
    assert {each["distribution"] for each in left} == {ids[0], ids[2]}


def test_an_unreadable_distribution_is_listed_and_the_rest_works(typed, memory, monkeypatch):
    survey = Survey()
    document = {"Id": "EODD", "Origins": {"Items": [{"DomainName": SITE}]}}
    survey.add_unreadable(document, "Origins.0.Id: field required")
    monkeypatch.setattr(CloudFrontDiscovery, "survey", lambda self, pins: survey)
    answer = typed("route", "refresh")
    assert "  EODD: Origins.0.Id: field required\n    buckets seen: site\n" in answer.out
    assert served_by(memory, "site") == (["EODD"], True)
    assert typed("route", "list", "--json").data["unreadable"][0]["buckets"] == ["site"]


def test_a_list_without_cloudfront_shows_the_table_and_says_so(typed, memory, no_scan):
    memory.store_routes({"site": StoredRoutes((), time.time() - 1)})
    answer = typed("route", "list")
    assert answer.code == 2
    assert answer.out.startswith("site\n  stale since 20")
    assert "no distribution serves it" in answer.out
    assert "CloudFront cannot be asked" in answer.err


def test_an_account_without_anything_is_said(typed, memory):
    assert typed("route", "list").out == "no bucket is known to be served\n"
    assert "nothing is stored of it" in typed("route", "show", "site").out


def test_show_tells_the_behaviors_and_the_pins_of_one_bucket(typed, memory):
    created = create(config(SITE, "api.s3.amazonaws.com", root="home.html", behaviors=(("api/*", "o1"),)))
    memory.pin(Pin("site", created, prefix="x/", role=None))
    typed("route", "refresh")
    out = typed("route", "show", "site").out
    assert "    / is home.html\n    behavior api/*: another origin\n    behavior *\n" in out
    assert f"  pin: site on {created}, prefix x/\n" in out


def test_a_pin_counts_at_once_and_can_be_taken_back(typed, memory):
    created = create(config("cdn.example.com", path="/site"))

    pinned = typed("route", "pin", "vault", "--distribution", created, "--origin-path", "/site/", "--json")

    assert pinned.code == 0, pinned.err
    assert pinned.err == ""
    assert pinned.data["pinned"]["origin_path"] == "/site"
    assert pinned.data["changes"] == [f"vault: {created} serves it now"]
    assert served_by(memory, "vault") == ([created], True)

    unpinned = typed("route", "unpin", "vault", "--distribution", created)
    assert unpinned.out == (
        f"unpinned: vault on {created}, OriginPath /site\n  vault: {created} serves it no more\n"
    )
    assert served_by(memory, "vault") == ([], True)
    again = typed("route", "unpin", "vault", "--distribution", created)
    assert (again.code, again.out) == (1, "")
    assert f"no such pin of vault on {created}; see: invalidator route show vault" in again.err


def test_unpin_takes_back_only_what_its_options_name(typed, memory):
    created = create(config("cdn.example.com"))
    for prefix in ("a/", "b/"):
        memory.pin(Pin("vault", created, prefix=prefix))
    assert typed("route", "unpin", "vault", "--distribution", created, "--prefix", "a/").code == 0
    assert [pin.prefix for pin in memory.pins()] == ["b/"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("b", "--distribution", "E1"), "BUCKET: b is not the name of a bucket"),
        (("a\x1b[2Jb", "--distribution", "E1"), "BUCKET: a\\x1b[2Jb is not the name of a bucket"),
        (("vault", "--distribution", "E 1"), "--distribution: E 1 is not a distribution's id"),
        (
            ("vault", "--distribution", "E1", "--origin-path", "site"),
            "--origin-path: site does not begin with /",
        ),
        (
            ("vault", "--distribution", "E1", "--origin-path", "/site", "--prefix", "docs/"),
            "--prefix: docs/ is outside --origin-path /site; a key served there begins with site/",
        ),
        (("vault", "--distribution", "E1", "--role-arn", "admin"), "--role-arn: admin is not a role's ARN"),
        (
            ("vault", "--distribution", "ENONE"),
            "no distribution ENONE in this account; for another account's",
        ),
        (("vault", "--distribution", "E1", "--as", "{key}"), "--as: '{key}' does not begin with /"),
        (
            ("vault", "--distribution", "E1", "--as", "/{x}"),
            "--as: '/{x}': there is no field {x}; the fields are",
        ),
        (("vault", "--distribution", "E1", "--as", "/*/a*"), "--as: '/*/a*' has two stars"),
        (("vault", "--distribution", "E1", "--tag", "a b"), "--tag: 'a b' holds ' ', which no tag may"),
        (
            ("vault", "--distribution", "E1", "--tag", "t" * 257),
            "--tag: a tag has 1 to 256 characters, not 257",
        ),
        (("vault",), "Missing option '--distribution'"),
    ],
)
def test_a_pin_that_cannot_be_right_is_refused_and_nothing_stored(typed, memory, arguments, said):
    answer = typed("route", "pin", *arguments)
    assert (answer.code, answer.out, answer.err.count("\n")) == (1, "", 1)
    assert answer.err.startswith(f"invalidator: {said}")
    assert memory.pins() == []


def test_a_role_that_the_worker_may_not_assume_is_said(typed, memory):
    created = create(config("cdn.example.com"))
    for role, known in ((TRUSTED, True), (STRANGE, False)):
        answer = typed("route", "pin", "vault", "--distribution", created, "--role-arn", role)
        assert answer.code == 0, answer.err
        assert (f"the worker cannot assume {role} yet" not in answer.err) is known


def test_a_role_that_trusts_the_worker_alone_is_pinned_and_left_to_the_worker(typed, memory, monkeypatch):
    """The operator sees less than the worker: what he would store must not stand for fresh."""
    seen = create(config(SITE))
    typed("route", "refresh")
    real = CloudFrontClients.for_role

    def refuse(self, role):
        if role is None:
            return real(self, role)
        raise Permanent("AccessDenied: AssumeRole", Reason.ROLE_REFUSED)

    monkeypatch.setattr(CloudFrontClients, "for_role", refuse)
    answer = typed("route", "pin", "vault", "--distribution", "EOTHER", "--role-arn", TRUSTED)
    assert answer.code == 2
    assert f"not checked, because you may not assume {TRUSTED}" in answer.err
    assert "the worker scans with its next batch" in answer.err
    assert memory.pins() == [Pin("vault", "EOTHER", role=TRUSTED)]
    assert served_by(memory, "site") == ([seen], False)
    assert served_by(memory, "vault") == ([], False)


def test_a_pin_says_how_keys_appear_to_viewers(typed, memory):
    created = create(config("a1.execute-api.eu-west-1.amazonaws.com", path="/image"))
    refused = typed("route", "pin", "vault", "--distribution", created, "--origin-path", "/image")
    assert (refused.code, refused.out) == (1, "")
    assert (
        "--origin-path: /image belongs to a1.execute-api.eu-west-1.amazonaws.com, which is no bucket"
        in refused.err
    )
    assert "--as '/{key}*'" in refused.err

    listed = typed("route", "list")
    assert f"invalidator route pin BUCKET --distribution {created} --as '/{{key}}*'" in listed.out

    pin = ("route", "pin", "vault", "--distribution", created)
    answer = typed(*pin, "--as", "/{key}*", "--as", "/fit-in/*/{name}")
    assert answer.code == 0, answer.err
    assert "/fit-in/*/{name}: a path has a star only at its end, so /fit-in/* is purged" in answer.err
    assert f"pinned: vault on {created}, as /{{key}}* /fit-in/*\n" in answer.out
    assert memory.pins() == [Pin("vault", created, templates=("/{key}*", "/fit-in/*"))]
    assert typed("route", "show", "vault").code == 0


def test_a_tag_is_refused_where_it_would_purge_nothing(typed, memory):
    created = create(config("cdn.example.com"))
    answer = typed("route", "pin", "vault", "--distribution", created, "--tag", "src:{key}")
    assert answer.code == 1
    assert f"--tag: {created} has no CacheTagConfig, so a tag would purge nothing there" in answer.err
    assert memory.pins() == []


def test_pins_that_reach_further_than_meant_are_said(typed, memory):
    disabled = create(config("cdn.example.com", enabled=False))
    answer = typed("route", "pin", "vault", "--distribution", disabled, "--origin-path", "/x")
    assert answer.code == 0
    assert f"{disabled} is disabled" in answer.err
    assert (
        f"no origin of {disabled} hides its bucket under OriginPath /x: every path of it counts" in answer.err
    )


def test_a_distribution_that_cannot_be_asked_for_is_one_line(typed, memory, monkeypatch):
    def fail(self, identifier, role, policies=None):
        raise Transient("503")

    monkeypatch.setattr(CloudFrontDiscovery, "configured", fail)
    answer = typed("route", "pin", "vault", "--distribution", "E1")
    assert (answer.code, answer.err) == (1, "invalidator: distribution E1 cannot be read: 503\n")
    assert memory.pins() == []


def test_a_table_that_is_gone_is_one_line(typed, memory, monkeypatch):
    boto3.client("dynamodb").delete_table(TableName="mapping")
    for command in (("list",), ("refresh",), ("show", "site"), ("unpin", "site", "--distribution", "E1")):
        answer = typed("route", *command)
        assert (answer.code, answer.out, answer.err.count("\n")) == (1, "", 1)
        assert "ResourceNotFoundException" in answer.err


def test_the_examples_in_the_help_work(typed, memory):
    created = create(config("my-site.s3.amazonaws.com", path="/site"))
    examples = {
        name: shlex.split(command.help.strip().splitlines()[-1].replace("E1", created))
        for name, command in route.commands.items()
    }
    for name in ("refresh", "list", "show", "pin", "unpin"):
        assert examples[name][:3] == ["invalidator", "route", name]
        answer = typed(*examples[name][1:])
        assert answer.code == 0, answer.err
        assert all(len(line) <= 80 for line in answer.out.splitlines())
