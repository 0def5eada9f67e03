"""The statements that replace a memory's rows, on the local AWS: moto cannot read them (tests/memory_tables.py)."""

import time
from dataclasses import replace

import pytest

from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.memory import MemoryTable, row_key
from invalidator.core.remembering.head import Seen
from invalidator.core.remembering.row import Kind, Row

pytestmark = [pytest.mark.local_aws, pytest.mark.xdist_group("system")]

BUCKET = "rows-in-batches"
SEEN = Seen(1_795_000_000, 1_794_999_000, 'it\'s "quoted" ?', 17, "digest", "crc64nvme:abc+/=", "v1")
ROW = Row(Kind.SEEN, SEEN, "0055AED6DCD90281E5", 1_795_000_000.125, 1_795_000_000.0, 0.0, "r1")


def test_each_row_of_a_batch_is_replaced_or_not_by_its_own_condition(stack):
    client, single = stack.aws.client("dynamodb"), []
    client.meta.events.register("before-call.dynamodb.PutItem", lambda **_: single.append(1))
    memory = MemoryTable(DynamoDbTable(client, stack.outputs["RememberedTableName"]), time.time)
    keys = [f"ünï/{number}" for number in range(60)]
    assert memory.store(BUCKET, 1, dict.fromkeys(keys, (ROW, ""))) == set()
    assert single == [], "new ones go in batches, too"
    assert memory.store(BUCKET, 1, {keys[0]: (replace(ROW, rev="r2"), "")}) == {keys[0]}, (
        "none is replaced so"
    )
    assert memory.rows(BUCKET, 1, keys) == dict.fromkeys(keys, ROW)
    assert memory.store(BUCKET, 2, dict.fromkeys(keys[:2], (ROW, ""))) == set(), (
        "but for one of an epoch before"
    )
    assert memory.store(BUCKET, 1, {keys[0]: (replace(ROW, rev="late"), "")}) == {keys[0]}
    single.clear()
    client.delete_item(TableName=stack.outputs["RememberedTableName"], Key=row_key(BUCKET, keys[0]))
    client.delete_item(TableName=stack.outputs["RememberedTableName"], Key=row_key(BUCKET, keys[1]))
    assert memory.store(BUCKET, 1, dict.fromkeys(keys[:2], (ROW, ""))) == set()
    second = replace(ROW, rev="r2", unchanged=1_795_000_060.5)
    lost = {keys[3], keys[59], "never written"}
    asked = {key: (second, "another" if key in lost else "r1") for key in [*keys, "never written"]}
    assert memory.store(BUCKET, 1, asked) == lost
    assert len(single) == len(lost), "only what was not replaced is written again, by itself"
    found = memory.rows(BUCKET, 1, asked)
    assert found == {key: ROW if key in lost else second for key in keys}
    assert memory.store(BUCKET, 1, asked) == lost, "the SDK may have tried twice"
