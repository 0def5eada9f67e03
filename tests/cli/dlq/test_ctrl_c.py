"""Ctrl-C on the operator's desk: it stops at once, says one line, loses nothing, and frees what it held."""

import os
import signal
import threading
from collections import Counter

import pytest

from infra.cli.dlq.sqs.interrupt import interrupted_at_the_end
from infra.cli.dlq.sqs.queue import DeadLetterQueue

REDRIVE = ("dlq", "redrive", "--reason", "unavailable", "--yes")
ONE_LINE = "invalidator: interrupted; nothing is lost: run it again for the rest"
NEW_LETTERS = 10


def interrupted(desk, action, numbers, *command, endless=False):
    """Type a command; strike as SQS works off the calls of these numbers of an action.

    `endless`: somebody goes on filling the queue, so nothing but the interrupt ends it.
    """
    started = threading.Event()

    def strike(called, number):
        started.wait()
        if endless and called == "ReceiveMessage":
            for each in range(NEW_LETTERS):
                desk.bury(f"new {number}.{each}", "unavailable")
        if called == action and number in numbers:
            process.send_signal(signal.SIGINT)

    desk.sqs.before = strike
    process = desk.typed(*command)
    started.set()
    _, said = process.communicate(timeout=180)
    return process.returncode, said.split("\n")


def new_letters(desk):
    receives = desk.sqs.calls["ReceiveMessage"]
    return {f"new {call}.{each}" for call in range(1, receives + 1) for each in range(NEW_LETTERS)}


def held_back(desk):
    """Bury letters that the redrive does not select: it holds them to its end, and sends none."""
    bodies = {f"other {number}" for number in range(100)}
    for body in bodies:
        desk.bury(body, "not-json")
    return bodies


@pytest.mark.parametrize(("action", "number"), [("ReceiveMessage", 1), ("DeleteMessageBatch", 3)])
def test_it_ends_with_one_line_and_frees_what_it_held(desk, action, number):
    others = held_back(desk)
    assert interrupted(desk, action, {number}, *REDRIVE, endless=True) == (130, [ONE_LINE, ""])
    assert not desk.sqs.held[desk.dead]
    there = Counter(each.body for each in desk.sqs.visible[desk.dead])
    assert others <= set(there)
    assert there + Counter(desk.sqs.bodies(desk.queue)) == Counter(others | new_letters(desk))


def test_while_it_frees_what_it_held_it_goes_on_to_the_end_of_that(desk):
    others = held_back(desk)
    code, said = interrupted(desk, "ChangeMessageVisibilityBatch", {1}, *REDRIVE)
    assert (code, said[-2:]) == (130, ["invalidator: interrupted", ""])
    assert {each.body for each in desk.sqs.visible[desk.dead]} == others


def test_a_second_one_does_not_wait_and_loses_nothing(desk):
    others = held_back(desk)
    code, said = interrupted(desk, "ReceiveMessage", {1, 3}, *REDRIVE, endless=True)
    assert (code, said) == (130, [ONE_LINE, ""])
    assert {*desk.sqs.bodies(desk.dead), *desk.sqs.bodies(desk.queue)} == others | new_letters(desk)


def test_while_sqs_moves_the_queue_itself_it_says_that_the_move_goes_on(desk):
    desk.sqs.move_tasks = True
    desk.sqs.tasks = [{"Status": "RUNNING", "ApproximateNumberOfMessagesMoved": 1}]
    code, said = interrupted(desk, "ListMessageMoveTasks", {2}, "dlq", "redrive", "--yes")
    assert (code, said) == (
        130, ["invalidator: interrupted; SQS goes on moving: run it again to follow it", ""],
    )  # fmt: skip


@pytest.fixture
def at_a_terminal():
    """Ctrl-C as Python has it at a terminal, whatever runs these tests made of it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_it_is_noted_at_once_and_strikes_at_the_end_of_the_block(at_a_terminal):
    happened = []

    def block():
        with interrupted_at_the_end(lambda: happened.append("noted")):
            signal.raise_signal(signal.SIGINT)
            happened.append("end of the block")

    with pytest.raises(KeyboardInterrupt):
        block()
    assert happened == ["noted", "end of the block"]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_the_second_strikes_at_once(at_a_terminal):
    happened = []

    def block():
        with interrupted_at_the_end(lambda: happened.append("noted")):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            happened.append("end of the block")

    with pytest.raises(KeyboardInterrupt):
        block()
    assert happened == ["noted"]


def test_where_it_is_ignored_it_stays_ignored(at_a_terminal):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    done = []
    with interrupted_at_the_end(lambda: done.append("noted")):
        signal.raise_signal(signal.SIGINT)
    assert done == []


def test_what_was_on_its_way_at_the_stop_is_freed_and_not_handled(at_a_terminal):
    freed = []

    class Client:
        def receive_message(self, **_):
            os.kill(os.getpid(), signal.SIGINT)
            assert queue._stopped.wait(60)
            return {"Messages": [{"MessageId": "m", "ReceiptHandle": "r", "Body": "x"}]}

        def change_message_visibility_batch(self, QueueUrl, Entries):
            freed.extend((each["ReceiptHandle"], each["VisibilityTimeout"]) for each in Entries)

    queue = DeadLetterQueue(Client(), "url", "arn", "source url", "source arn")
    handled = []
    with pytest.raises(KeyboardInterrupt):
        queue.read(handled.append, readers=1)
    assert (freed, handled) == ([("r", 0)], [])
