"""The cheapest of the published rows are held here; `make bench` holds all."""

import pytest

from infra.simulator import remembered
from infra.simulator.aws.function import SimulatedFunction
from infra.simulator.aws.objects import AT_A_TIME, FEW
from infra.simulator.aws.sqs import SimulatedQueue
from infra.simulator.aws.table import InMemoryTable
from infra.simulator.remembered import MEMORY_MB, Remembered
from infra.simulator.result import Result
from infra.simulator.scenarios import SCENARIOS
from infra.simulator.simulation import START, Site, simulate
from infra.simulator.virtual_time import VirtualTime
from infra.simulator.worker import SimulatedQueues
from infra.template import read_template
from invalidator.aws.objects import AT_A_TIME as OBJECTS_AT_A_TIME
from invalidator.aws.objects import FEW as FEW_OBJECTS
from invalidator.aws.table.dynamodb import MOST_KEYS_IN_A_CALL, MOST_STATEMENTS_IN_A_CALL
from invalidator.aws.table.memory import AT_A_TIME as ROWS_AT_A_TIME


@pytest.mark.parametrize(
    "name",
    [
        "one-file",
        "cold",
        "small-deploy",
        "sync",
        "hot-page",
        "crowded",
        "throttled",
        "re-upload",
        "re-upload-forgotten",
    ],
)
def test_a_row_is_reached(name):
    scenario = SCENARIOS[name]
    result = simulate(scenario.site, scenario.changes.writes(scenario.site))
    assert scenario.missed(result) == [], result.counted()


def test_a_missed_bound_is_told():
    missed = SCENARIOS["bulk"].missed(Result(p95_seconds=14, paths=100, run_cost_usd=0.1, stale_objects=1))
    assert [each.field for each in missed] == ["p95_seconds", "stale_objects"]
    missed = SCENARIOS["busy"].missed(Result(distributions=60, invalidations=1200, fewest_invalidations=10))
    assert [each.field for each in missed] == ["invalidations", "fairness"]


def test_a_first_round_of_ten_thousand_objects_takes_less_than_two_minutes():
    time = VirtualTime(START)
    pages = Site(pages=10_000).standing()
    bucket = Remembered.of(time, "site", pages, started=START)
    queue = SimulatedQueue(time)
    queues = SimulatedQueues(SimulatedFunction(time), queue, queue, bucket.wakes)
    table = InMemoryTable(time.now)
    remembering = bucket.wired(table, queues, Site().gathering)

    def rounds() -> None:
        while not bucket.memory.state("site").complete:
            remembering.run("site", f"run-{time.now()}", time.now() + 30)

    time.start(rounds)
    time.run()
    assert bucket.memory.state("site").objects == 10_000
    assert time.now() - START < 30
    assert bucket.objects.asked == 10_000


def test_the_simulated_memory_has_the_numbers_of_the_template_and_of_its_adapters():
    function = read_template()["Resources"]["RememberFunction"]["Properties"]
    assert function["MemorySize"] == MEMORY_MB
    assert (AT_A_TIME, FEW) == (OBJECTS_AT_A_TIME, FEW_OBJECTS)
    assert remembered.AT_A_TIME == ROWS_AT_A_TIME
    assert remembered.ROWS_A_CALL == MOST_KEYS_IN_A_CALL
    assert remembered.ROWS_WRITTEN_A_CALL == MOST_STATEMENTS_IN_A_CALL
