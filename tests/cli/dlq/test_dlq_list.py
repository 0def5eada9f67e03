"""`invalidator dlq list`, `show`, `export` and `purge` as a person types them."""

import json
import os
import pty
import resource
import time

import pytest

from invalidator.core.reasons import FIX, MEANING, Reason
from tests.cli.dlq.desk import compact, notification


def test_letters_are_grouped_by_reason_with_counts_buckets_and_distributions(desk):
    old = time.time() - 7500
    desk.bury(compact("E1", ["site"]), "access-denied", sent=old)
    desk.bury(compact("E2", ["assets"]), "access-denied")
    desk.bury("oops", "not-json", Detail="expected value")
    answer = desk.run("dlq", "list", "--json")
    assert answer.code == 0
    assert answer.data["received"] == 3
    first, second = answer.data["groups"]
    assert (first["reason"], first["count"]) == ("access-denied", 2)
    assert first["buckets"] == ["assets", "site"]
    assert first["distributions"] == ["E1", "E2"]
    assert len(first["ids"]) == 2
    assert first["oldest"] < first["newest"]
    assert (second["reason"], second["count"], second["buckets"]) == ("not-json", 1, [])


def test_people_read_what_each_reason_means_and_how_to_fix_it(desk):
    for reason in Reason:
        desk.bury("x", "" if reason is Reason.UNFINISHED else reason.value)
    words = " ".join(desk.run("dlq", "list").out.split())
    for reason in Reason:
        assert MEANING[reason] in words
        assert FIX[reason] in words


def test_every_line_fits_80_columns_and_no_key_reaches_the_terminal_raw(desk):
    hostile = "evil\x1b[31m\n\u202ekey" + "k" * 200
    desk.bury(
        notification(bucket=f"b{hostile}", key=hostile),
        "weird\u202ereason",
        Detail=hostile,
        Distribution=hostile,
    )
    for arguments in (["list"], ["explain"], ["list", "--json"]):
        answer = desk.run("dlq", *arguments)
        assert "\x1b" not in answer.out + answer.err
        assert "\u202e" not in answer.out + answer.err
        if "--json" not in arguments:
            told = [line for line in answer.out.splitlines() if "kkkk" not in line]
            assert max(len(line) for line in told) <= 80


def test_a_letter_that_the_redrive_policy_moved_is_unfinished_whatever_it_says_of_an_earlier_failure(desk):
    policy = {"DeadLetterQueueSourceArn": "arn:aws:sqs:eu-west-1:123456789012:Queue"}
    desk.sqs.put(desk.dead, notification(), {"Reason": "access-denied"}, system=policy)
    (only,) = desk.run("dlq", "list", "--json").data["groups"]
    assert only["reason"] == "unfinished"
    assert only["buckets"] == ["site"]


def test_a_letter_that_the_worker_gave_up_after_its_tries_says_how_many(desk):
    desk.bury(notification(), "unfinished", Detail="no run finished it in 11 tries")
    (only,) = desk.run("dlq", "explain", "--json").data["groups"]
    assert (only["reason"], only["detail"]) == ("unfinished", "no run finished it in 11 tries")


def test_a_receive_is_a_sample_and_the_output_says_so(desk):
    """…where it shows: what SQS counts and what came are not the same."""
    desk.bury("x", "not-json")
    assert desk.run("dlq", "list").err == ""
    for number in range(300):
        desk.bury(f"{number}", "not-json")
    assert "A receive is a sample" in desk.run("dlq", "list", "--limit", "5").err


def test_check_exits_with_3_while_anything_is_there_and_0_when_empty(desk):
    assert desk.run("dlq", "list", "--check").code == 0
    desk.bury("x", "not-json")
    assert desk.run("dlq", "list").code == 0
    assert desk.run("dlq", "list", "--check").code == 3


def test_an_empty_queue_is_said_in_one_line(desk):
    answer = desk.run("dlq", "list")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == "The dead-letter queue is empty.\n"


def test_looking_leaves_every_letter_free_for_the_next(desk):
    for number in range(30):
        desk.bury(f"{number}")
    desk.run("dlq", "list")
    assert len(desk.sqs.visible[desk.dead]) == 30


def test_a_queue_that_someone_else_reads_is_told_and_counts_as_not_empty(desk):
    identifier = desk.bury("x", "not-json")
    other = {"QueueUrl": desk.dead, "VisibilityTimeout": 60}
    desk.sqs.answer("ReceiveMessage", other)
    answer = desk.run("dlq", "list", "--check")
    assert answer.code == 3
    assert "Someone else is reading this queue" in answer.err
    answer = desk.run("dlq", "show", identifier)
    assert answer.code == 1
    assert "another reader holds 1: try again in 120 s" in answer.err


def test_show_gives_one_letter_whole(desk):
    identifier = desk.bury(compact(), "access-denied", Detail="User: x is not authorized", Paths="/a\n/b")
    desk.bury("other", "not-json")
    text = desk.run("dlq", "show", identifier).out
    for expected in (
        "access-denied",
        "Detail: User: x is not authorized",
        "Paths: /b",
        '"distribution": "E1"',
    ):
        assert expected in text
    document = desk.run("dlq", "show", identifier, "--json").data
    assert document["body"] == compact()
    assert document["attributes"]["Paths"] == "/a\n/b"


def test_an_unknown_id_is_one_line_with_the_way_to_the_right_one(desk):
    answer = desk.run("dlq", "show", "nobody")
    assert answer.code == 1
    assert answer.err.startswith("invalidator: no dead letter 'nobody' was received; see the ids with")
    assert answer.err.count("\n") == 1


def test_export_writes_bodies_and_attributes_a_line_each_and_leaves_the_queue_as_it_is(desk, tmp_path):
    desk.bury(compact(), "access-denied", Detail="no")
    desk.bury("oops\u2028", "not-json")
    file = tmp_path / "letters.jsonl"
    assert desk.run("dlq", "export", str(file)).code == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert sorted(line["body"] for line in lines) == sorted([compact(), "oops\u2028"])
    (denied,) = [line for line in lines if line["reason"] == "access-denied"]
    assert denied["attributes"]["Detail"] == {"DataType": "String", "StringValue": "no"}
    assert len(desk.sqs.visible[desk.dead]) == 2
    assert file.stat().st_mode & 0o777 == 0o600  # keys of people's files stand in it


def test_an_export_never_overwrites_a_file(desk, tmp_path):
    file = tmp_path / "precious"
    file.write_text("precious")
    answer = desk.run("dlq", "export", str(file))
    assert answer.code == 1
    assert "is not overwritten" in answer.err
    assert file.read_text() == "precious"


def test_purge_without_yes_deletes_nothing(desk):
    desk.bury("x", "not-json")
    answer = desk.run("dlq", "purge", "--reason", "not-json")
    assert answer.code == 0
    assert "would delete 1 of not-json" in answer.out
    assert desk.sqs.bodies(desk.dead) == ["x"]


def test_purge_refuses_to_delete_without_a_copy(desk):
    desk.bury("x", "not-json")
    answer = desk.run("dlq", "purge", "--yes")
    assert answer.code == 1
    assert "--export FILE" in answer.err
    assert desk.sqs.bodies(desk.dead) == ["x"]


def test_purge_names_a_mistyped_reason_before_it_asks_for_a_copy(desk):
    desk.bury("x", "not-json")
    desk.bury("y", "of-a-newer-worker")
    answer = desk.run("dlq", "purge", "--reason", "not-jsn", "--yes")
    assert (answer.code, answer.out) == (1, "")
    assert "--reason not-jsn: no dead letter has that reason; is not-json meant?" in answer.err
    for known in ("not-json", "of-a-newer-worker"):
        assert "--export FILE" in desk.run("dlq", "purge", "--reason", known, "--yes").err
    assert len(desk.sqs.bodies(desk.dead)) == 2


def test_purge_writes_the_copy_and_deletes_only_what_was_selected(desk, tmp_path):
    file = tmp_path / "copy.jsonl"
    desk.bury("x", "not-json")
    desk.bury(compact(), "access-denied")
    answer = desk.run("dlq", "purge", "--reason", "not-json", "--export", str(file), "--yes", "--json")
    assert answer.data["deleted"] == 1
    assert [json.loads(line)["body"] for line in file.read_text().splitlines()] == ["x"]
    assert [each.body for each in desk.sqs.visible[desk.dead]] == [compact()]


def test_what_sqs_does_not_delete_is_partly_done(desk, tmp_path):
    desk.bury("x", "not-json")
    desk.sqs.refuse = lambda action, _: action == "DeleteMessageBatch"
    answer = desk.run("dlq", "purge", "--export", str(tmp_path / "copy"), "--yes")
    assert answer.code == 2
    assert "1 are still there" in answer.err


def test_a_copy_that_cannot_be_written_keeps_the_letters(desk, tmp_path):
    desk.bury("x", "not-json")
    answer = desk.run("dlq", "purge", "--export", str(tmp_path / "no/such/dir"), "--yes")
    assert answer.code == 1
    assert desk.sqs.bodies(desk.dead) == ["x"]


@pytest.mark.parametrize(
    ("break_it", "line"),
    [
        (
            lambda _: ["--stack", "nope"],
            "no stack 'nope' in region eu-west-1; name it with --stack and --region",
        ),
        (
            lambda desk: desk.sqs.outputs.clear() or [],
            "has no output DeadLetterQueueUrl; is it the invalidator's?",
        ),
        (
            lambda desk: desk.sqs.visible.clear() or [],
            "the stack's queue does not exist any more; deploy with: make deploy",
        ),
        (lambda _: ["--profile", "nobody"], "see: aws configure list-profiles"),
    ],
)
def test_every_expected_mistake_is_one_line_with_the_fix(desk, break_it, line):
    answer = desk.run("dlq", "list", *break_it(desk))
    assert answer.code == 1
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert line in answer.err


def test_missing_credentials_are_one_line_with_the_fix(desk, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    answer = desk.run("dlq", "list")
    assert (answer.code, answer.err) == (
        1,
        "invalidator: no AWS credentials found; sign in, or name a profile with --profile\n",
    )


def test_a_limit_reads_only_a_part_and_says_so(desk):
    for number in range(300):
        desk.bury(f"{number}")
    answer = desk.run("dlq", "list", "--limit", "20", "--json")
    assert 20 <= answer.data["received"] < 300
    assert answer.data["about"] == 300
    assert not answer.data["read_to_the_end"]
    assert "There are more" in answer.err
    assert len(desk.sqs.visible[desk.dead]) == 300


def test_on_a_terminal_long_work_shows_its_progress_on_stderr(desk):
    for number in range(100):
        desk.bury(f"{number}")
    mine, theirs = pty.openpty()
    listing = desk.typed("dlq", "list", "--json", stderr=theirs)
    out, _ = listing.communicate(timeout=60)
    os.close(theirs)
    shown = os.read(mine, 100_000).decode()
    os.close(mine)
    assert json.loads(out)["received"] == 100
    assert "receiving" in shown
    assert "/100" in shown


def test_a_call_lists_ten_letters(desk):
    for number in range(200):
        desk.bury(compact(paths={f"/{number}": 1795000000.0}), "unavailable", Buckets="site")
    assert desk.run("dlq", "list", "--json").data["groups"][0]["count"] == 200
    assert desk.sqs.calls["ReceiveMessage"] <= 30


@pytest.mark.soak("it reads 10,000 letters and bounds the time")
def test_ten_thousand_letters_are_listed_in_few_calls_and_less_than_ten_seconds_of_work(desk):
    """The time of the process, not of the clock: other tests run beside this one."""
    for number in range(10_000):
        desk.bury(compact(paths={f"/{number}": 1795000000.0}), "unavailable", Buckets="site")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    listing = desk.typed("dlq", "list", "--json")
    out, _ = listing.communicate(timeout=120)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert json.loads(out)["groups"][0]["count"] == 10_000
    assert desk.sqs.calls["ReceiveMessage"] <= 1_010
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 10
