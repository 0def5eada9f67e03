"""`invalidator pause` and `resume`, and the examples in every help of the desk."""

import re
import shlex

import pytest


@pytest.fixture
def desk(deployed_desk):
    return deployed_desk


def test_pausing_switches_the_mapping_off_and_says_what_becomes_of_arriving_messages(desk):
    answer = desk.run("pause")
    assert answer.code == 0
    assert desk.function.updates == [False]
    words = " ".join(answer.out.split())
    assert "stays in the queue for 4 d" in words
    assert "invalidator resume" in words


def test_both_can_be_repeated_and_change_nothing_then(desk):
    desk.run("pause")
    again = desk.run("pause", "--json")
    assert again.data == {"paused": True, "changed": False}
    desk.run("resume")
    assert desk.run("resume", "--json").data == {"paused": False, "changed": False}
    assert desk.function.updates == [False, True]


def test_a_function_without_its_mapping_is_one_line_with_the_fix(desk):
    desk.function.mapping = None
    answer = desk.run("pause")
    assert answer.code == 1
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
        expected = {"dlq list --check": 3}.get(example, 0)
        assert desk.run(*shlex.split(arguments)).code == expected


def _interrupt(_):
    raise KeyboardInterrupt
