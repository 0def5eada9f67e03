"""`invalidator route pin`, `unpin`, `export` and `import` as a person types them."""

import json
from dataclasses import replace

import boto3
import pytest

from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.pins import PinTable
from invalidator.core.reasons import Reason
from invalidator.core.routing.pins import Pin
from invalidator.failures import Permanent
from tests.cli.made_distributions import config, create
from tests.cli.route.answered import answers
from tests.memory_tables import make_table

SITE = "site.s3.eu-west-1.amazonaws.com"
TRUSTED = "arn:aws:iam::123456789012:role/trusted"
STRANGE = "arn:aws:iam::123456789012:role/strange"


def test_a_pin_counts_at_once_and_can_be_taken_back(typed, stored):
    created = create(config("cdn.example.com", path="/site"))

    pinned = typed("route", "pin", "vault", "--distribution", created, "--origin-path", "/site/", "--json")

    assert pinned.code == 0, pinned.err
    assert pinned.err == "note: there is no bucket vault: is it spelled so?\n"
    assert pinned.data["pinned"]["origin_path"] == "/site"
    assert pinned.data["changes"] == [f"vault: {created} serves it now"]
    assert stored.serving("vault") == [created]

    unpinned = typed("route", "unpin", "vault", "--distribution", created)
    assert unpinned.out == (
        f"unpinned: vault on {created}, OriginPath /site\n  vault: {created} serves it no more\n"
    )
    assert stored.serving("vault") == []
    again = typed("route", "unpin", "vault", "--distribution", created)
    assert (again.code, again.out) == (1, "")
    assert f"no such pin of vault on {created}; see: invalidator route show vault" in again.err


def test_unpin_takes_back_only_what_its_options_name(typed, stored):
    created = create(config("cdn.example.com"))
    for prefix in ("a/", "b/"):
        stored.pins.pin(Pin("vault", created, prefix=prefix))
    assert typed("route", "unpin", "vault", "--distribution", created, "--prefix", "a/").code == 0
    assert [pin.prefix for pin in stored.pins.pins()] == ["b/"]


def test_a_pin_without_a_survey_is_stored_and_counts_from_the_next_one(typed, stored, monkeypatch):
    created = create(config("cdn.example.com"))
    answers(monkeypatch, stored, {"outcome": "failed", "error": "AccessDenied"})
    answer = typed("route", "pin", "vault", "--distribution", created)
    assert answer.code == 2
    assert answer.out.splitlines()[0] == f"pinned: vault on {created}"
    assert "it counts from the next survey on" in answer.err
    assert stored.pins.pins() == [Pin("vault", created)]


def test_a_new_stack_takes_back_what_a_deleted_one_s_table_holds(typed, stored, tmp_path):
    database = boto3.client("dynamodb")
    make_table(database, "kept")
    pin = Pin("site", "E2")
    PinTable(DynamoDbTable(database, "kept")).pin(pin)
    told = typed("route", "export", "--table", "kept", "--stack", "gone")
    assert told.code == 0, told.err
    (tmp_path / "pins.json").write_text(told.out)
    assert typed("route", "import", str(tmp_path / "pins.json")).code == 0
    assert stored.pins.pins() == [pin]
    missing = typed("route", "export", "--table", "none")
    assert (missing.code, missing.err.count("\n")) == (1, 1)
    assert "table none cannot be read: " in missing.err
    assert "aws dynamodb list-tables" in missing.err


def test_what_is_exported_can_be_imported_elsewhere(typed, stored, tmp_path):
    pins = [Pin("vault", "E1", "/x", "x/docs/", TRUSTED), Pin("site", "E2")]
    for pin in pins:
        stored.pins.pin(pin)
    (tmp_path / "pins.json").write_text(typed("route", "export").out)
    for pin in pins:
        stored.pins.unpin(pin)
    stored.pins.pin(Pin("kept", "E3"))

    answer = typed("route", "import", str(tmp_path / "pins.json"))

    assert answer.code == 0, answer.err
    assert answer.out.startswith("pinned: 2 routes\n")
    assert {pin.bucket: pin for pin in stored.pins.pins()} == {
        "vault": pins[0],
        "site": pins[1],
        "kept": Pin("kept", "E3"),
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "the file: Invalid JSON"),
        ('{"pins": [{"bucket": "site"}]}', "pins.0.distribution: Field required"),
        ('{"pins": [{"bucket": "site", "distribution": 1}]}', "pins.0.distribution: Input should be"),
        (
            json.dumps(
                {"pins": [{"bucket": "site", "distribution": "E1"}, {"bucket": "b", "distribution": "E1"}]}
            ),
            "pins.1: BUCKET: b is not the name of a bucket",
        ),
    ],
)
def test_a_file_of_pins_that_cannot_be_right_is_refused_and_nothing_stored(
    typed, stored, tmp_path, content, said
):
    file = tmp_path / "pins.json"
    file.write_text(content)
    answer = typed("route", "import", str(file))
    assert (answer.code, answer.out, answer.err.count("\n")) == (1, "", 1)
    assert answer.err.startswith(f"invalidator: {file}: {said}"), answer.err
    assert stored.pins.pins() == []


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
def test_a_pin_that_cannot_be_right_is_refused_and_nothing_stored(typed, stored, arguments, said):
    answer = typed("route", "pin", *arguments)
    assert (answer.code, answer.out, answer.err.count("\n")) == (1, "", 1)
    assert answer.err.startswith(f"invalidator: {said}")
    assert stored.pins.pins() == []


def test_a_role_that_the_worker_may_not_assume_is_said(typed, stored):
    created = create(config("cdn.example.com"))
    for role, known in ((TRUSTED, True), (STRANGE, False)):
        answer = typed("route", "pin", "vault", "--distribution", created, "--role-arn", role)
        assert answer.code == 0, answer.err
        assert (f"the worker cannot assume {role} yet" not in answer.err) is known


def test_a_role_that_trusts_the_worker_alone_is_pinned_and_left_to_the_worker(typed, stored, monkeypatch):
    real = CloudFrontClients.for_role

    def refuse(self, role):
        if role is None:
            return real(self, role)
        raise Permanent("AccessDenied: AssumeRole", Reason.ROLE_REFUSED)

    monkeypatch.setattr(CloudFrontClients, "for_role", refuse)
    answer = typed("route", "pin", "vault", "--distribution", "EOTHER", "--role-arn", TRUSTED)
    assert answer.code == 0
    assert f"not checked, because you may not assume {TRUSTED}" in answer.err
    assert stored.pins.pins() == [Pin("vault", "EOTHER", role=TRUSTED)]
    assert stored.serving("vault") == ["EOTHER"]


def test_pins_of_one_distribution_are_judged_together(typed, stored):
    created = create(config("cdn.example.com", path="/a"))
    stored.pins.pin(Pin("vault", created, "/a", "a/one/", role=TRUSTED))
    answer = typed("route", "pin", "vault", "--distribution", created, "--origin-path", "/a")
    assert f"{created} is pinned with {TRUSTED} too" in answer.err
    assert f"take it back: vault on {created}, OriginPath /a, prefix a/one/, role {TRUSTED}" in answer.err


def test_a_pin_that_would_serve_nothing_is_refused(typed, stored):
    """No behavior leads to the origin that it names, and no function at the edge could pick it."""
    created = create(config(SITE, "cdn.example.com", behaviors=(("x/*", "o0"),)))
    answer = typed("route", "pin", "vault", "--distribution", created)
    assert (answer.code, answer.out) == (1, "")
    assert "the pin would serve nothing: no cache behavior leads to its origin o1" in answer.err
    assert stored.pins.pins() == []


def test_a_pin_that_earlier_behaviors_leave_no_path_to_is_refused(typed, stored):
    created = create(config(SITE, "cdn.example.com", behaviors=(("img/*", "o0"), ("img/old/*", "o1"))))
    answer = typed("route", "pin", "vault", "--distribution", created)
    assert (answer.code, answer.out) == (1, "")
    assert "serve nothing: cache behaviors before those of its origin take all their paths" in answer.err
    assert stored.pins.pins() == []


def test_a_pin_says_in_plain_words_which_paths_follow(typed, stored):
    behaviors = (("img/*", "o1"), ("media/*", "o1"))
    created = create(config("web.eu-west-1.elb.amazonaws.com", "cdn.example.com", behaviors=behaviors))
    pin = ("route", "pin", "vault", "--distribution", created)
    assert typed(*pin).out.splitlines()[:3] == [
        f"pinned: vault on {created}",
        "  its keys reach viewers under: /img/*, /media/*",
        "  when img/photo.jpg changes: /img/photo.jpg is invalidated",
    ]
    assert typed(*pin, "--prefix", "img/a/").out.splitlines()[1:3] == [
        "  its keys reach viewers under: /img/a, /img/a/*",
        "  when img/a/photo.jpg changes: /img/a/photo.jpg is invalidated",
    ]
    assert typed("route", "unpin", "vault", "--distribution", created).code == 0
    found = typed(*pin, "--as", "/x/{key}*", "--json").data
    assert found["paths"] == ["/x/*"]
    assert found["example"] == {"key": "photo.jpg", "sent": ["/x/photo.jpg*"]}


def test_a_pin_whose_paths_are_not_cached_says_that_nothing_follows(typed, stored):
    disabled = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # AWS's managed policy CachingDisabled
    created = create(config("cdn.example.com", policy=disabled))
    answer = typed("route", "pin", "vault", "--distribution", created)
    assert answer.code == 0
    assert "nothing is cached under its paths (caching disabled), so nothing is sent" in answer.out


def test_a_pin_prints_what_the_table_holds_and_fails_where_that_is_another(typed, stored, monkeypatch):
    created = create(config("cdn.example.com"))
    real = type(stored.pins).pin

    def faster(self, pin):
        real(self, replace(pin, templates=("/x",)))

    monkeypatch.setattr(type(stored.pins), "pin", faster)
    answer = typed("route", "pin", "vault", "--distribution", created)
    assert (answer.code, answer.out) == (1, "")
    assert f"the table holds vault on {created}, as /x now: somebody else pinned" in answer.err


def test_a_pin_of_a_bucket_that_is_there_needs_no_note(typed, stored):
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="vault")
    created = create(config("cdn.example.com", path="/site"))
    answer = typed("route", "pin", "vault", "--distribution", created, "--origin-path", "/site")
    assert (answer.code, answer.err) == (0, "")


def test_a_pin_says_how_keys_appear_to_viewers(typed, stored):
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
    assert stored.pins.pins() == [Pin("vault", created, templates=("/{key}*", "/fit-in/*"))]
    planned = typed("explain", "s3://vault/a.jpg", "--json").data["distributions"][0]
    assert sorted(planned["paths"]) == ["/a.jpg*", "/fit-in/*"]
    assert typed("route", "list", "--json").data["unresolved"] == []
    assert typed("route", "show", "vault").code == 0


def test_a_tag_is_refused_where_it_would_purge_nothing(typed, stored):
    created = create(config("cdn.example.com"))
    answer = typed("route", "pin", "vault", "--distribution", created, "--tag", "src:{key}")
    assert answer.code == 1
    assert f"--tag: {created} has no CacheTagConfig, so a tag would purge nothing there" in answer.err
    assert stored.pins.pins() == []


def test_pins_that_reach_further_than_meant_are_said(typed, stored):
    disabled = create(config("cdn.example.com", enabled=False))
    answer = typed("route", "pin", "vault", "--distribution", disabled, "--origin-path", "/x")
    assert answer.code == 0
    assert f"{disabled} is disabled" in answer.err
    assert (
        f"no origin of {disabled} with OriginPath /x could be this bucket, so the pin holds for all of it"
        in answer.err
    )
