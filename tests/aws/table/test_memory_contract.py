"""What is remembered of buckets is the same in memory and in DynamoDB: the same cases run on both."""

from dataclasses import asdict, astuple, replace
from itertools import count

import pytest

from infra.simulator.aws.memory import InMemoryMemory
from invalidator.aws.table.memory import MemoryTable, row_key, state_key
from invalidator.aws.table.packed_values import packed
from invalidator.core.remembering.head import Seen
from invalidator.core.remembering.memory_state import Counts, MemoryState, Round, begun_anew
from invalidator.core.remembering.row import KEEP_SECONDS, Kind, Row
from invalidator.failures import TableUnavailable
from tests.aws.table.remembered import NOW

_names = count(1)
SEEN = Seen(int(NOW), int(NOW) - 60, "etag", 17, "digest", "crc64nvme:abc", "v1")
EDITS = {
    "seen null": (
        str([*astuple(SEEN)]).replace("'", '"').replace(", ", ",").replace("False", "false"),
        "null",
    ),
    "absent": ('"seen"', '"absent"'),
    "the etag of what comes": ('"etag"', '"next"'),
}
ROW = Row(Kind.SEEN, SEEN, "0055AED6DCD90281E5", NOW - 1.125, NOW - 60, NOW - 1.125, "r1")


@pytest.fixture(params=["in memory", "in DynamoDB"])
def memory(request):
    if request.param == "in memory":
        return InMemoryMemory()
    return MemoryTable(request.getfixturevalue("table"), lambda: NOW)


@pytest.fixture
def bucket():
    return f"remembered-{next(_names)}"


def test_what_is_stored_is_read_again(memory, bucket):
    rows = {"a.html": (ROW, ""), "sp ace/\udcff": (replace(ROW, kind=Kind.ABSENT, seen=None), "")}
    assert memory.store(bucket, 1, rows) == set()
    assert memory.rows(bucket, 1, [*rows, "no"]) == {key: row for key, (row, _) in rows.items()}
    assert memory.rows("another", 1, rows) == {}


def test_a_row_is_written_only_in_the_place_of_the_one_that_was_read(memory, bucket):
    memory.store(bucket, 1, {"a": (ROW, "")})
    second = replace(ROW, rev="r2")
    assert memory.store(bucket, 1, {"a": (second, ""), "b": (second, "r1")}) == {"a", "b"}
    assert memory.store(bucket, 1, {"a": (second, "r1")}) == set()
    assert memory.store(bucket, 1, {"a": (second, "r1")}) == set(), "the SDK may have tried twice"
    assert memory.store(bucket, 1, {"a": (replace(ROW, rev="r3"), "r1")}) == {"a"}
    assert memory.rows(bucket, 1, ["a"]) == {"a": second}


def test_another_epoch_remembers_nothing_of_before_and_takes_its_place(memory, bucket):
    memory.store(bucket, 1, {"a": (ROW, "")})
    assert memory.rows(bucket, 2, ["a"]) == {}
    assert memory.store(bucket, 2, {"a": (replace(ROW, rev="r2"), "")}) == set()
    assert memory.store(bucket, 1, {"a": (replace(ROW, rev="late"), "")}) == {"a"}, "one of before comes late"
    assert memory.rows(bucket, 2, ["a"])["a"].rev == "r2"


def test_a_state_is_written_only_in_the_place_of_the_one_that_was_read(memory, bucket):
    state = memory.state(bucket)
    assert state == MemoryState()
    first = replace(
        begun_anew(state, 17, "why"), round=Round(NOW, "key", 5, 3, "b"), counts=Counts("2026-11", 1, 2, 3)
    )
    assert memory.save(bucket, first)
    assert not memory.save(bucket, first)
    assert memory.state(bucket) == replace(first, rev=1)
    assert memory.save(bucket, replace(first, rev=1, stopped=True))
    assert memory.state(bucket).stopped


def test_a_thousand_rows_are_stored_and_read(table):
    memory = MemoryTable(table, lambda: NOW)
    rows = {f"key-{number}": (ROW, "") for number in range(250)}
    assert memory.store("thousand", 1, rows) == set()
    assert len(memory.rows("thousand", 1, rows)) == 250


def test_rows_expire(table):
    MemoryTable(table, lambda: NOW).store("expiring", 1, {"a": (ROW, "")})
    (item,) = table.get([row_key("expiring", "a")]).values()
    assert int(item["expires"]["N"]) == int(NOW) + KEEP_SECONDS


@pytest.mark.parametrize(
    "damage",
    [
        {"row": {"S": "[]"}},
        {"row": {"N": "1"}},
        {"row": {"S": '["seen",[1],"",0,0,0]'}},
        {"epoch": {"N": "0"}},
        {"epoch": {"S": "one"}},
        {"pk": {"S": "another"}},
        "seen null",
        "absent",
        "the etag of what comes",
    ],
    ids=str,
)
def test_of_a_row_that_cannot_be_read_or_was_edited_nothing_is_sure_and_a_line_names_it(
    table, damage, caplog
):
    """Believed, it would tell of a change that it is none, or that the bucket never held the key."""
    memory = MemoryTable(table, lambda: NOW)
    bucket = f"damaged-{next(_names)}"
    memory.store(bucket, 1, {"a": (ROW, "")})
    (item,) = table.get([row_key(bucket, "a")]).values()
    if isinstance(damage, str):
        damage = {"row": {"S": item["row"]["S"].replace(*EDITS[damage])}}
        assert damage["row"] != item["row"]
    if "pk" in damage:
        memory.store(bucket, 1, {"b": (ROW, "")})
        (damage,) = table.get([row_key(bucket, "b")]).values()
        damage = damage | row_key(bucket, "a")
    table.put(item | damage)
    assert memory.rows(bucket, 1, ["a"]) == {"a": Row(Kind.UNKNOWN, rev="r1")}
    assert f"{item['pk']['S']} row cannot be read" in caplog.text
    assert memory.store(bucket, 1, {"a": (replace(ROW, rev="r2"), "r1")}) == set()
    assert memory.rows(bucket, 1, ["a"])["a"].kind is Kind.SEEN


@pytest.mark.parametrize(
    "damage",
    [
        {"state": packed(asdict(MemoryState(epoch=9, complete=NOW)))},
        {"state": packed(asdict(MemoryState(epoch=1, complete=NOW)))},
        {"rev": {"N": "7"}},
        {"rev": {"N": "0"}},
        {"digest": {"S": "mine"}},
        {"state": {"S": "by hand"}},
    ],
    ids=["epoch raised", "epoch lowered", "rev", "no rev", "digest", "unreadable"],
)
def test_a_state_that_was_edited_begins_anew_and_no_row_of_before_counts(table, damage, caplog):
    memory = MemoryTable(table, lambda: NOW)
    bucket = f"damaged-{next(_names)}"
    for epoch in (1, 3, 9):
        memory.store(bucket, epoch, {f"{epoch}": (ROW, "")})
    memory.save(bucket, MemoryState(epoch=3, complete=NOW))
    (item,) = table.get([state_key(bucket)]).values()
    table.put(item | damage)
    state = memory.state(bucket)
    assert f"{bucket} state cannot be read, and the memory begins anew" in caplog.text
    assert not state.is_complete(NOW, "")
    assert state.forgotten
    assert state.stopped == ("S" in damage.get("state", {})), "nobody can tell: passed on as they come"
    assert memory.rows(bucket, state.epoch, ["1", "3", "9"]) == {}
    assert memory.save(bucket, state)
    assert memory.state(bucket) == replace(state, rev=state.rev + 1)


def test_a_state_whose_count_of_writings_cannot_be_read_is_not_taken_for_new(table):
    memory = MemoryTable(table, lambda: NOW)
    memory.save("damaged-state", MemoryState(epoch=3))
    (item,) = table.get([state_key("damaged-state")]).values()
    table.put(item | {"rev": {"S": "by hand"}})
    with pytest.raises(TableUnavailable, match="the memory of damaged-state cannot be read"):
        memory.state("damaged-state")
