"""What only the DynamoDB side of the memory can meet: foreign and damaged items, conflicts, an unavailable table."""

import json
import zlib
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from invalidator.aws import account_items
from invalidator.aws import table_items as items
from invalidator.aws.memory_table import MemoryTable
from invalidator.core.limits.budget import Spending
from invalidator.core.limits.pace import LONGEST_GAP_SECONDS
from invalidator.core.routing.pins import Pin
from invalidator.failures import MemoryUnavailable
from invalidator.ports import Account, StoredRoutes
from tests.aws.remembered import NOW, PACE, SITE, TABLE, sent

ROUTES = items.routes_item("site", StoredRoutes((SITE,), NOW))
SENT = items.sent_item(sent())
PIN = items.pin_item(Pin("site", "E1"))
ATTRIBUTES = st.one_of(
    st.text(max_size=8).map(lambda text: {"S": text}),
    st.integers().map(lambda number: {"N": str(number)}),
    st.binary(max_size=40).map(lambda raw: {"B": raw}),
    st.recursive(st.none() | st.integers() | st.text(max_size=3), st.lists).map(
        lambda value: {"B": zlib.compress(json.dumps(value).encode())}
    ),
    st.booleans().map(lambda yes: {"BOOL": yes}),
    st.just({"NULL": True}),
)


def damaged(item: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The item with some attributes gone, changed in type or in value."""
    return st.dictionaries(st.sampled_from(sorted(item)), st.none() | ATTRIBUTES, min_size=1).map(
        lambda changes: {name: value for name, value in (item | changes).items() if value is not None}
    )


@given(damaged(ROUTES))
def test_damaged_routes_count_as_absent(item):
    read = items.read_routes(item)
    assert read is None or isinstance(read, StoredRoutes)


@given(damaged(SENT))
def test_a_damaged_invalidation_counts_as_absent_or_reads_in_full(item):
    read = items.read_sent("E1", item)
    assert read is None or read.paths


@given(damaged(PIN))
def test_a_damaged_pin_counts_as_absent(item):
    items.read_pin(item)


@given(
    st.dictionaries(st.sampled_from(["paths_sent", "day23"]), ATTRIBUTES),
    st.dictionaries(
        st.sampled_from(["request_paths", "request_wildcards", "gap", "learned", "next_call"]), ATTRIBUTES
    ),
)
def test_a_damaged_account_stops_no_worker(spending, pace):
    known = account_items.read_account(spending, pace, NOW)
    if known.pace is not None:
        assert known.pace.paths >= 1
        assert known.pace.wildcards >= 1
        assert 0 <= known.pace.gap <= LONGEST_GAP_SECONDS


def test_a_damaged_pace_does_not_hide_what_was_spent():
    spent = {"paths_sent": {"N": "7"}, "day23": {"N": "3"}}
    assert account_items.read_account(spent, {"request_paths": {"S": "many"}}, NOW) == Account(Spending(7, 3))
    assert account_items.read_account(
        {"paths_sent": {"S": "many"}}, {"next_call": {"N": "5"}}, NOW
    ) == Account(next_call=5.0)


@pytest.mark.parametrize("cut", [1, 3, 10])
def test_paths_that_were_cut_off_are_not_read_as_others(cut):
    item = items.sent_item(sent("I1", NOW, *(f"/long/path/{number}" for number in range(50))))
    item["paths"] = {"B": item["paths"]["B"][:-cut]}
    assert items.read_sent("E1", item) is None


def test_what_unpacks_to_more_than_any_item_of_ours_is_not_read(monkeypatch):
    monkeypatch.setattr(items, "MOST_BYTES", 1000)
    assert items.read_sent("E1", items.sent_item(sent("I1", NOW, "/" + "x" * 2000))) is None


def test_items_of_another_version_on_the_table_count_as_absent(client, table):
    for item in (
        {**ROUTES, "distributions": {"S": "an older form"}},
        {**PIN, "pin": {"S": '{"bucket": "site", "since": "v2"}'}},
        {**SENT, "paths": {"SS": ["/a"]}},
        {**account_items.pace_key("self"), "request_paths": {"N": "1.5"}},
    ):
        client.put_item(TableName=TABLE, Item=item)
    assert table.recall(["site"], "self", NOW) == ({}, Account())
    assert table.pins() == []
    assert table.sent_since("E1", 0.0) == []
    table.store_routes({"site": StoredRoutes((SITE,), NOW)})
    table.learn("self", PACE)
    assert table.recall(["site"], "self", NOW) == ({"site": StoredRoutes((SITE,), NOW)}, Account(pace=PACE))


def test_a_pin_keeps_working_whatever_another_version_wrote_beside_it(client, table):
    pin = Pin("site", "E1", templates=("/{key}*",))
    later = json.loads(items.pin_item(pin)["pin"]["S"]) | {"weight": 3}
    client.put_item(TableName=TABLE, Item=items.pin_item(pin) | {"pin": {"S": json.dumps(later)}})
    assert table.pins() == [pin]


def test_a_pin_with_templates_is_still_a_pin_to_the_first_version():
    """It takes a pin with a field that it does not know for none, and drops the bucket's changes without a word."""
    written = json.loads(items.pin_item(Pin("site", "E1", templates=("/*",), tags=("t",)))["pin"]["S"])
    assert written == {"bucket": "site", "distribution": "E1", "origin_path": "", "prefix": "", "role": None}


def test_a_pin_that_cannot_be_read_is_loud(client, table, caplog):
    client.put_item(TableName=TABLE, Item=PIN | {"pin": {"S": "[]"}})
    assert table.pins() == []
    assert "a pin cannot be read" in caplog.text


def test_every_item_that_may_be_forgotten_expires(client, table):
    table.store_routes({"site": StoredRoutes((SITE,), NOW)})
    table.record(sent(), "self", NOW)
    table.pin(Pin("site", "E1"))
    table.learn("self", PACE)
    expires = {
        item["pk"]["S"]: int(item.get("expires", {"N": "0"})["N"])
        for item in client.scan(TableName=TABLE)["Items"]
        if item["sk"]["S"] != "pace"
    }
    assert expires.pop("pins") == 0
    assert all(NOW + items.SENT_DAYS * items.DAY <= when < NOW + 500 * items.DAY for when in expires.values())


class Client:
    """A DynamoDB client whose operations do what a test says."""

    def __init__(self, client: Any, **operations: Any) -> None:
        self._client = client
        self._operations = operations

    def __getattr__(self, name: str) -> Any:
        return self._operations.get(name) or getattr(self._client, name)


def raising(error: Exception) -> Any:
    def operation(**_: Any) -> Any:
        raise error

    return operation


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "said DynamoDB"}}, "Operation")


def test_two_workers_that_add_to_the_same_sum_at_once_both_count(client, table):
    contended = MemoryTable(
        Client(client, transact_write_items=raising(refused("TransactionCanceledException"))), TABLE
    )
    contended.record(sent("I1", NOW, "/a", "/b"), "self", NOW)
    assert [each.id for each in table.sent_since("E1", 0.0)] == ["I1"]
    assert table.recall((), "self", NOW)[1].spending == Spending(2, 2)


OPERATIONS = (
    "batch_get_item",
    "batch_write_item",
    "query",
    "put_item",
    "delete_item",
    "update_item",
    "transact_write_items",
)
CALLS = {
    "recall": lambda memory: memory.recall({"site"}, "self", NOW),
    "store_routes": lambda memory: memory.store_routes({"site": StoredRoutes((), NOW)}),
    "pins": lambda memory: memory.pins(),
    "pin": lambda memory: memory.pin(Pin("site", "E1")),
    "unpin": lambda memory: memory.unpin(Pin("site", "E1")),
    "sent_since": lambda memory: memory.sent_since("E1", 0.0),
    "record": lambda memory: memory.record(sent(), "self", NOW),
    "mark_completed": lambda memory: memory.mark_completed(sent()),
    "learn": lambda memory: memory.learn("self", PACE),
    "reserve_call": lambda memory: memory.reserve_call("self", NOW, 2.0, NOW + 60),
}
ERRORS = {
    "throttled": refused("ProvisionedThroughputExceededException"),
    "no such table": refused("ResourceNotFoundException"),
    "denied": refused("AccessDeniedException"),
    "internal error": refused("InternalServerError"),
    "timeout": ReadTimeoutError(endpoint_url="https://dynamodb"),
    "no connection": EndpointConnectionError(endpoint_url="https://dynamodb"),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_table_that_cannot_be_asked_is_unavailable_whatever_is_asked(call, error):
    broken = Client(None, **dict.fromkeys(OPERATIONS, raising(error)))
    with pytest.raises(MemoryUnavailable):
        call(MemoryTable(broken, TABLE))


def test_what_dynamodb_leaves_unprocessed_is_asked_for_again(client, table):
    table.store_routes({"site": StoredRoutes((SITE,), NOW)})
    asked = []

    def batch_get_item(**arguments: Any) -> Any:
        asked.append(arguments)
        if len(asked) == 1:
            return {"Responses": {}, "UnprocessedKeys": arguments["RequestItems"]}
        return client.batch_get_item(**arguments)

    def batch_write_item(**arguments: Any) -> Any:
        asked.append(arguments)
        if len(asked) == 3:
            return {"UnprocessedItems": arguments["RequestItems"]}
        return client.batch_write_item(**arguments)

    memory = MemoryTable(
        Client(client, batch_get_item=batch_get_item, batch_write_item=batch_write_item), TABLE
    )
    assert memory.recall(["site"], "self", NOW)[0] == {"site": StoredRoutes((SITE,), NOW)}
    memory.store_routes({"other": StoredRoutes((), NOW)})
    assert len(asked) == 4
    assert "other" in table.recall(["other"], "self", NOW)[0]


def test_what_dynamodb_never_processes_is_an_unavailable_table():
    memory = MemoryTable(
        Client(
            None,
            batch_get_item=lambda **each: {"Responses": {}, "UnprocessedKeys": each["RequestItems"]},
            batch_write_item=lambda **each: {"UnprocessedItems": each["RequestItems"]},
        ),
        TABLE,
    )
    with pytest.raises(MemoryUnavailable):
        memory.recall(["site"], "self", NOW)
    with pytest.raises(MemoryUnavailable):
        memory.store_routes({"site": StoredRoutes((), NOW)})


def test_a_long_history_is_read_page_by_page_the_newest_first_and_not_without_end():
    pages = []

    def query(**arguments: Any) -> Any:
        assert arguments["ScanIndexForward"] is False
        pages.append(arguments.get("ExclusiveStartKey"))
        item = items.sent_item(replace(sent(), id=f"I{len(pages)}"))
        return {"Items": [item], "LastEvaluatedKey": {"page": len(pages)}}

    found = MemoryTable(Client(None, query=query), TABLE).sent_since("E1", 0.0)
    assert [each.id for each in found] == ["I1", "I2", "I3"]
    assert pages == [None, {"page": 1}, {"page": 2}]


def test_a_gap_that_no_worker_learns_is_not_kept_to(table):
    """It would stop all of them."""
    table.learn("self", replace(PACE, gap=1e6))
    assert table.recall((), "self", NOW)[1].pace.gap == LONGEST_GAP_SECONDS


def test_a_history_that_would_fill_the_functions_memory_is_read_as_far_as_it_fits(table):
    """What is older is sent again, which costs a path."""
    for number in range(5):
        path = "/" + "a" * 15 * 1024 * 1024
        table.record(sent(f"I{number}", NOW + number, path), "self", NOW)
    assert [each.id for each in table.sent_since("E1", NOW - 60)] == ["I4", "I3", "I2"]
