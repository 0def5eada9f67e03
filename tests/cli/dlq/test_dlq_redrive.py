"""`invalidator dlq redrive` as a person types it: what is sent, what stays, and that nothing is ever lost."""

import random
import re
import time
from collections import Counter
from dataclasses import replace

import pytest

from infra.cli.dlq import purge, redrive
from infra.cli.dlq.letters import read_letter
from infra.cli.dlq.sqs import queue
from infra.cli.dlq.sqs.queue import HOLD_SECONDS
from invalidator.core.reasons import Reason
from tests.cli.dlq.desk import compact, notification
from tests.notifications import direct, through_eventbridge


def test_without_yes_nothing_is_sent_and_the_letters_are_free_again(desk):
    desk.bury("x", "not-json")
    answer = desk.run("dlq", "redrive")
    assert answer.code == 0
    assert "would redrive 1 of not-json" in answer.out
    assert "Dry run" in answer.err
    assert not desk.sqs.messages(desk.queue)
    assert not desk.sqs.held[desk.dead]


def test_a_redriven_message_is_clean_of_what_the_worker_wrote_on_it_and_keeps_the_rest(desk):
    desk.bury(
        compact(), "access-denied", Detail="no", Distribution="E1", Paths="/a", PathCount="1", Trace="t1"
    )
    assert desk.run("dlq", "redrive", "--yes").code == 0
    (sent,) = desk.sqs.messages(desk.queue)
    assert sent.body == compact()
    assert sent.attributes == {"Trace": {"DataType": "String", "StringValue": "t1"}}
    assert not desk.sqs.messages(desk.dead)


def test_what_eventbridge_could_not_deliver_says_why_and_is_redriven(desk):
    """EventBridge guide, "Using dead-letter queues": the event as it was, and attributes of its own."""
    event, why = through_eventbridge("a"), {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "no way in"}
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in why.items()}
    letter = read_letter({"MessageId": "m", "Body": event, "MessageAttributes": attributes})
    assert letter.detail == "EventBridge could not deliver it: NO_PERMISSIONS no way in"
    assert letter.buckets == ("site",)
    desk.bury(event, RULE_ARN="arn:r", TARGET_ARN="arn:q", **why)
    assert desk.run("dlq", "redrive", "--yes").code == 0
    assert desk.sqs.bodies(desk.queue) == [event]


@pytest.mark.parametrize(
    "option",
    [("--reason", "access-denied"), ("--bucket", "site"), ("--reason", "access-denied", "--bucket", "site")],
)
def test_a_selector_redrives_what_it_names_and_frees_the_others(desk, option):
    desk.bury(compact(), "access-denied")
    desk.bury(notification(bucket="other"), "not-a-notification")
    answer = desk.run("dlq", "redrive", *option, "--yes", "--json")
    assert answer.data["sent"] == answer.data["deleted"] == 1
    assert desk.sqs.bodies(desk.queue) == [compact()]
    assert [each.body for each in desk.sqs.visible[desk.dead]] == [notification(bucket="other")]


def test_a_letter_about_an_acl_is_found_by_its_bucket_and_listed_with_it(desk):
    """Whether a new ACL is a change is the worker's setting; whose object it was is not."""
    desk.bury(body := direct("a", name="ObjectAcl:Put"))
    (listed,) = desk.run("dlq", "list", "--json").data["groups"]
    assert listed["buckets"] == ["site"]
    assert desk.run("dlq", "redrive", "--bucket", "site", "--yes").code == 0
    assert desk.sqs.bodies(desk.queue) == [body]


def test_a_reason_that_only_a_letter_knows_is_taken(desk):
    """A newer worker may have written it."""
    desk.bury(compact(), "newer-than-this")
    answer = desk.run("dlq", "redrive", "--reason", "newer-than-this", "--yes", "--json")
    assert answer.data["sent"] == 1


@pytest.mark.parametrize(
    "command",
    [
        ("redrive", "--yes"),
        ("redrive",),
        ("purge", "--export", "copy", "--yes"),
        ("purge",),
        ("explain",),
        ("export", "f"),
    ],
)
def test_a_reason_that_nobody_knows_is_an_error(desk, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    desk.bury(compact(), "access-denied")
    answer = desk.run("dlq", *command, "--reason", "acces-denied")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.splitlines()[-1] == (
        "invalidator: --reason acces-denied: no dead letter has that reason; is access-denied meant?"
    )
    assert desk.run("dlq", *command, "--reason", "typo").err.endswith(f"it is one of {', '.join(Reason)}\n")
    assert desk.sqs.bodies(desk.dead) == [compact()]
    assert not list(tmp_path.iterdir())


def slowly(desk, monkeypatch, module):
    """Each receive takes 5 s, by SQS's clock and the command's; what is held for too long comes round again first."""

    def before(action, _):
        if action != "ReceiveMessage":
            return
        with desk.sqs.lock:
            desk.sqs.offset += 5
            waiting = len(desk.sqs.visible[desk.dead])
            desk.sqs._come_back(desk.dead)
            desk.sqs.visible[desk.dead].rotate(len(desk.sqs.visible[desk.dead]) - waiting)

    desk.sqs.before = before
    made = module.dead_letter_queue
    monkeypatch.setattr(
        module, "dead_letter_queue", lambda session: replace(made(session), clock=desk.sqs.now)
    )


def test_more_letters_than_one_hold_lasts_for_are_all_read(desk, monkeypatch):
    """What is not selected is held on to, and so does not come round again before the others were seen."""
    for number in range(400):
        desk.bury(f"other {number}", "not-json")
    for number in range(100):
        desk.bury(f"{number}", "unavailable")
    slowly(desk, monkeypatch, redrive)
    answer = desk.run("dlq", "redrive", "--reason", "unavailable", "--yes", "--json")
    assert (answer.code, answer.data["sent"], answer.data["read_to_the_end"]) == (0, 100, True)
    assert Counter(desk.sqs.bodies(desk.queue)) == Counter(f"{number}" for number in range(100))
    assert Counter(desk.sqs.bodies(desk.dead)) == Counter(f"other {number}" for number in range(400))


def test_a_purge_of_more_letters_than_one_hold_lasts_for_deletes_all(desk, monkeypatch, tmp_path):
    for number in range(400):
        desk.bury(f"{number}", "not-json")
    slowly(desk, monkeypatch, purge)
    answer = desk.run("dlq", "purge", "--export", str(tmp_path / "copy"), "--yes", "--json")
    assert (answer.code, answer.data["deleted"]) == (0, 400)
    assert not desk.sqs.bodies(desk.dead)
    assert len((tmp_path / "copy").read_text().splitlines()) == 400


@pytest.mark.parametrize("command", ["redrive", "purge"])
def test_what_does_not_fit_into_memory_is_left_with_its_number(desk, monkeypatch, tmp_path, command):
    monkeypatch.setattr(queue, "MOST_BYTES", 1000)
    for number in range(300):
        desk.bury(f"{number}" + "x" * 100, "not-json")
    options = ["--export", str(tmp_path / "copy")] if command == "purge" else []
    selected = ["--reason", "not-json", "--bucket", "none"] if command == "redrive" else []
    answer = desk.run("dlq", command, *selected, *options, "--yes")
    assert answer.code == 2
    there = len(desk.sqs.bodies(desk.dead))
    left = int(re.findall(r"[Aa]bout (\d+)", answer.err)[-1])
    assert command == "redrive" or left == there
    assert 0 < left < 300


def test_a_letter_that_comes_back_within_the_clocks_doubt_is_sent_once(desk):
    """What no worker can read is back in a second, and would go round until the clocks' margin is over."""
    desk.bury("no json", "not-json")

    def fails_at_once(action, _):
        if action == "SendMessageBatch":
            desk.bury("no json", "not-json")

    desk.sqs.after = fails_at_once
    answer = desk.run("dlq", "redrive", "--yes", "--json")
    assert (answer.code, answer.data["sent"], answer.data["came_meanwhile"]) == (2, 1, 1)


def test_what_fails_anew_at_once_is_not_sent_for_ever(desk):
    for number in range(20):
        desk.bury(f"{number}", "access-denied", sent=time.time() - 60)

    def fails_at_once(action, number):
        if action == "SendMessageBatch":
            for each in range(10):
                desk.bury(f"again {number}.{each}", "access-denied", sent=time.time() + 60)

    desk.sqs.after = fails_at_once
    answer = desk.run("dlq", "redrive", "--yes", "--json")
    assert (answer.code, answer.data["sent"], answer.data["came_meanwhile"]) == (2, 20, 20)
    assert len(desk.sqs.bodies(desk.dead)) == 20


def test_selecting_by_id_says_which_ids_were_not_there(desk):
    known = desk.bury(compact(), "access-denied")
    answer = desk.run("dlq", "redrive", "--id", known, "--id", "nobody", "--yes", "--json")
    assert answer.code == 2
    assert answer.data["not_received"] == ["nobody"]
    assert desk.sqs.bodies(desk.queue) == [compact()]


def test_what_sqs_does_not_take_stays_and_is_told(desk):
    desk.bury("bad")
    desk.bury("good")
    desk.sqs.refuse = lambda action, body: action == "SendMessageBatch" and body == "bad"
    answer = desk.run("dlq", "redrive", "--yes")
    assert answer.code == 2
    assert "InternalError: try again" in answer.err
    assert desk.sqs.bodies(desk.queue) == ["good"]
    assert [each.body for each in desk.sqs.visible[desk.dead]] == ["bad"]


def test_what_is_sent_but_cannot_be_deleted_is_told_and_may_come_twice(desk):
    desk.bury("x")
    desk.sqs.refuse = lambda action, _: action == "DeleteMessageBatch"
    answer = desk.run("dlq", "redrive", "--yes")
    assert answer.code == 2
    assert "sent, but not deleted" in answer.err
    assert desk.sqs.bodies(desk.queue) == desk.sqs.bodies(desk.dead) == ["x"]


def test_all_is_left_to_sqs_own_move_where_it_exists(desk):
    desk.sqs.move_tasks = True
    for number in range(25):
        desk.bury(f"{number}")
    answer = desk.run("dlq", "redrive", "--yes", "--json")
    assert answer.data == {
        "dry_run": False, "method": "move-task", "status": "COMPLETED", "sent": 25, "why": "",
    }  # fmt: skip
    assert len(desk.sqs.messages(desk.queue)) == 25
    assert "ReceiveMessage" not in desk.sqs.calls


def test_a_move_that_sqs_breaks_off_is_partly_done(desk):
    desk.sqs.move_tasks, desk.sqs.move_fails_after = True, 1
    desk.bury("a")
    desk.bury("b")
    answer = desk.run("dlq", "redrive", "--yes")
    assert answer.code == 2
    assert "AccessDenied" in answer.err


def test_where_sqs_has_no_move_it_says_so_and_sends_letter_by_letter(desk):
    desk.bury("a")
    answer = desk.run("dlq", "redrive", "--yes")
    assert answer.code == 0
    assert "InvalidAction" in answer.err
    assert desk.sqs.bodies(desk.queue) == ["a"]


def test_large_letters_are_sent_in_batches_that_sqs_takes(desk):
    for number in range(4):
        desk.bury(compact(reason=str(number) * 400_000))
    assert desk.run("dlq", "redrive", "--yes").code == 0
    assert len(desk.sqs.bodies(desk.queue)) == 4
    assert desk.sqs.calls["SendMessageBatch"] > 1


@pytest.mark.parametrize("seed", [0, *(pytest.param(each, marks=pytest.mark.long) for each in range(1, 6))])
def test_killed_at_any_point_and_run_again_it_loses_nothing(desk, seed):
    killed_and_run_again(desk, seed, 300)


@pytest.mark.soak("takes minutes")
@pytest.mark.parametrize("seed", range(3))
def test_ten_thousand_letters_are_redriven_without_loss_though_it_is_killed(desk, seed):
    killed_and_run_again(desk, seed, 10_000)


def killed_and_run_again(desk, seed, letters):
    """SIGKILL strikes before or after some send or delete takes effect; the next run does the rest."""
    chance = random.Random(seed)
    bodies = [f"{number}" for number in range(letters)]
    for body in bodies:
        desk.bury(body, "unavailable")
    process = None
    moment = chance.choice(["before", "after"]), chance.choice(["SendMessageBatch", "DeleteMessageBatch"])
    number = chance.randrange(1, letters // 15)

    def strike(action, count):
        if process is not None and action == moment[1] and count == number:
            process.kill()

    setattr(desk.sqs, moment[0], strike)
    process = desk.typed("dlq", "redrive", "--reason", "unavailable", "--yes")
    process.communicate(timeout=300)
    assert process.returncode == -9
    assert desk.sqs.bodies(desk.dead)
    assert set(desk.sqs.bodies(desk.queue) + desk.sqs.bodies(desk.dead)) == set(bodies)

    desk.sqs.before = desk.sqs.after = None
    # A receive that was under way when the process was killed may hold letters a second time.
    for run in (1, 2):
        desk.sqs.offset = run * (HOLD_SECONDS + 1)
        assert desk.run("dlq", "redrive", "--reason", "unavailable", "--yes").code == 0
    redriven = Counter(desk.sqs.bodies(desk.queue))
    assert set(redriven) == set(bodies)
    assert max(redriven.values()) <= 2
    assert not desk.sqs.bodies(desk.dead)


@pytest.mark.parametrize("action", ["ReceiveMessage", "SendMessageBatch", "DeleteMessageBatch"])
def test_a_refused_permission_is_one_line_and_loses_nothing(desk, action):
    desk.bury("x", "unavailable")
    desk.sqs.denied = frozenset({action})
    answer = desk.run("dlq", "redrive", "--reason", "unavailable", "--yes")
    assert answer.code == 1
    assert f"AWS refused {action}: AccessDenied: not allowed" in answer.err
    assert [each.body for each in desk.sqs.visible[desk.dead]] == ["x"]


def test_who_may_not_release_letters_still_gets_the_answer_and_a_word_about_it(desk):
    desk.bury("x", "unavailable")
    desk.sqs.denied = frozenset({"ChangeMessageVisibilityBatch"})
    answer = desk.run("dlq", "list", "--json")
    assert answer.data["received"] == 1
    assert f"stay invisible for {HOLD_SECONDS} s" in answer.err
