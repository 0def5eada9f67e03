"""Services that hang, or answer as late as the SDK waits, each alone and all at once: the batch ends within the
function's time, and every change is invalidated, or waits on the queue, or its own message stays.

The table is the documentation. A batch is one change for each of twelve distributions, and a message that cannot be
read. Then all answer at once again, and every change is invalidated.
"""

from collections.abc import Iterator

import pytest

from invalidator.aws.memory_table import MemoryTable
from invalidator.core.messages.reading import read_body
from invalidator.ports import Message, StoredRoutes
from tests.batch.deployed import TABLE
from tests.batch.wired import WiredWorker, wired_worker
from tests.notifications import direct
from tests.wire_faults import Fault
from tests.wire_happenings import SLOW, anywhere

SITES = [f"site-{number:02d}" for number in range(12)]
ALL_SERVICES = ("cloudfront", "dynamodb", "sqs")
HANGS = "timeout after the effect"

# What is struck, how, whether the table knows who serves the buckets → how many changes are invalidated at least.
ENDS = {
    (("cloudfront",), HANGS, True): 1,  # it took effect, and the worker cannot know: all wait
    (("cloudfront",), HANGS, False): 0,
    (("cloudfront",), SLOW, True): 1,  # as many as fit the time; the rest waits
    (("cloudfront",), SLOW, False): 0,  # twelve configurations cannot be read in the time
    # A table that hangs costs money, not freshness; what is pinned it cannot say, so all come again.
    (("dynamodb",), HANGS, True): 12,
    (("dynamodb",), HANGS, False): 12,
    (("dynamodb",), SLOW, True): 1,
    (("dynamodb",), SLOW, False): 1,
    (("sqs",), HANGS, True): 12,
    (("sqs",), HANGS, False): 12,
    (("sqs",), SLOW, True): 12,
    (ALL_SERVICES, HANGS, True): 0,
    (ALL_SERVICES, HANGS, False): 0,
    (ALL_SERVICES, SLOW, True): 0,
    (ALL_SERVICES, SLOW, False): 0,
}


@pytest.fixture(scope="module")
def world() -> Iterator[WiredWorker]:
    with wired_worker() as wired:
        for name in SITES:
            wired.deployed.distribution(name)
        yield wired


@pytest.fixture(scope="module")
def serving(world):
    return {name: found for name, found in world.worker.discovery.scan(()).items() if name in SITES}


@pytest.mark.parametrize(("struck", "how", "known"), ENDS)
def test_a_batch_ends_in_time_and_nothing_is_lost(world, serving, struck, how, known):
    world.deployed.forget()
    world.worker._last_routes.clear()
    now = world.clock.now()
    if known:
        table = MemoryTable(world.deployed.dynamodb, TABLE)
        table.store_routes({name: StoredRoutes(each, now + 10**6) for name, each in serving.items()})
    messages = [Message("broken", "{broken", now)]
    messages += [Message(f"m-{name}", direct("a.html", bucket=name, at=now - 60), now) for name in SITES]

    faults = {service: Fault.of(anywhere(service)[how], world.clock) for service in struck}
    ends = [fault.strike(world.client(service)) for service, fault in faults.items()]
    try:
        report = world.handle(messages)
    finally:
        for end in ends:
            end()

    fresh = invalidated(world, serving)
    assert all(fault.struck for fault in faults.values())
    assert len(fresh) >= ENDS[struck, how, known]
    assert fresh | waiting(world) | {name for name in SITES if f"m-{name}" in report.retry} == set(SITES)
    assert "broken" in report.retry or world.deployed.dead()

    world.clock.sleep(120)
    again = [
        Message(each.id, each.body, world.clock.now()) for each in world.deployed.messages("invalidation")
    ]
    again += [each for each in messages if each.id in report.retry]
    world.deployed.messages("invalidation").clear()
    assert world.handle(again).retry == set()
    assert invalidated(world, serving) == set(SITES)
    assert {attributes["Reason"] for _, attributes in world.deployed.dead()} == {"not-json"}


def invalidated(world, serving):
    return {name for name, (each,) in serving.items() if world.deployed.invalidated(each.id)}


def waiting(world):
    """The sites whose changes wait on the queue."""
    now = world.clock.now()
    backlogs = [read_body(each.body, now).backlog for each in world.deployed.messages("invalidation")]
    return {name for each in backlogs for name in getattr(each, "buckets", None) or (each.bucket,)}
