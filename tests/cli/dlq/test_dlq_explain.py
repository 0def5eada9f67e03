"""`invalidator dlq explain`: every reason with what is wrong, how it stands now, and the right fix."""

import json
import time
from dataclasses import replace

import pytest

from invalidator.aws.distributions import CloudFrontDiscovery
from invalidator.aws.memory_table import MemoryTable
from invalidator.core.limits.pace import Pace
from invalidator.core.reasons import FIX, Reason
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.sent import Sent
from invalidator.failures import MemoryUnavailable, Permanent
from invalidator.ports import StoredRoutes
from tests.cli.dlq.desk import compact, notification

SITE = Distribution(
    "E1", origins=(Origin("o", "site.s3.amazonaws.com", "site"),), behaviors=(Behavior("*", ("o",)),)
)


@pytest.fixture
def desk(deployed_desk):
    """A desk where distribution E1 is known to serve the bucket `site`, and none to serve `attic`."""
    later = time.time() + 600
    deployed_desk.memory.store_routes(
        {"site": StoredRoutes((SITE,), later), "attic": StoredRoutes((), later)}
    )
    return deployed_desk


def only(desk, *arguments):
    (found,) = desk.run("dlq", "explain", "--json", *arguments).data["groups"]
    return found


def changed(seconds_ago=600):
    return time.time() - seconds_ago


def test_it_names_the_permission_and_the_distribution_that_lacks_it(desk):
    desk.bury(compact(), "access-denied", Detail="User: arn:aws:x is not authorized", Distribution="E1")
    found = only(desk)
    assert "lacks cloudfront:CreateInvalidation on E1" in found["wrong"]
    assert found["fix"] == FIX[Reason.ACCESS_DENIED]
    assert found["detail"] == "User: arn:aws:x is not authorized"
    text = " ".join(desk.run("dlq", "explain").out.split())
    for part in ("on E1", "said: User: arn:aws:x", "now: 1 stale: 1 path on E1", "redriven: 1 path to E1"):
        assert part in text


def test_what_was_invalidated_since_is_fresh_and_safe_to_purge(desk):
    at = changed()
    identifier = desk.bury(compact(paths={"/img/a.png": at}), "access-denied")
    desk.memory.record(Sent("E1", "I2J3", at + 60, ("/img/*",)), "self", time.time())
    (letter,) = only(desk)["letters"]
    assert letter["state"] == "already fresh"
    assert letter["safe_to_purge"]
    assert letter["why"].startswith("covered on E1 by I2J3 at ")
    assert letter["id"] == identifier
    text = desk.run("dlq", "explain").out
    assert "safe to purge" in " ".join(text.split())
    assert "invalidator dlq purge --export FILE --yes \\\n    --reason access-denied\n" in text


def test_an_invalidation_from_before_the_change_leaves_it_stale(desk):
    at = changed()
    desk.bury(compact(paths={"/img/a.png": at}), "access-denied")
    desk.memory.record(Sent("E1", "I2J3", at - 60, ("/img/*",)), "self", time.time())
    found = only(desk)
    assert found["letters"][0]["state"] == "stale"
    assert not found["letters"][0]["safe_to_purge"]
    assert found["redrive_would_send"] == [{"distribution": "E1", "paths": 1, "wildcards": 0}]


def test_a_letter_that_is_fresh_only_in_part_is_stale(desk):
    at = changed()
    desk.bury(compact(paths={"/a": at, "/b": at}), "access-denied")
    desk.memory.record(Sent("E1", "I2J3", at + 60, ("/a",)), "self", time.time())
    (letter,) = only(desk)["letters"]
    assert letter["state"] == "stale"
    assert "1 path on E1" in letter["why"]
    assert "e.g. /b" in letter["why"]


def test_original_messages_go_through_the_workers_own_routing(desk):
    desk.bury(notification("dir/ü.html"))
    found = only(desk)
    assert found["reason"] == "unfinished"
    assert "invalidator logs" in found["fix"]
    assert "e.g. /dir/%C3%BC.html" in found["letters"][0]["why"]


def test_a_message_that_cannot_be_read_says_why(desk):
    desk.bury("{oops", "not-json", Detail="expected value")
    (letter,) = only(desk)["letters"]
    assert letter["state"] == "unreadable"
    assert letter["why"].startswith("not-json: ")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (notification(bucket="attic"), "no distribution serves its keys in attic"),
        (compact("E9"), "E9 serves these buckets no more"),
        ('{"Event": "s3:TestEvent"}', "it is S3's greeting on a new notification"),
    ],
)
def test_what_needs_nothing_is_safe_to_purge(desk, body, why):
    desk.bury(body, "unavailable")
    (letter,) = only(desk)["letters"]
    assert (letter["state"], letter["why"], letter["safe_to_purge"]) == ("needs nothing", why, True)


def test_many_stale_paths_are_planned_as_the_worker_would_within_its_limits(desk):
    at = changed()
    desk.bury(compact(paths={f"/dir/{number}": at for number in range(900)}), "unavailable")
    (plan,) = only(desk)["redrive_would_send"]
    assert plan["paths"] < 500
    assert plan["wildcards"] >= 1


@pytest.mark.parametrize("what", ["learned pace", "in progress"])
def test_a_redrive_is_promised_what_plan_promises(desk, tmp_path, what):
    now = time.time()
    if what == "learned pace":
        desk.memory.learn("self", Pace(4, 1, gap=2.0, learned=now))
    else:
        desk.memory.record(Sent("E1", "I1", now, tuple(f"/old/{each}/*" for each in range(10))), "self", now)
    keys = [f"{number % 9}/{number}" for number in range(900)]
    desk.bury(compact(paths=dict.fromkeys((f"/{key}" for key in keys), changed())), "unavailable")
    (tmp_path / "keys.txt").write_text("\n".join(keys))

    (redrive,) = only(desk)["redrive_would_send"]

    answer = desk.run("plan", "--bucket", "site", "--keys", str(tmp_path / "keys.txt"), "--json")
    (plan,) = answer.data["distributions"]
    assert (redrive["paths"], redrive["wildcards"]) == (len(plan["paths"]), plan["wildcards"])
    assert redrive["wildcards"] < 9, "the limit was felt"


def test_a_bucket_unknown_to_the_table_is_looked_up_in_cloudfront_and_nothing_is_written(desk):
    desk.bury(notification(bucket="newcomer"), "mapping-denied")
    (letter,) = only(desk)["letters"]
    assert letter["why"] == "no distribution serves its keys in newcomer"
    assert "newcomer" not in desk.memory.all_routes()


def test_a_group_of_both_names_the_ids_that_are_safe_to_purge(desk):
    at = changed()
    desk.memory.record(Sent("E1", "I1", at + 60, ("/a",)), "self", time.time())
    fresh = desk.bury(compact(paths={"/a": at}), "access-denied")
    stale = desk.bury(compact(paths={"/b": at}), "access-denied")
    text = desk.run("dlq", "explain").out
    assert f"--id {fresh}" in text
    assert f"--id {stale}" not in text


def test_without_the_table_everything_counts_as_stale_and_it_says_so(desk, monkeypatch):
    def broken(*_, **__):
        raise MemoryUnavailable("AccessDenied on the table")

    desk.bury(notification(), "unavailable")
    for name in ("recall", "sent_since", "pins"):
        monkeypatch.setattr(MemoryTable, name, broken)
    answer = desk.run("dlq", "explain", "--json")
    assert any("the table cannot be read" in note for note in answer.data["notes"])
    assert "AccessDenied on the table" in answer.err


def test_every_reason_the_worker_gives_is_explained_with_its_fix(desk):
    for reason in Reason:
        desk.bury(compact(), "" if reason is Reason.UNFINISHED else reason.value)
    groups = {each["reason"]: each for each in desk.run("dlq", "explain", "--json").data["groups"]}
    assert {reason: groups[reason]["fix"] for reason in Reason} == FIX
    assert all("E1" in groups[reason]["wrong"] for reason in (Reason.ACCESS_DENIED, Reason.DISTRIBUTION_GONE))


def test_routes_that_expired_are_looked_up_again_in_cloudfront(desk):
    """Here E1 is gone since: what the table remembers of it counts no more."""
    desk.memory.store_routes({"site": StoredRoutes((SITE,), time.time() - 1)})
    desk.bury(notification(), "unavailable")
    (letter,) = only(desk)["letters"]
    assert (letter["state"], letter["why"]) == ("needs nothing", "no distribution serves its keys in site")


def test_a_disabled_distribution_needs_nothing(desk):
    routes = StoredRoutes((replace(SITE, enabled=False),), time.time() + 600)
    desk.memory.store_routes({"site": routes})
    desk.bury(notification(), "unavailable")
    assert only(desk)["letters"][0]["state"] == "needs nothing"


def test_where_nobody_can_tell_who_serves_a_bucket_it_says_why(desk, monkeypatch):
    def denied(*_):
        raise Permanent("not authorized to perform: cloudfront:ListDistributions", Reason.MAPPING_DENIED)

    monkeypatch.setattr(CloudFrontDiscovery, "scan", denied)
    desk.bury(
        json.dumps({"invalidator": 1, "bucket": "newcomer", "keys": {"a": changed()}}), "mapping-denied"
    )
    (letter,) = only(desk)["letters"]
    assert letter["state"] == "unknown"
    assert letter["why"].startswith("nobody can tell who serves newcomer: not authorized")
    assert not letter["safe_to_purge"]


def test_a_letter_of_two_buckets_is_not_safe_to_purge_while_nobody_can_tell_who_serves_one(desk, monkeypatch):
    def denied(*_):
        raise Permanent("not authorized", Reason.MAPPING_DENIED)

    monkeypatch.setattr(CloudFrontDiscovery, "scan", denied)
    both = [json.loads(notification(bucket=bucket))["Records"][0] for bucket in ("site", "newcomer")]
    desk.bury(json.dumps({"Records": both}), "unfinished")
    assert only(desk)["letters"][0]["state"] == "stale", "what is known is told first"

    desk.memory.record(Sent("E1", "I1", time.time() - 1, ("/*",)), "self", time.time())
    (letter,) = only(desk)["letters"]
    assert (letter["state"], letter["safe_to_purge"]) == ("unknown", False)
    assert letter["why"].startswith("nobody can tell who serves newcomer")
