"""What the table in memory does besides the ports: entries expire, and what a run costs is counted."""

from infra.simulator.aws.table import InMemoryTable
from invalidator.core.pending.entry import Entry, bucket_owner
from invalidator.ports import MOST_IN_FLIGHT, SURVEYS_APART_SECONDS
from tests.sender.in_memory_surveys import InMemorySurveys

NOW = 1_763_899_200.0


def test_what_expired_is_passed_over_all_but_what_may_be_in_flight():
    table = InMemoryTable()
    for _ in range(MOST_IN_FLIGHT + 7):
        number = table.deal("target:E1").number
        table.put("target:E1", number, Entry({"/a": (NOW, NOW)}, written=NOW + number))
    table.expire("target:E1", number - 1)
    assert [at for at, _ in table.read("target:E1", 0)] == [number]
    assert table.before("target:E1", NOW + number) == 6
    table.expire("target:E1", number)
    assert table.before("target:E1", NOW) == 7


def test_a_large_entry_costs_more_units_than_a_small_one_and_heats_its_partition():
    seconds = [NOW]
    table = InMemoryTable(lambda: seconds[0])
    table.know_bucket("site", ["E1"])
    owner = bucket_owner("site")
    before = table.units.writes
    for keys in (1, 4000):
        number = table.deal(owner).number
        changed = {f"assets/{key:05d}.html": (NOW, NOW) for key in range(keys)}
        seconds[0] += 1
        table.put(owner, number, Entry(changed, "site", NOW))
    assert 30 < table.units.writes - before < 80
    partition, units = table.units.hottest()
    assert partition == f"log#{owner}"
    assert 30 < units < 80
    table.units.reads = 0
    list(table.read(owner, 0))
    assert 10 <= table.units.reads < 20


def test_a_survey_that_is_asked_for_often_runs_once_in_a_while():
    seconds = [NOW]
    ran = []
    surveys = InMemorySurveys(InMemoryTable(), lambda: seconds[0], lambda: ran.append(seconds[0]))
    for _ in range(100):
        surveys.start()
        seconds[0] += 1
    assert ran == [NOW + step * SURVEYS_APART_SECONDS for step in range(4)]
    assert surveys.state().started == ran[-1]
