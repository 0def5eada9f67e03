"""The simulated queue hides, shows, buries and bills as SQS does; the function is started as Lambda starts one."""

import random

from infra.simulator.aws.function import (
    BATCHES_AT_A_TIME,
    COLD_SECONDS,
    WARM_SECONDS,
    EventSource,
    SimulatedFunction,
)
from infra.simulator.aws.sqs import SimulatedQueue
from infra.simulator.virtual_time import VirtualTime


def bodies(messages):
    return [each.body for each in messages]


def test_a_delayed_message_can_be_received_when_its_delay_is_over():
    time = VirtualTime(0.0)
    queue = SimulatedQueue(time)
    shown = []
    queue.on_visible = lambda: shown.append(time.now())
    queue.send("late", delay=30)
    queue.send("soon", delay=10)
    assert queue.receive(10) == []
    time.run()
    assert shown == [10.0, 30.0]
    assert bodies(queue.receive(10)) == ["soon", "late"]


def test_a_received_message_comes_back_unless_it_is_deleted_and_is_buried_when_it_comes_too_often():
    time = VirtualTime(0.0)
    queue = SimulatedQueue(time, visibility=180, most_receives=2)
    queue.send("a")
    queue.send("b")
    first, second = queue.receive(10)
    queue.delete([first])
    time.run()
    (again,) = queue.receive(10, visibility=5)
    assert (again.body, again.receives) == (second.body, 2)
    time.run()
    assert time.now() == 185.0
    assert queue.receive(10) == []
    assert bodies(queue.dead) == ["b"]
    assert len(queue) == 0


def test_calls_are_billed_by_ten_messages_and_by_64_kilobytes():
    queue = SimulatedQueue(VirtualTime(0.0))
    for _ in range(10):
        queue.send("x" * 1000)
    queue.send("y" * 70_000)
    assert queue.calls == 12
    queue.delete(queue.receive(10))
    assert queue.calls == 14
    queue.receive(10)
    assert queue.calls == 16


def source(handle, **named):
    time = VirtualTime(0.0)
    queue = SimulatedQueue(time)
    function = SimulatedFunction(time)
    made = EventSource(
        time, queue, function, lambda messages: handle(time, messages), random.Random(0), **named
    )
    return made, time, queue, function


def test_messages_are_handled_at_once_in_small_batches_a_few_at_a_time():
    running, most = [0], [0]

    def handle(time, messages):
        running[0] += 1
        most[0] = max(most[0], running[0])
        assert len(messages) <= 10
        time.sleep(2)
        running[0] -= 1
        return set()

    _, time, queue, function = source(handle)
    for number in range(200):
        queue.send(str(number))
    time.run(60)
    assert len(queue) == 0
    assert most[0] == BATCHES_AT_A_TIME
    assert function.invocations == 20
    assert function.cold_starts == BATCHES_AT_A_TIME


def test_what_failed_comes_again_after_its_visibility_timeout():
    handled = []

    def handle(time, messages):
        handled.append(time.now())
        return {each.id for each in messages if each.receives == 1}

    _, time, queue, _ = source(handle)
    queue.send("a")
    time.run(400)
    assert len(queue) == 0
    assert [round(at) for at in handled] == [1, 180]


def test_an_environment_is_warm_for_some_minutes():
    _, time, queue, function = source(lambda time, _: time.sleep(0.1) or set())
    for at in (0.0, 100.0, 100.0 + WARM_SECONDS + 60):
        time.at(at, lambda: queue.send("a"))
    time.run(2 * WARM_SECONDS)
    assert (function.invocations, function.cold_starts) == (3, 2)
    assert function.busy_seconds > 2 * COLD_SECONDS
    assert function.longest_seconds < COLD_SECONDS
