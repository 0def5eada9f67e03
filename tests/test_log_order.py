"""The order of a log: whatever writers and readers do, each written entry is read once, and none is passed over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.simulator.aws.table import InMemoryTable
from invalidator.core.pending.entry import Entry
from invalidator.failures import TableUnavailable
from invalidator.logs import MOST_NUMBERS, append, read_on

OWNER = "target:E1"


def writer(table, entry, written):
    """A writer that can be stopped between its two calls, for good or for a while."""
    while True:
        dealt = table.deal(OWNER)
        yield
        if table.put(OWNER, dealt.number, entry):
            written.append(entry)
            return


@given(st.lists(st.one_of(st.just("new"), st.just("read"), st.integers(0, 5)), max_size=60))
def test_what_was_written_is_read_once_and_in_spite_of_every_gap(steps):
    table, written, seen, writers, settled = InMemoryTable(), [], [], [], 0
    for step in steps:
        if step == "new":
            writers.append(writer(table, Entry({f"k{len(writers)}": (1.0, 1.0)}), written))
            next(writers[-1])
        elif step == "read":
            for number, entry in read_on(table, OWNER, settled):
                assert number == settled + 1
                settled = number
                if entry is not None:
                    seen.append(entry)
        elif writers:
            next(writers[step % len(writers)], None)
    for number, entry in read_on(table, OWNER, settled):
        settled = number
        if entry is not None:
            seen.append(entry)
    assert sorted(seen, key=repr) == sorted(written, key=repr)


def test_a_writer_that_finds_its_number_closed_is_dealt_another():
    table = InMemoryTable()
    assert table.deal(OWNER).number == 1
    second = append(table, OWNER, Entry({"a": (1.0, 1.0)}))
    assert second.number == 2
    assert [(number, entry is None) for number, entry in read_on(table, OWNER, 0)] == [(1, True), (2, False)]
    assert not table.put(OWNER, 1, Entry({"b": (1.0, 1.0)}))


class Closing(InMemoryTable):
    """A reader passes between a writer's two calls, a few times."""

    def __init__(self, times):
        super().__init__()
        self.times = times

    def deal(self, owner):
        dealt = super().deal(owner)
        if self.times:
            self.times -= 1
            self.close(owner, dealt.number)
        return dealt


def test_an_entry_whose_number_was_closed_under_it_stands_under_another():
    table, entry = Closing(times=3), Entry({"a": (1.0, 1.0)})
    assert append(table, OWNER, entry).number == 4
    assert [each for _, each in read_on(table, OWNER, 0) if each is not None] == [entry]


def test_a_writer_whom_readers_overtake_time_and_again_fails_and_says_so():
    with pytest.raises(TableUnavailable, match=f"{OWNER}.*{MOST_NUMBERS}"):
        append(Closing(times=MOST_NUMBERS), OWNER, Entry({"a": (1.0, 1.0)}))
