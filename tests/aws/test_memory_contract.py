"""The worker's memory behaves the same in memory (simulator, tests) and in DynamoDB: the same cases run on both."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.simulator.memory import InMemoryTable
from invalidator.core.limits.budget import Spending
from invalidator.core.routing.pins import Pin
from invalidator.ports import Account, StoredRoutes
from tests.aws.remembered import NOW, PACE, SITE, sent


@pytest.fixture(params=["in memory", "in DynamoDB"])
def memory(request: pytest.FixtureRequest, client: Any) -> Any:
    return InMemoryTable() if request.param == "in memory" else request.getfixturevalue("table")


def account(memory: Any, name: str = "self", now: float = NOW) -> Account:
    return memory.recall((), name, now)[1]


def test_nothing_is_known_at_first(memory):
    assert memory.recall({"site"}, "self", NOW) == ({}, Account())
    assert memory.sent_since("E1", 0.0) == []
    assert memory.pins() == []


def test_who_serves_a_bucket_is_remembered_to_the_letter(memory):
    routes = {
        "site": StoredRoutes((SITE, replace(SITE, id="E2")), NOW + 600),
        "none": StoredRoutes((), NOW + 600),
    }
    memory.store_routes(routes)
    assert memory.recall(["site", "none", "other"], "self", NOW)[0] == routes


def test_a_newer_answer_replaces_an_older_one(memory):
    memory.store_routes({"site": StoredRoutes((SITE,), NOW)})
    memory.store_routes({"site": StoredRoutes((), NOW + 600)})
    assert memory.recall(["site"], "self", NOW)[0] == {"site": StoredRoutes((), NOW + 600)}


def test_hundreds_of_buckets_are_remembered(memory):
    routes = {f"bucket-{number}": StoredRoutes((), NOW + number) for number in range(230)}
    memory.store_routes(routes)
    assert memory.recall(routes, "self", NOW)[0] == routes


def test_what_was_sent_is_found_again_the_newest_first(memory):
    history = [sent("I1", NOW, "/a"), sent("I2", NOW + 1.5, "/b*"), sent("I3", NOW + 100, "/c")]
    for each in [history[1], history[0], history[2]]:
        memory.record(each, "self", NOW)
    assert memory.sent_since("E1", NOW - 1) == history[::-1]
    assert memory.sent_since("E1", NOW + 1.5) == [history[2], history[1]]
    assert memory.sent_since("E1", NOW + 101) == []


def test_one_distributions_history_is_not_anothers(memory):
    memory.record(sent("I1", distribution="E1"), "self", NOW)
    memory.record(sent("I2", distribution="E10"), "self", NOW)
    assert [each.id for each in memory.sent_since("E1", 0.0)] == ["I1"]


def test_an_invalidation_comes_back_as_it_was(memory):
    one = replace(sent("I1", NOW + 0.123, "/%F0%9F%8E%89", "/a*b", "/w/*"), work="0f" * 8)
    memory.record(one, "self", NOW)
    assert memory.sent_since("E1", NOW) == [one]


@pytest.mark.parametrize("fraction", [0.001, 0.123, 0.437, 0.999])
def test_an_invalidation_read_again_is_marked_completed_to_the_millisecond(memory, fraction):
    memory.record(sent("I1", NOW + fraction), "self", NOW)
    (read,) = memory.sent_since("E1", NOW)
    memory.mark_completed(read)
    assert memory.sent_since("E1", NOW) == [replace(read, completed=True)]


def test_marking_what_was_never_recorded_does_nothing(memory):
    memory.mark_completed(sent())
    assert memory.sent_since("E1", 0.0) == []


def test_the_same_invalidation_recorded_twice_stands_once(memory):
    memory.record(sent(), "self", NOW)
    memory.record(sent(), "self", NOW)
    assert len(memory.sent_since("E1", 0.0)) == 1


def test_spending_adds_up_by_day_and_month_and_account(memory):
    evening = datetime(2026, 11, 30, 23, 59, tzinfo=UTC).timestamp()
    december = evening + 60
    memory.record(sent("I1", NOW, "/a", "/b"), "self", NOW)
    memory.record(sent("I2", NOW, "/c"), "self", NOW)
    memory.record(sent("I3", evening, "/d"), "self", evening)
    memory.record(sent("I4", december, "/e"), "self", december)
    memory.record(sent("I5", NOW, "/f"), "other", NOW)
    assert account(memory).spending == Spending(month=4, day=3)
    assert account(memory, now=evening).spending == Spending(month=4, day=1)
    assert account(memory, now=december).spending == Spending(month=1, day=1)
    assert account(memory, "other").spending == Spending(month=1, day=1)


def test_what_was_learned_is_remembered_by_account(memory):
    memory.learn("self", PACE)
    assert account(memory).pace == PACE
    assert account(memory, "other").pace is None
    memory.learn("self", replace(PACE, paths=125))
    assert account(memory).pace == replace(PACE, paths=125)


def test_call_slots_stand_a_gap_apart_whoever_asks(memory):
    slots = [memory.reserve_call("self", NOW + step, 2.0, NOW + 60) for step in (0.0, 0.1, 0.2, 30.0)]
    assert slots == [NOW, NOW + 2, NOW + 4, NOW + 30]
    assert memory.reserve_call("other", NOW, 2.0, NOW) == NOW


def test_a_slot_after_the_latest_is_not_taken(memory):
    assert memory.reserve_call("self", NOW, 10.0, NOW + 5) == NOW
    assert memory.reserve_call("self", NOW, 10.0, NOW + 5) is None
    assert memory.reserve_call("self", NOW, 10.0, NOW + 10) == NOW + 10
    assert memory.reserve_call("self", NOW + 100, 10.0, NOW + 99) is None
    assert memory.reserve_call("self", NOW + 100, 10.0, NOW + 100) == NOW + 100


def test_a_slot_no_worker_can_have_reserved_stops_nobody(memory):
    assert memory.reserve_call("self", NOW + 365 * 86_400, 2.0, NOW + 366 * 86_400) is not None
    assert memory.reserve_call("self", NOW, 2.0, NOW + 5) == NOW


def test_slots_and_pace_do_not_disturb_each_other(memory):
    memory.reserve_call("self", NOW, 2.0, NOW + 60)
    memory.learn("self", PACE)
    assert account(memory) == Account(pace=PACE, next_call=NOW + 2)


def test_what_people_pinned_is_read_by_the_table_and_a_pin_is_replaced_and_removed(table):
    pin = Pin("site", "E9", "/docs", "web/", "arn:aws:iam::222233334444:role/cdn")
    table.pin(pin)
    table.pin(replace(pin, role=None))
    table.pin(Pin("site", "E8"))
    assert set(table.pins()) == {replace(pin, role=None), Pin("site", "E8")}
    table.unpin(pin)
    assert table.pins() == [Pin("site", "E8")]
