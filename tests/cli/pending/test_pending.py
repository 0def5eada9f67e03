"""`invalidator pending` as a person types it."""

import json
import re
import stat
import time

import boto3
import pytest

from infra.cli.waits import in_short
from invalidator.core.messages.reading import read_body
from invalidator.core.pending.entry import Entry, bucket_owner, target_owner
from invalidator.core.pending.wakes import Wake
from invalidator.core.target_state import TargetState
from invalidator.logs import append
from tests.cli.stored import site


@pytest.fixture
def at():
    """When something changed: two minutes ago."""
    return round(time.time() - 120, 3)


@pytest.fixture
def served(stored):
    """E1 serves the bucket `site`, and has settled all of it so far."""
    stored.serve(site("E1"))
    stored.targets.save("E1", TargetState(routing="1"))
    return stored


def paths(typed, name="E1"):
    """The paths that wait for a target."""
    found = typed("pending", "show", name, "--json").data["waiting"]
    return sorted(path for each in found for path in each["paths"])


def test_an_empty_list_says_so_and_is_no_alarm(typed, served):
    for more in ((), ("--check",)):
        answer = typed("pending", "list", *more)
        assert (answer.code, answer.out, answer.err) == (0, "", "Nothing waits.\n")
    assert typed("pending", "list", "--json").data == {"waiting": []}


def test_the_list_says_for_whom_since_when_and_why(typed, served, at):
    served.changes("site", ["a.html"], at)
    served.wakes.begin("target:E1", at, at + 10, "t")
    served.wakes.end(
        "target:E1", "t", Wake("", due=time.time() + 90, since=at, waiting=3, reason="Throttling: slow")
    )

    (row,) = typed("pending", "list", "--json").data["waiting"]
    assert (row["waits_for"], row["buckets"], row["paths"]) == ("target:E1", ["site"], 3)
    assert row["reason"] == "Throttling: slow"
    assert row["age_seconds"] == pytest.approx(120, abs=60)
    answer = typed("pending", "list")
    assert answer.code == 0
    assert re.search(r"^E1 +site +\d min.* +3 +in 1 min .* +Throttling: slow$", answer.out, re.MULTILINE)
    assert all(len(line) <= 80 for line in answer.out.splitlines())
    assert typed("pending", "list", "--check").code == 3


def test_what_waits_in_unknown_buckets_is_listed_and_shown_by_bucket(typed, served, at):
    served.changes("newcomer", ["x/1", "x/2"], at)
    (row,) = typed("pending", "list", "--json").data["waiting"]
    assert (row["waits_for"], row["buckets"]) == ("unknown", ["newcomer"])
    (shown,) = typed("pending", "show", "unknown", "--json").data["waiting"]
    assert (shown["bucket"], sorted(shown["keys"])) == ("newcomer", ["x/1", "x/2"])
    answer = typed("pending", "show", "unknown")
    assert answer.out.startswith("newcomer: 2 keys, the oldest change ")
    assert "invalidator route refresh" in answer.err


def test_what_of_unknown_buckets_cannot_be_read_is_said_beside_what_can(typed, served, at, tmp_path):
    append(served.log, "unknown", Entry({}, "hidden", at, doubt="its entry was edited"))
    for command in (("show", "unknown"), ("list",), ("export", str(tmp_path / "nothing.jsonl"), "unknown")):
        answer = typed("pending", *command)
        assert answer.code == 0, answer.err
    assert "Nothing waits" not in typed("pending", "show", "unknown").err
    served.changes("attic", ["old.txt"], at)

    shown = typed("pending", "show", "unknown", "--json")
    assert [each["bucket"] for each in shown.data["waiting"]] == ["attic"]
    assert shown.data["notes"] == ["nobody can tell what changed in hidden: its entry was edited"]
    assert "changed in hidden" in typed("pending", "show", "unknown").err
    exported = typed("pending", "export", str(tmp_path / "one.jsonl"), "unknown")
    assert len((tmp_path / "one.jsonl").read_text().splitlines()) == 1
    assert "changed in hidden" in exported.err


def test_show_routes_covers_and_plans_as_the_sender_would(typed, served, at):
    served.changes("site", ["docs/index.html", "a.html", "b.html"], at)
    served.record("E1", "I1", at + 30, "/b.html")

    (shown,) = typed("pending", "show", "E1", "--json").data["waiting"]

    assert sorted(shown["paths"]) == ["/a.html", "/docs", "/docs/", "/docs/index.html"]
    assert (shown["covered"], shown["keys"], shown["unserved_keys"]) == (1, 3, 0)
    assert shown["would_send"] == ["/a.html", "/docs", "/docs/", "/docs/index.html"]
    out = typed("pending", "show", "E1").out
    assert out.startswith("E1 serves site\n  4 paths, the oldest change ")
    assert "  would be sent now: 4 paths, 0 wildcards among them\n" in out
    assert "    /docs/index.html\n" in out


def test_show_of_a_bucket_shows_all_that_serve_it(typed, stored, at):
    stored.serve(site("E1"), site("E2"), site("E3", "other"))
    stored.changes("site", ["a"], at)
    shown = typed("pending", "show", "site", "--json").data["waiting"]
    assert [(each["distribution"], list(each["paths"])) for each in shown] == [("E1", ["/a"]), ("E2", ["/a"])]


def test_looking_writes_nothing_although_a_writer_is_between_its_two_calls(typed, served, at):
    dealt = served.log.deal(bucket_owner("site"))
    served.changes("site", ["late.html"], at)
    assert paths(typed) == ["/late.html"]
    typed("pending", "list")
    assert served.log.put(bucket_owner("site"), dealt.number, Entry({"a": (at, at)}, "site", at))
    assert paths(typed) == ["/a", "/late.html"]


@pytest.mark.parametrize("command", ["show", "drop"])
def test_a_name_that_nobody_knows_is_one_line(typed, served, command):
    answer = typed("pending", command, "ENONE")
    assert (answer.code, answer.out, answer.err.count("\n")) == (1, "", 1)
    assert "nothing waits for ENONE, and no survey knows it; see: invalidator pending list" in answer.err


def test_a_bucket_is_told_from_a_name_that_nobody_knows(typed, served):
    answer = typed("pending", "drop", "site", "--yes")
    assert (answer.code, answer.out) == (1, "")
    assert "site is a bucket: name a distribution that serves it: E1" in answer.err


def test_of_an_error_of_aws_the_list_shows_what_it_is(typed, served, at):
    said = (
        "An error occurred (ServiceUnavailable) when calling the CreateInvalidation operation "
        "(reached max retries: 2): later"
    )
    served.changes("site", ["a.html"], at)
    served.wakes.begin("target:E1", at, at + 10, "t")
    served.wakes.end("target:E1", "t", Wake("", due=time.time() + 90, since=at, waiting=3, reason=said))
    assert re.search(r"in 1 min .* +ServiceUnavailable", typed("pending", "list").out)
    assert in_short(said) == "ServiceUnavailable by CreateInvalidation: later"
    assert typed("pending", "list", "--json").data["waiting"][0]["reason"] == said


def test_a_dropped_change_is_settled_and_a_later_one_is_sent(typed, served, at):
    served.changes("site", ["a.html", "b.html"], at)

    answer = typed("pending", "drop", "E1", "--yes")

    assert answer.code == 0, answer.err
    assert answer.out == "dropped: 2 paths; nothing of it is sent, and it stays stale\n"
    assert "2 paths of E1, changed since" in answer.err
    assert "will not be invalidated" in answer.err
    assert "  /a.html\n" in answer.err
    assert paths(typed) == []
    assert typed("pending", "list", "--check").code == 0
    served.changes("site", ["c.html"], at + 1)
    assert paths(typed) == ["/c.html"]


def test_dropping_asks_and_without_a_yes_nothing_is_dropped(typed, served, at, monkeypatch):
    served.changes("site", ["a.html"], at)
    for answered, said in (("n", "nothing was dropped"), ("", "add --yes")):
        monkeypatch.setattr("click.termui.visible_prompt_func", _answer(answered))
        answer = typed("pending", "drop", "E1")
        assert (answer.code, answer.out) == (1, "")
        assert said in answer.err
        assert paths(typed) == ["/a.html"]
    monkeypatch.setattr("click.termui.visible_prompt_func", _answer("y"))
    assert typed("pending", "drop", "E1", "--json").data == {"waits_for": "target:E1", "dropped": ["/a.html"]}


def _answer(text):
    def answer(_):
        if not text:
            raise EOFError
        return text

    return answer


def test_what_came_after_what_was_shown_is_not_dropped_and_is_looked_at(typed, served, at, monkeypatch):
    """Its wake's time is cleared as the lease is taken: this run must leave a look."""
    served.changes("site", ["a.html"], at)

    def late(_):
        served.changes("site", ["late.html"], at + 60)
        append(served.log, target_owner("E1"), Entry({"/redriven": (at, at)}, "", at))
        return "y"

    monkeypatch.setattr("click.termui.visible_prompt_func", late)
    assert typed("pending", "drop", "E1", "--json").data["dropped"] == ["/a.html"]
    assert paths(typed) == ["/late.html", "/redriven"]
    (wake,) = served.wakes.waiting()
    assert wake.due is not None
    assert wake.leased_until == 0


def test_a_redriven_path_alone_that_came_after_what_was_shown_is_looked_at(typed, served, at, monkeypatch):
    """The target's own log was not even read when it had nothing new."""
    served.changes("site", ["a.html"], at)

    def late(_):
        append(served.log, target_owner("E1"), Entry({"/redriven": (at, at)}, "", at))
        return "y"

    monkeypatch.setattr("click.termui.visible_prompt_func", late)
    typed("pending", "drop", "E1")
    assert paths(typed) == ["/redriven"]
    (wake,) = served.wakes.waiting()
    assert wake.due is not None


def test_a_writer_who_was_between_its_two_calls_takes_another_number_and_is_sent(typed, served, at):
    dealt = served.log.deal(bucket_owner("site"))
    served.changes("site", ["a.html"], at)
    typed("pending", "drop", "E1", "--yes")
    slow = Entry({"slow.html": (at, at)}, "site", at)
    assert not served.log.put(bucket_owner("site"), dealt.number, slow)
    append(served.log, bucket_owner("site"), slow)
    assert paths(typed) == ["/slow.html"]


def test_while_a_run_of_the_worker_has_it_nothing_is_dropped(typed, served, at):
    served.changes("site", ["a.html"], at)
    now = time.time()
    served.wakes.begin("target:E1", now, now + 100, "a run")
    answer = typed("pending", "drop", "E1", "--yes")
    assert (answer.code, answer.out) == (1, "")
    assert "a run of the worker is at it just now; try again in a minute" in answer.err
    assert paths(typed) == ["/a.html"]


def test_where_the_routing_changed_while_somebody_was_asked_nothing_is_dropped(
    typed, served, at, monkeypatch
):
    served.changes("site", ["a.html"], at)

    def changed(_):
        served.serve(site("E1", root_object="home.html"), version="2")
        return "y"

    monkeypatch.setattr("click.termui.visible_prompt_func", changed)
    answer = typed("pending", "drop", "E1")
    assert (answer.code, answer.out) == (1, "")
    assert "the routing of E1 has changed meanwhile; try again" in answer.err
    assert paths(typed) == ["/a.html"]
    (wake,) = served.wakes.waiting()
    assert (wake.due is not None, wake.leased_until) == (True, 0)


def test_unknown_buckets_changes_can_be_dropped(typed, served, at):
    served.changes("newcomer", ["x"], at)
    assert typed("pending", "drop", "unknown", "--yes", "--json").data == {
        "waits_for": "unknown",
        "dropped": ["s3://newcomer/x"],
    }
    assert typed("pending", "show", "unknown", "--json").data == {"waiting": [], "notes": []}
    assert typed("pending", "list", "--check").code == 0


def test_an_export_holds_what_waits_as_messages_that_the_worker_reads(typed, served, at, tmp_path):
    served.changes("site", ["a.html"], at)
    served.changes("newcomer", ["x"], at)
    file = tmp_path / "waiting.jsonl"

    answer = typed("pending", "export", str(file), "--json")

    assert answer.data == {"exported": 2, "file": str(file)}
    lines = {line["waits_for"]: line for line in map(json.loads, file.read_text().splitlines())}
    assert read_body(lines["target:E1"]["body"], time.time()).backlog.paths == {"/a.html": at}
    assert read_body(lines["unknown"]["body"], time.time()).backlog.keys == {"x": at}
    assert lines["unknown"]["buckets"] == ["newcomer"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = typed("pending", "export", str(file), "E1")
    assert (again.code, again.out) == (1, "")
    assert "exists and is not overwritten" in again.err
    assert typed("pending", "export", str(tmp_path / "one"), "E1").out.startswith("1 line written to ")


def test_the_targets_of_a_bucket_that_was_woken_itself_are_exported(typed, stored, at, tmp_path):
    """A bucket with many targets wakes them in a step of its own."""
    stored.serve(*(site(f"E{number}") for number in range(12)))
    stored.changes("site", ["a"], at)
    assert [each["waits_for"] for each in typed("pending", "list", "--json").data["waiting"]] == [
        "bucket:site"
    ]
    assert "all of site" in typed("pending", "list").out
    assert typed("pending", "export", str(tmp_path / "f"), "--json").data["exported"] == 12


def test_a_table_that_is_gone_is_one_line(typed, served):
    boto3.client("dynamodb").delete_table(TableName="mapping")
    for command in (("list",), ("show", "E1"), ("show", "unknown"), ("drop", "E1", "--yes")):
        answer = typed("pending", *command)
        assert (answer.code, answer.out, answer.err.count("\n")) == (1, "", 1)
        assert "ResourceNotFoundException" in answer.err
