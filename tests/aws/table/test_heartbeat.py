"""The sweep's heartbeat, and by what a restored table is known, on moto."""

import pytest

from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.heartbeat import HEARTBEAT, WhichTable, beat, last_beat
from invalidator.aws.table.routes import RoutesTable
from invalidator.core.heartbeat import Heartbeat
from tests.aws.table.remembered import NOW, TABLE
from tests.memory_tables import make_table


@pytest.mark.parametrize(
    "noted",
    [
        Heartbeat(NOW, 3),
        Heartbeat(NOW, 3, NOW - 60, "id"),
        Heartbeat(NOW, 3, NOW - 60, "id", frozenset({"site", "other"})),
    ],
)
def test_a_heartbeat_is_read_as_it_was_noted(client, noted):
    table = DynamoDbTable(client, TABLE)
    beat(table, noted)
    assert last_beat(table) == noted


def test_one_that_was_edited_by_hand_counts_as_none(client):
    table = DynamoDbTable(client, TABLE)
    table.put({**HEARTBEAT, "letters": {"S": "three"}, "at": {"N": "1"}})
    assert last_beat(table) is None


def test_a_table_made_anew_has_another_identity(client):
    make_table(client, "to-be-restored")
    which = WhichTable(client, "to-be-restored", RoutesTable(DynamoDbTable(client, "to-be-restored")))
    assert (which.surveyed(), list(which.buckets())) == (0.0, [])
    first = which.identity()
    assert first == which.identity()
    assert not first.restored
    client.delete_table(TableName="to-be-restored")
    make_table(client, "to-be-restored")
    assert which.identity().id not in {"", first.id}
    client.delete_table(TableName="to-be-restored")
