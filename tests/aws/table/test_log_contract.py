"""The logs of pending changes are the same in memory and in DynamoDB: the same cases run on both."""

import pytest

from invalidator.core.pending.entry import MOST_BYTES, UNKNOWN, Entry, bucket_owner, entries, target_owner
from invalidator.ports import Dealt
from tests.aws.table.remembered import NOW


def entry(*keys: str, written: float = NOW) -> Entry:
    return Entry(dict.fromkeys(keys, (NOW - 2.125, NOW - 1.5)), "site", written)


def write(ports, owner: str, *written: float) -> None:
    """Deal a number for each entry and write it; one written at 0 is only dealt."""
    for at in written:
        dealt = ports.log.deal(owner)
        if at:
            assert ports.log.put(owner, dealt.number, entry("a", written=at))


@pytest.fixture
def owner(ports) -> str:
    return target_owner(ports.name())


def test_numbers_are_dealt_one_after_the_other_to_each_owner(ports, owner):
    other = target_owner(ports.name())
    assert [ports.log.deal(owner).number for _ in range(3)] == [1, 2, 3]
    assert ports.log.deal(other) == Dealt(1)
    assert ports.log.newest(owner) == 3
    assert ports.log.newest(other) == 1
    assert ports.log.newest(target_owner(ports.name())) == 0


@pytest.mark.parametrize(("dealt", "last", "next_one"), [(2, 60, 61), (60, 60, 61), (70, 60, 71), (3, 0, 4)])
def test_a_log_catches_up_with_what_stands_in_it_and_never_goes_back(ports, owner, dealt, last, next_one):
    for _ in range(dealt):
        ports.log.deal(owner)
    for at in (last - 1, last) if last else ():
        assert ports.log.put(owner, at, entry("a"))
    assert ports.log.catch_up(owner) == (dealt < last)
    assert ports.log.deal(owner).number == next_one
    assert ports.log.newest(owner) == next_one


def test_a_log_whose_head_is_gone_catches_up_as_well(ports, owner):
    assert ports.log.put(owner, 5, entry("a"))
    assert ports.log.catch_up(owner)
    assert ports.log.deal(owner).number == 6


def test_a_bucket_that_nobody_knows_is_dealt_no_number(ports):
    owner = bucket_owner(ports.name("bucket"))
    assert ports.log.deal(owner) is None
    assert ports.log.newest(owner) == 0


def test_changes_of_unknown_buckets_are_always_dealt_a_number(ports):
    assert ports.log.deal(UNKNOWN).targets is None


@pytest.mark.parametrize(("count", "named"), [(0, False), (1, True), (10, True), (11, False), (40, False)])
def test_a_known_bucket_names_its_targets_where_they_are_few(ports, count, named):
    bucket = ports.name("bucket")
    targets = [f"E{number:02d}" for number in range(count)]
    ports.routes.know_bucket(bucket, targets)
    assert ports.log.deal(bucket_owner(bucket)) == Dealt(1, tuple(targets) if named else None)
    assert sorted(ports.targets.of_bucket(bucket)) == targets


def test_knowing_a_bucket_again_keeps_its_numbers_and_replaces_its_targets(ports):
    bucket = ports.name("bucket")
    owner = bucket_owner(bucket)
    for targets in [["E1", "E2"], [f"E{number}" for number in range(30)], ["E3"], []]:
        ports.routes.know_bucket(bucket, targets)
        dealt = ports.log.deal(owner)
        assert set(ports.targets.of_bucket(bucket)) == set(targets)
        assert dealt.targets == (tuple(targets) if 0 < len(targets) <= 10 else None)
    assert dealt.number == 4


def test_what_is_written_is_read_in_order_from_any_number_on(ports, owner):
    written = {}
    for number in (1, 2, 3, 4):
        assert ports.log.deal(owner).number == number
    for number in (4, 1, 3):
        written[number] = entry(f"key-{number}")
        assert ports.log.put(owner, number, written[number])
    assert list(ports.log.read(owner, 0)) == [(1, written[1]), (3, written[3]), (4, written[4])]
    assert list(ports.log.read(owner, 3)) == [(4, written[4])]
    assert list(ports.log.read(owner, 4)) == []
    assert list(ports.log.read(target_owner(ports.name()), 0)) == []


def test_a_writer_whose_number_was_closed_needs_another(ports, owner):
    ports.log.deal(owner)
    assert ports.log.close(owner, 1) is None
    assert ports.log.close(owner, 1) is None
    assert not ports.log.put(owner, 1, entry("late"))
    assert list(ports.log.read(owner, 0)) == [(1, None)]
    assert ports.log.deal(owner) == Dealt(2)


def test_a_reader_who_closes_too_late_gets_the_entry(ports, owner):
    ports.log.deal(owner)
    ports.log.put(owner, 1, entry("fast"))
    assert ports.log.close(owner, 1) == entry("fast")
    assert list(ports.log.read(owner, 0)) == [(1, entry("fast"))]


def test_an_entry_written_twice_by_a_repeated_call_is_written(ports, owner):
    ports.log.deal(owner)
    assert ports.log.put(owner, 1, entry("a"))
    assert ports.log.put(owner, 1, entry("a"))


@pytest.mark.parametrize("other", [entry("b"), entry("a", written=NOW + 1), Entry({"a": (1.0, 2.0)}, "site")])
def test_another_entry_under_the_same_number_is_refused(ports, owner, other):
    ports.log.deal(owner)
    ports.log.put(owner, 1, entry("a"))
    assert not ports.log.put(owner, 1, other)
    assert list(ports.log.read(owner, 0)) == [(1, entry("a"))]


@pytest.mark.parametrize(
    "changed",
    [
        {'odd \udc80 \u0001 \n "key': (0.1, 0.1), "ключ/日本": (NOW + 0.001, NOW + 1 / 3), "": (0.0, 0.0)},
        {},
    ],
)
@pytest.mark.parametrize("doubt", ["", "nobody can tell"])
def test_an_entry_is_read_as_it_was_written(ports, owner, changed, doubt):
    """A key may hold what is no Unicode, and times are kept to the last digit."""
    ports.log.deal(owner)
    entry = Entry(changed, "", NOW + 2 / 3, doubt)
    assert ports.log.put(owner, 1, entry)
    assert list(ports.log.read(owner, 0)) == [(1, entry)]


def test_tries_of_a_message_are_counted(ports):
    message = ports.name("message")
    assert [ports.log.count_try(each) for each in (message, message, ports.name("message"), message)] == [
        1,
        2,
        1,
        3,
    ]


def test_a_large_change_is_written_as_several_entries_that_each_fit(ports, owner):
    """The worst keys: long, and of characters that JSON escapes and that hardly compress."""
    changed = {
        "".join(chr(1 + (number * 7919 + place * place * 31 + place) % 31) for place in range(1000)): (
            1.0,
            1.0,
        )
        for number in range(600)
    }
    parts = list(entries(changed, "site", NOW))
    assert len(parts) == -(-sum(len(key) + 12 for key in changed) // MOST_BYTES)
    for part in parts:
        assert ports.log.put(owner, ports.log.deal(owner).number, part)
    read = {}
    for _, part in ports.log.read(owner, 0):
        read |= part.changed
    assert read == changed


def test_the_number_before_a_time_is_found_in_an_empty_log(ports, owner):
    assert ports.log.before(owner, NOW) == 0


def test_the_number_before_a_time_is_the_last_written_before_it(ports, owner):
    write(ports, owner, *(NOW + 1000.0 * number for number in range(1, 21)))
    expected = {0.0: 0, 1000.0: 0, 1001.0: 1, 10_000.0: 9, 20_001.0: 20, 90_000.0: 20}
    assert {at: ports.log.before(owner, NOW + at) for at in expected} == expected


def test_entries_of_clocks_that_are_minutes_apart_are_all_looked_at_again(ports, owner):
    steps = [1000, 2000, 3000, 3250, 2760, 3010, 5000, 6000]
    write(ports, owner, *(NOW + step for step in steps))
    assert ports.log.before(owner, NOW + 3005) == 3
    assert ports.log.before(owner, NOW + 2800) == 2


def test_a_number_that_was_dealt_and_not_written_yet_is_not_passed_over(ports, owner):
    write(ports, owner, 0.0, NOW, NOW + 1000.0, 0.0, NOW + 2000.0)
    assert ports.log.before(owner, NOW + 1500.0) == 3
    assert ports.log.before(owner, NOW) == 0


def test_closed_numbers_are_before_whatever_comes_after_them(ports, owner):
    write(ports, owner, NOW, 0.0, 0.0, NOW + 5000.0)
    ports.log.close(owner, 2)
    ports.log.close(owner, 3)
    assert ports.log.before(owner, NOW + 2000.0) == 3
