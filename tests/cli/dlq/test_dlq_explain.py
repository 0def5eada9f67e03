"""`invalidator dlq explain`: every reason with what is wrong, how it stands now, and the right fix."""

import json
import time

import pytest

from infra.cli.dlq import explain
from invalidator.aws.table.pins import pin_key
from invalidator.aws.table.routes import RoutesTable
from invalidator.aws.table.targets import TargetTable
from invalidator.core.limits.pace import Pace
from invalidator.core.reasons import FIX, Reason
from invalidator.core.routing.pins import Pin
from invalidator.core.target_state import TargetState
from invalidator.failures import TableUnavailable
from tests.cli.dlq.desk import compact, notification
from tests.cli.stored import site
from tests.notifications import direct


@pytest.fixture
def desk(deployed_desk):
    """A desk where distribution E1 is known to serve the bucket `site`, and none to serve `attic`."""
    deployed_desk.stored.serve(site("E1"))
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
    desk.stored.record("E1", "I2J3", at + 60, "/img/*")
    (letter,) = only(desk)["letters"]
    assert letter["state"] == "already fresh"
    assert letter["safe_to_purge"]
    assert letter["why"].startswith("covered on E1 by I2J3 at ")
    assert letter["id"] == identifier
    text = desk.run("dlq", "explain").out
    assert "safe to purge" in " ".join(text.split())
    assert "invalidator dlq purge --reason access-denied" in text


def test_an_invalidation_from_before_the_change_leaves_it_stale(desk):
    at = changed()
    desk.bury(compact(paths={"/img/a.png": at}), "access-denied")
    desk.stored.record("E1", "I2J3", at - 60, "/img/*")
    found = only(desk)
    assert found["letters"][0]["state"] == "stale"
    assert not found["letters"][0]["safe_to_purge"]
    assert found["redrive_would_send"] == [{"distribution": "E1", "paths": 1, "wildcards": 0}]


def test_a_letter_that_is_fresh_only_in_part_is_stale(desk):
    at = changed()
    desk.bury(compact(paths={"/a": at, "/b": at}), "access-denied")
    desk.stored.record("E1", "I2J3", at + 60, "/a")
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
        (compact("E9"), "E9 serves nothing any more"),
        ('{"Event": "s3:TestEvent"}', "it is S3's greeting on a new notification"),
    ],
)
def test_what_needs_nothing_is_safe_to_purge(desk, body, why):
    desk.bury(body, "unavailable")
    desk.stored.surveyed(time.time() + 1)
    (letter,) = only(desk)["letters"]
    assert (letter["state"], letter["why"], letter["safe_to_purge"]) == ("needs nothing", why, True)


def acl_letter(desk):
    return desk.bury(direct("a.html", name="ObjectAcl:Put", at=changed()))


def test_a_new_acl_needs_nothing_where_acl_changes_are_not_asked_for(desk):
    acl_letter(desk)
    (letter,) = only(desk)["letters"]
    assert (letter["state"], letter["why"]) == ("needs nothing", "it changes no object's bytes")


def test_a_new_acl_is_a_change_where_acl_changes_are_asked_for(desk):
    """It may have withdrawn the file: purged, the letter would leave it at the edges."""
    desk.function.configuration["Environment"]["Variables"]["ACL_CHANGES"] = "yes"
    acl_letter(desk)
    found = only(desk)
    (letter,) = found["letters"]
    assert (letter["state"], letter["safe_to_purge"]) == ("stale", False)
    assert "e.g. /a.html" in letter["why"]
    assert not any("dlq purge" in line for line in found["commands"])
    assert found["redrive_would_send"] == [{"distribution": "E1", "paths": 1, "wildcards": 0}]


def test_a_new_acl_is_a_change_where_nobody_can_tell_whether_they_are_asked_for(desk):
    desk.function.configuration["Environment"] = {}
    acl_letter(desk)
    answer = desk.run("dlq", "explain", "--json")
    (letter,) = answer.data["groups"][0]["letters"]
    assert (letter["state"], letter["safe_to_purge"]) == ("stale", False)
    assert any("and that new ACLs are changes" in note for note in answer.data["notes"])


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
        desk.stored.targets.save("E1", TargetState(pace=Pace(4, 1, gap=2.0, learned=now)))
    else:
        desk.stored.record("E1", "I1", now, *(f"/old/{each}/*" for each in range(10)))
    keys = [f"{number % 9}/{number}" for number in range(900)]
    desk.bury(compact(paths=dict.fromkeys((f"/{key}" for key in keys), changed())), "unavailable")
    (tmp_path / "keys.txt").write_text("\n".join(keys))

    (redrive,) = only(desk)["redrive_would_send"]

    answer = desk.run("plan", "--bucket", "site", "--keys", str(tmp_path / "keys.txt"), "--json")
    (plan,) = answer.data["distributions"]
    assert (redrive["paths"], redrive["wildcards"]) == (len(plan["paths"]), plan["wildcards"])
    assert redrive["wildcards"] < 9, "the limit was felt"


def test_how_wide_wildcards_may_be_is_worked_out_of_what_is_stale_alone(desk, monkeypatch):
    """Of a stack with hundreds of distributions, a letter is about a few."""
    asked = []

    def floors(target, routing):
        asked.append(target.target)
        return ()

    monkeypatch.setattr(explain, "floors", floors)
    desk.stored.serve(site("E1"), site("E2", "other"))
    for _ in range(2):
        desk.bury(compact("E1"), "unavailable")
    desk.bury(compact("E1"), "access-denied")
    desk.run("dlq", "explain")
    assert asked == ["E1"]


def test_a_change_that_is_younger_than_the_last_survey_may_be_somebodys(desk):
    """Only a complete survey that began after the change can tell that nobody serves its bucket."""
    desk.bury(
        notification(bucket="newcomer", at="2029-01-01T00:00:00.000Z"), "unavailable", sent=time.time() + 600
    )
    (letter,) = only(desk)["letters"]
    assert (letter["state"], letter["safe_to_purge"]) == ("unknown", False)
    assert letter["why"].startswith(
        "nobody can tell who serves newcomer: the last survey of the distributions"
    )
    assert letter["why"].endswith("invalidator route refresh")

    desk.stored.surveyed(time.time() + 700)
    (letter,) = only(desk)["letters"]
    assert (letter["state"], letter["safe_to_purge"]) == ("needs nothing", True)


def test_a_group_of_both_names_the_ids_that_are_safe_to_purge(desk):
    at = changed()
    desk.stored.record("E1", "I1", at + 60, "/a")
    fresh = desk.bury(compact(paths={"/a": at}), "access-denied")
    stale = desk.bury(compact(paths={"/b": at}), "access-denied")
    text = desk.run("dlq", "explain").out
    assert f"--id {fresh}" in text
    assert f"--id {stale}" not in text


def test_without_the_table_nothing_is_safe_to_purge_and_it_says_so(desk, monkeypatch):
    def broken(*_, **__):
        raise TableUnavailable("AccessDenied on the table")

    desk.bury(compact(), "unavailable")
    monkeypatch.setattr(RoutesTable, "all_routes", broken)
    answer = desk.run("dlq", "explain", "--json")
    (letter,) = answer.data["groups"][0]["letters"]
    assert (letter["state"], letter["safe_to_purge"]) == ("unknown", False)
    assert any("the table cannot be read" in note for note in answer.data["notes"])
    assert "AccessDenied on the table" in answer.err


def test_every_reason_the_worker_gives_is_explained_with_its_fix(desk):
    for reason in Reason:
        desk.bury(compact(), "" if reason is Reason.UNFINISHED else reason.value)
    groups = {each["reason"]: each for each in desk.run("dlq", "explain", "--json").data["groups"]}
    assert {reason: groups[reason]["fix"] for reason in Reason} == FIX
    assert all("E1" in groups[reason]["wrong"] for reason in (Reason.ACCESS_DENIED, Reason.DISTRIBUTION_GONE))


def test_what_was_sent_cannot_be_read_so_everything_counts_as_stale(desk, monkeypatch):
    def broken(*_, **__):
        raise TableUnavailable("throttled")

    desk.bury(compact(), "unavailable")
    monkeypatch.setattr(TargetTable, "sent_since", broken)
    answer = desk.run("dlq", "explain", "--json")
    assert answer.data["groups"][0]["letters"][0]["state"] == "stale"
    assert any("everything counts as stale: throttled" in note for note in answer.data["notes"])


def test_of_a_gone_distribution_the_command_that_takes_back_its_pin_is_printed(desk):
    for bucket in ("site", "other site"):
        desk.stored.pins.pin(Pin(bucket, "E9"))
    desk.stored.pins.pin(Pin("site", "E1"))
    desk.stored.serve(site("E9"))
    desk.bury(compact("E9"), "distribution-gone")
    assert only(desk)["commands"] == [
        "invalidator route unpin 'other site' --distribution E9",
        "invalidator route unpin site --distribution E9",
        "invalidator dlq purge --reason distribution-gone --export distribution-gone.jsonl --yes",
    ]
    text = desk.run("dlq", "explain", "--region", "eu-west-1").out
    assert "fix: take back the pin that names it, then purge" in text
    assert "    invalidator route unpin site --distribution E9 --region eu-west-1\n" in text


def test_of_a_gone_distribution_a_pin_that_cannot_be_read_is_a_note(desk):
    """It may name that distribution or another; all else of the letters is told all the same."""
    desk.stored.table.put({**pin_key(Pin("site", "E9")), "pin": {"S": '{"bucket": "site", "since": "v2"}'}})
    desk.stored.surveyed(0.0)
    desk.bury(compact("E9"), "distribution-gone")
    answer = desk.run("dlq", "explain", "--json")
    assert answer.data["groups"][0]["reason"] == "distribution-gone"
    (note,) = answer.data["notes"]
    assert note.startswith("whether a pin names a distribution that is gone is not known: the pin [")
    assert note.endswith("deploy the version that pinned it, or pin it again")
    text = " ".join(desk.run("dlq", "explain").out.split())
    assert "fix: see what is pinned: invalidator route list; then look again" in text
    assert "no pin names it" not in text


def test_a_gone_distribution_without_a_pin_is_purged_once_a_survey_has_seen_that_it_is_gone(desk):
    desk.stored.surveyed(0.0)
    desk.bury(compact("E9"), "distribution-gone")
    assert only(desk)["commands"] == [
        "invalidator route refresh",
        "invalidator dlq explain --reason distribution-gone",
    ]
    desk.stored.surveyed(time.time() + 1)
    assert only(desk)["commands"] == [
        "invalidator dlq purge --reason distribution-gone --export distribution-gone.jsonl --yes"
    ]


def test_every_reason_has_its_commands(desk):
    at = changed()
    for reason in Reason:
        desk.bury(compact(paths={"/a": at}), "" if reason is Reason.UNFINISHED else reason.value)
    groups = desk.run("dlq", "explain", "--json").data["groups"]
    last = {each["reason"]: each["commands"][-1].split()[2] for each in groups}
    mended = {
        "access-denied",
        "role-refused",
        "mapping-denied",
        "unavailable",
        "unfinished",
        "unsupported-version",
    }
    assert {reason for reason, verb in last.items() if verb == "redrive"} == mended
    assert set(last.values()) == {"redrive", "purge", "explain"}


def test_a_disabled_distribution_needs_nothing(desk):
    desk.stored.serve(site("E1", enabled=False))
    desk.bury(notification(), "unavailable")
    assert only(desk)["letters"][0]["state"] == "needs nothing"


def test_before_the_first_survey_nobody_can_tell_who_serves_a_bucket(desk):
    desk.stored.surveyed(0.0)
    desk.bury(
        json.dumps({"invalidator": 1, "bucket": "newcomer", "keys": {"a": changed()}}), "mapping-denied"
    )
    (letter,) = only(desk)["letters"]
    assert letter["state"] == "unknown"
    assert letter["why"].startswith("nobody can tell who serves newcomer: no survey of the distributions")
    assert not letter["safe_to_purge"]


def test_a_letter_of_two_buckets_is_not_safe_to_purge_while_nobody_can_tell_who_serves_one(desk):
    desk.stored.surveyed(0.0)
    both = [json.loads(notification(bucket=bucket))["Records"][0] for bucket in ("site", "newcomer")]
    desk.bury(json.dumps({"Records": both}), "unfinished")
    assert only(desk)["letters"][0]["state"] == "stale", "what is known is told first"

    desk.stored.record("E1", "I1", time.time() + 10, "/*")
    (letter,) = only(desk)["letters"]
    assert (letter["state"], letter["safe_to_purge"]) == ("unknown", False)
    assert letter["why"].startswith("nobody can tell who serves newcomer")
