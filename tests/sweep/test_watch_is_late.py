"""Where the watch itself does not come to its end, the sweep raises its alarm; on moto, with the real SDK and table."""

import time
from types import SimpleNamespace

import pytest

from bucket_watch.standing import StandingTable
from invalidator.aws.table.dynamodb import DynamoDbTable, number
from invalidator.aws.table.heartbeat import WATCHED
from tests.function.deployed import TABLE, entry
from tests.lambda_context import LambdaContext

HOUR = 3600.0


@pytest.fixture
def sweep(capsys):
    with entry("invalidator.entries.sweep") as (module, deployed):

        def run():
            capsys.readouterr()
            module.handler({}, LambdaContext("sweep"))
            return "SubscriptionsLost" in capsys.readouterr().out

        yield SimpleNamespace(lost=run, table=DynamoDbTable(deployed.dynamodb, TABLE))


def test_a_watch_that_ended_within_hours_costs_nothing_and_a_new_stack_has_time(sweep):
    assert not sweep.lost()
    assert not sweep.lost()
    StandingTable(sweep.table).ended(time.time() - 2 * HOUR)
    assert not sweep.lost()


@pytest.mark.parametrize("at", [{"S": "now"}, {"BOOL": True}, {"N": "4102444800"}])
def test_an_end_that_somebody_edited_stops_no_sweep_and_hides_no_later_one(sweep, at):
    sweep.table.put({**WATCHED, "at": at})
    assert not sweep.lost()
    (item,) = sweep.table.get([WATCHED]).values()
    assert float(item["at"]["N"]) <= time.time()


def test_a_watch_that_never_ends_raises_its_alarm_until_it_does(sweep):
    sweep.table.put({**WATCHED, "at": number(time.time() - 4 * HOUR)})
    assert sweep.lost()
    StandingTable(sweep.table).ended(time.time())
    assert not sweep.lost()
