"""Whole services that hang, or answer as late as the SDK waits: a run ends in time, and nothing is lost.

`WiredWorker` holds each invocation to the function's time. A run that a service held up gives its lease back, or leaves
it to the sweep. Afterwards, all answer at once again, and the change is invalidated.
"""

from collections.abc import Iterator

import pytest

from tests.function.wired import WiredWorker, wired_worker
from tests.notifications import direct
from tests.wire_faults import Fault
from tests.wire_happenings import SLOW, anywhere

ALL = ("cloudfront", "dynamodb", "sqs")
HANGS = "timeout after the effect"
CASES = [
    (services, how) for services in (("cloudfront",), ("dynamodb",), ("sqs",), ALL) for how in (HANGS, SLOW)
]


@pytest.fixture(scope="module")
def world() -> Iterator[WiredWorker]:
    with wired_worker() as wired:
        yield wired


@pytest.mark.parametrize(("services", "how"), CASES)
def test_intake_ends_in_time_and_nothing_is_lost(world, services, how):
    site = begun(world)
    body = direct("a.html", at=world.clock.now() - 60)
    end = slow_down(world, services, how)
    staying = world.take_in(body, "{broken")
    end()
    assert body in staying or world.deployed.wakes()
    assert "{broken" in staying or world.deployed.dead()
    world.go_on(staying)
    assert world.deployed.invalidated(site)
    assert {attributes["Reason"] for _, attributes in world.deployed.dead()} == {"not-json"}


@pytest.mark.parametrize(("services", "how"), CASES)
def test_a_look_ends_in_time_and_nothing_is_lost(world, services, how):
    site = begun(world)
    world.take_in(direct("a.html", at=world.clock.now() - 60))
    wakes = world.deployed.take("wakes")
    end = slow_down(world, services, how)
    again = world.look(*wakes)
    end()
    assert again or world.deployed.wakes() or world.deployed.invalidated(site)
    if services == ("cloudfront",):
        assert not again, "what CloudFront held up was settled all the same"
    world.deployed.take("wakes")  # lost: the sweep makes it good
    world.go_on()
    assert world.deployed.invalidated(site)
    assert not world.deployed.dead()


def begun(world: WiredWorker) -> str:
    world.forget()
    site = world.deployed.distribution("site", path=f"/{world.clock.passed}")
    world.deployed.serve("site", site)
    return site


def slow_down(world: WiredWorker, services, how):
    faults = [(service, Fault.of(anywhere(service)[how], world.clock)) for service in services]
    ends = [fault.strike(world.client(service)) for service, fault in faults]

    def end() -> None:
        for each in ends:
            each()

    return end
