"""`invalidator pause` and `resume`, and the examples in every help of the desk."""

import re
import shlex

import pytest


@pytest.fixture
def desk(deployed_desk):
    return deployed_desk


def test_pausing_switches_both_steps_off_and_says_what_becomes_of_what_arrives(desk):
    answer = desk.run("pause")
    assert answer.code == 0
    assert desk.function.updates == [("intake", False), ("sender", False)]
    words = " ".join(answer.out.split())
    assert "What arrives stays on the queue for 4 d." in words
    assert "waits in the table for 7 d; what is older than 24 h" in words
    assert "invalidator resume" in words


@pytest.mark.parametrize(
    ("step", "said", "unsaid"),
    [
        ("intake", "stays on the queue for 4 d", "in the table"),
        ("sender", "in the table for 7 d", "on the queue"),
    ],
)
def test_one_step_can_be_paused_alone(desk, step, said, unsaid):
    answer = desk.run("pause", "--only", step)
    words = " ".join(answer.out.split())
    assert answer.code == 0
    assert desk.function.updates == [(step, False)]
    assert f"The {step} is paused" in words
    assert said in words
    assert unsaid not in words


def test_what_is_still_paused_after_a_resume_is_said(desk):
    desk.run("pause")
    answer = desk.run("resume", "--only", "intake")
    assert "The sender is still paused: invalidator resume" in answer.out
    assert desk.run("resume", "--only", "intake", "--json").data == {
        "paused": {"intake": False, "sender": True},
        "changed": [],
    }


def test_both_can_be_repeated_and_change_nothing_then(desk):
    desk.run("pause")
    again = desk.run("pause", "--json")
    assert again.data == {"paused": {"intake": True, "sender": True}, "changed": []}
    desk.run("resume")
    assert desk.run("resume", "--json").data == {"paused": {"intake": False, "sender": False}, "changed": []}
    assert desk.function.updates == [(step, on) for on in (False, True) for step in ("intake", "sender")]


def test_a_function_without_its_mapping_is_one_line_with_the_fix(desk):
    del desk.function.mappings["sender"]
    answer = desk.run("pause")
    assert answer.code == 1
    assert "no event source mapping leads to the sender" in answer.err
    assert "restore it with: make deploy" in answer.err


@pytest.mark.parametrize(
    "command",
    [
        *("dlq", "dlq list", "dlq show", "dlq explain", "dlq export", "dlq redrive", "dlq purge"),
        *("status", "pause", "resume"),
    ],
)
def test_the_examples_in_each_help_work_as_they_stand(desk, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    desk.sqs.move_tasks = True
    desk.bury("x", "not-json")
    identifier = desk.bury("x", "access-denied")
    text = desk.run(*command.split(), "--help").out
    assert max(len(line) for line in text.splitlines()) <= 80
    examples = re.findall(r"^ +invalidator (.+)$", text, re.MULTILINE)
    assert examples
    if command == "status":
        monkeypatch.setattr("infra.cli.status.screen.time.sleep", _interrupt)
    for example in examples:
        arguments = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", identifier, example)
        expected = 130 if "--watch" in example else {"dlq list --check": 3}.get(example, 0)
        assert desk.run(*shlex.split(arguments)).code == expected


def _interrupt(_):
    raise KeyboardInterrupt
