"""How the table is asked: page by page, again for what was left unprocessed, and unavailable where it cannot be."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from invalidator.aws.table import targets
from invalidator.aws.table.dynamodb import DynamoDbTable, key
from invalidator.aws.table.logs import entry_item
from invalidator.aws.table.pins import PinTable
from invalidator.aws.table.sent_items import sent_items
from invalidator.core.limits.slots import Calls
from invalidator.core.pending.entry import Entry
from invalidator.core.pending.wakes import Wake, shard_of
from invalidator.core.routing.pins import Pin
from invalidator.core.target_state import TargetState
from invalidator.failures import TableUnavailable
from invalidator.ports import SurveyState
from tests.aws.conftest import ports_over
from tests.aws.table.remembered import NOW, TABLE, routes, sent


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


OPERATIONS = ("batch_get_item", "batch_write_item", "query", "put_item", "delete_item", "update_item")
ENTRY = Entry({"/a": (NOW, NOW)}, "", NOW)
CALLS = {
    "deal": lambda ports: ports.log.deal("bucket:site"),
    "put": lambda ports: ports.log.put("unknown", 1, ENTRY),
    "read": lambda ports: list(ports.log.read("unknown", 0)),
    "close": lambda ports: ports.log.close("unknown", 1),
    "count_try": lambda ports: ports.log.count_try("m-1"),
    "before": lambda ports: ports.log.before("unknown", NOW),
    "newest": lambda ports: ports.log.newest("unknown"),
    "wake": lambda ports: ports.wakes.wake("unknown", NOW, NOW, NOW),
    "begin": lambda ports: ports.wakes.begin("unknown", NOW, NOW, "run-1"),
    "end": lambda ports: ports.wakes.end("unknown", "run-1", Wake("unknown")),
    "called": lambda ports: ports.wakes.called("unknown", NOW, NOW),
    "waiting": lambda ports: list(ports.wakes.waiting()),
    "forget": lambda ports: ports.wakes.forget("unknown", NOW),
    "view": lambda ports: ports.targets.view("E1", NOW),
    "save": lambda ports: ports.targets.save("E1", TargetState()),
    "sent_since": lambda ports: ports.targets.sent_since("E1", NOW),
    "record": lambda ports: ports.targets.record(sent()),
    "mark_completed": lambda ports: ports.targets.mark_completed(sent()),
    "of_bucket": lambda ports: ports.targets.of_bucket("site"),
    "count": lambda ports: ports.accounts.count("self", 1, NOW, 0),
    "draw": lambda ports: ports.accounts.draw("self"),
    "take_turn": lambda ports: ports.accounts.take_turn("self", 1, 0.0, NOW),
    "learn": lambda ports: ports.accounts.learn("self", Calls(), 0.0),
    "known": lambda ports: ports.accounts.known("self", NOW),
    "all_routes": lambda ports: list(ports.routes.all_routes()),
    "store_routes": lambda ports: ports.routes.store_routes(routes()),
    "know_bucket": lambda ports: ports.routes.know_bucket("site", ["E1"]),
    "pins": lambda ports: ports.routes.pins(),
    "survey_state": lambda ports: ports.routes.survey_state(),
    "ask_survey": lambda ports: ports.routes.ask_survey(NOW),
    "begin_survey": lambda ports: ports.routes.begin_survey(NOW, NOW, "run-1"),
    "save_survey": lambda ports: ports.routes.save_survey("run-1", SurveyState()),
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
    broken = DynamoDbTable(Client(None, **dict.fromkeys(OPERATIONS, raising(error))), TABLE)
    with pytest.raises(TableUnavailable):
        call(ports_over(broken))


@pytest.mark.parametrize("call", [PinTable.pins, lambda pins: pins.pin(Pin("site", "E1"))])
def test_pins_that_cannot_be_asked_for_are_an_unavailable_table(call):
    broken = DynamoDbTable(Client(None, **dict.fromkeys(OPERATIONS, raising(ERRORS["denied"]))), TABLE)
    with pytest.raises(TableUnavailable):
        call(PinTable(broken))


def test_more_items_than_a_call_takes_are_read_and_written(table):
    keys = [key("many", f"{number:03d}") for number in range(130)]
    table.change_all(puts=keys)
    assert len(table.get(keys)) == 130
    table.change_all(puts=[key("many", "new")], deletes=keys[1:])
    assert [item["sk"]["S"] for item in table.items("many")] == ["000", "new"]


def test_what_dynamodb_leaves_unprocessed_is_asked_for_again(client, table):
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

    again = DynamoDbTable(
        Client(client, batch_get_item=batch_get_item, batch_write_item=batch_write_item), TABLE
    )
    table.put(key("again", "1"))
    assert list(again.get([key("again", "1")])) == [("again", "1")]
    again.change_all(puts=[key("again", "2")])
    assert len(asked) == 4
    assert list(table.get([key("again", "2")])) == [("again", "2")]


def test_what_dynamodb_never_processes_is_an_unavailable_table():
    never = DynamoDbTable(
        Client(
            None,
            batch_get_item=lambda **each: {"Responses": {}, "UnprocessedKeys": each["RequestItems"]},
            batch_write_item=lambda **each: {"UnprocessedItems": each["RequestItems"]},
        ),
        TABLE,
    )
    with pytest.raises(TableUnavailable):
        never.get([key("a", "b")])
    with pytest.raises(TableUnavailable):
        never.change_all(puts=[key("a", "b")])


@pytest.mark.parametrize(("throttled", "asked_for"), [({3}, 8), ({3, 5, 6}, 6)])
def test_a_part_of_the_wakes_that_cannot_be_read_hides_the_others_only_where_the_table_is_away(
    client, throttled, asked_for
):
    asked: list[str] = []

    def query(**arguments: Any) -> Any:
        shard = arguments["ExpressionAttributeValues"][":pk"]["S"]
        asked.append(shard)
        if shard in {f"wakes#{each}" for each in throttled}:
            raise ERRORS["throttled"]
        return client.query(**arguments)

    names = {f"target:EPART{n}" for n in range(24)}
    for name in names:
        ports_over(DynamoDbTable(client, TABLE)).wakes.wake(name, NOW, NOW, NOW)
    waiting = ports_over(DynamoDbTable(Client(client, query=query), TABLE)).wakes.waiting()
    read: list[Wake] = []
    with pytest.raises(TableUnavailable):
        read.extend(waiting)
    assert len(asked) == asked_for
    parts = set(range(asked_for)) - throttled
    found = {each.name for each in read}
    assert found & names == {name for name in names if shard_of(name) in parts}


def paged(*pages: list[dict[str, Any]]) -> tuple[Any, list[dict[str, Any]]]:
    """A table whose query answers page by page, and what it was asked."""
    asked: list[dict[str, Any]] = []

    def query(**arguments: Any) -> Any:
        asked.append(dict(arguments))
        page = len(asked) - 1
        more = {"LastEvaluatedKey": {"page": page + 1}} if page + 1 < len(pages) else {}
        return {"Items": pages[page], **more}

    return ports_over(DynamoDbTable(Client(None, query=query), TABLE)), asked


def test_a_log_is_read_page_by_page_as_it_is_wanted():
    ports, asked = paged([entry_item("unknown", 1, ENTRY)], [], [entry_item("unknown", 4, ENTRY)])
    reading = ports.log.read("unknown", 0)
    assert next(reading) == (1, ENTRY)
    assert len(asked) == 1
    assert list(reading) == [(4, ENTRY)]
    assert [each.get("ExclusiveStartKey") for each in asked] == [None, {"page": 1}, {"page": 2}]
    assert all(each["ConsistentRead"] for each in asked)


def test_a_long_history_is_read_page_by_page_the_newest_first_and_not_without_end():
    ports, asked = paged(*(sent_items(sent(f"I{number}", NOW - number)) for number in range(1, 9)))
    assert [each.id for each in ports.targets.sent_since("E1", 0.0)] == ["I1", "I2", "I3"]
    assert len(asked) == 3
    assert not any(each["ScanIndexForward"] for each in asked)


def test_a_history_that_would_fill_the_functions_memory_is_read_as_far_as_it_fits(monkeypatch):
    """What is older is sent again, which costs a path."""
    monkeypatch.setattr(targets, "MOST_CHARACTERS", 3200)
    path = "/" + "a" * 1000
    ports, _ = paged([sent_items(sent(f"I{number}", NOW - number, path))[0] for number in range(5)])
    assert [each.id for each in ports.targets.sent_since("E1", NOW - 60)] == ["I0", "I1", "I2"]
