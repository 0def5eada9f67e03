"""Each invalidation that has completed is told of once; those in progress, and those of long ago, are not."""

from dataclasses import dataclass, field

import boto3
import pytest
from moto import mock_aws

from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.told import ToldTable
from invalidator.core.pending.wakes import Wake
from invalidator.core.sent import Sent
from invalidator.failures import Transient
from invalidator.sweep.completions import MOST_ASKED, completions
from tests.memory_tables import make_table

NOW = 1_795_000_000.0


@dataclass
class Memory:
    """Targets, what others were told, and CloudFront, in memory; a clock that stands."""

    sent: list
    finished: set
    told: set = field(default_factory=set)
    asked: list = field(default_factory=list)

    def now(self):
        return NOW

    def sent_since(self, target, since):
        return [each for each in self.sent if each.distribution == target and each.created >= since]

    def since(self, created):
        return self.told

    def completed(self, distribution, invalidation, role):
        self.asked.append(invalidation)
        if invalidation == "IFAIL":
            raise Transient("503")
        return invalidation in self.finished

    def yielded(self, *names):
        wakes = [Wake(f"target:{name}") for name in names or ("E1",)]
        return [
            each.id
            for each in completions([*wakes, Wake("bucket:b"), Wake("unknown")], self, self, self, self)
        ]


def sent(name, before, **more):
    return Sent("E1", name, NOW - before, ("/a",), **more)


def test_what_has_completed_is_yielded_until_it_is_marked():
    memory = Memory([sent("I1", 30), sent("I2", 30), sent("IFAIL", 30)], {"I1"})
    assert memory.yielded() == ["I1"]
    assert memory.yielded() == ["I1"], "it was not marked: its event may have been lost"
    memory.told.add("I1")
    assert memory.yielded() == []
    memory.finished.add("I2")
    assert memory.yielded() == ["I2"]


def test_what_the_sender_has_seen_to_complete_is_told_without_asking():
    memory = Memory([sent("I1", 30, completed=True)], set())
    assert (memory.yielded(), memory.asked) == (["I1"], [])


def test_the_newest_and_the_old_are_not_asked_for_and_a_sweep_asks_so_often():
    memory = Memory([sent("I1", 2), sent("I2", 3600)], {"I1", "I2"})
    assert (memory.yielded(), memory.asked) == ([], [])
    memory = Memory([sent(f"I{number}", 30) for number in range(100)], set())
    memory.yielded()
    assert len(memory.asked) == MOST_ASKED


def test_each_target_of_the_list_is_looked_at_and_no_bucket():
    memory = Memory([sent("I1", 30), Sent("E2", "I2", NOW - 30, ("/",))], {"I1", "I2"})
    assert memory.yielded("E1", "E2") == ["I1", "I2"]


@pytest.fixture
def table(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        make_table(client, "t")
        yield ToldTable(DynamoDbTable(client, "t"))


def test_what_was_told_is_remembered_by_its_time(table):
    assert table.since(0.0) == set()
    table.mark(sent("I1", 30))
    table.mark(sent("I2", 1000))
    table.mark(sent("I1", 30))
    assert table.since(NOW - 900) == {"I1"}
    assert table.since(0.0) == {"I1", "I2"}
