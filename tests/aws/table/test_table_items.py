"""What only the DynamoDB side can meet: items of other versions, edited by hand, in parts, or too large."""

import json
import random
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.simulator.aws.table_units import packed_size
from invalidator.aws.table import packed_values
from invalidator.aws.table.accounts import calls_key, read_account, spending_key
from invalidator.aws.table.dynamodb import key, text
from invalidator.aws.table.logs import entry_item, entry_key, head_key, read_entry
from invalidator.aws.table.packed_values import packed, packed_bytes
from invalidator.aws.table.pins import pin_item, read_pin
from invalidator.aws.table.routes import read_routes, read_survey, routes_item, routes_key
from invalidator.aws.table.sent_items import MOST_PACKED_BYTES, read_sent, sent_items, sent_partition
from invalidator.aws.table.targets import read_state, state_item, state_key
from invalidator.aws.table.wakes import read_wake, wake_key
from invalidator.core.limits.account import Account
from invalidator.core.limits.budget import Spending
from invalidator.core.limits.pace import GAP_SECONDS, LONGEST_GAP_SECONDS
from invalidator.core.limits.slots import ABSURD_SECONDS, MOST_QUEUED, Calls, after_throttling, believed
from invalidator.core.pending.entry import Entry, bucket_owner, target_owner
from invalidator.core.pending.wakes import Wake
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.target import NOT_SEEN, TargetRoutes
from invalidator.core.target_state import TargetState
from invalidator.failures import Failure, TableUnavailable, UnreadableEntry, UnreadablePin, UnreadableRoutes
from invalidator.ports import MOST_IN_FLIGHT, Dealt, SurveyState
from tests.aws.table.remembered import NOW, SITE, STATE, TABLE, routes, sent
from tests.examples import examples

ENTRY = entry_item("target:E1", 7, Entry({"/a": (NOW, NOW), "/b": (NOW, NOW + 1)}, "", NOW))
TOMBSTONE = {**key("log#target:E1", f"n#{7:015d}"), "v": {"N": "1"}, "closed": {"BOOL": True}}
ROUTES = routes_item(routes(), NOT_SEEN)
(SENT,) = sent_items(replace(sent(), answered=(NOW, NOW - 1)))
PIN = pin_item(Pin("site", "E1"))
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
    """The item with some attributes but its key gone, changed in type or in value."""
    names = sorted({*item} - {"pk", "sk"})
    return st.dictionaries(st.sampled_from(names), st.none() | ATTRIBUTES, min_size=1).map(
        lambda changes: {name: value for name, value in (item | changes).items() if value is not None}
    )


def unsigned(item: dict[str, Any]) -> dict[str, Any]:
    """As an earlier version wrote it: nothing to hold its content against."""
    return {name: value for name, value in item.items() if name != "digest"}


def outcome(read: Callable[[], Any]) -> Any:
    """What reading gives, or how it fails."""
    try:
        return read()
    except Failure as failure:
        return failure


some = examples(0.8)
KEYS = st.text(st.characters(codec=None), max_size=12)
TIMES = st.floats(0, 4e9).flatmap(lambda first: st.floats(first, 4e9).map(lambda newest: (first, newest)))


@some
@given(st.dictionaries(KEYS, TIMES, max_size=5), st.sampled_from(["", "site"]), st.sampled_from([0.0, NOW]))
def test_any_entry_is_read_as_it_was_written(changed, bucket, taken_in):
    entry = Entry(changed, bucket, NOW, taken_in=taken_in)
    assert read_entry("target:E1", entry_item("target:E1", 1, entry)) == entry


@some
@given(damaged(ENTRY) | damaged(TOMBSTONE))
def test_a_damaged_entry_is_reported_by_owner_and_number(item):
    """Passed over in silence, its changes would be lost."""
    read = outcome(lambda: read_entry("target:E1", item))
    if isinstance(read, UnreadableEntry):
        read = (read.owner, read.number)
    assert read is None or read == ("target:E1", 7) or isinstance(read, Entry)


def test_an_entry_of_another_version_is_met_where_the_log_is_read_and_what_follows_is_read_after_it(
    stored, client
):
    owner = target_owner(stored.name())
    for number in (1, 2, 3):
        stored.log.deal(owner)
        stored.log.put(owner, number, Entry({"/a": (NOW, NOW)}, "", NOW))
    client.put_item(
        TableName=TABLE, Item={**entry_item(owner, 2, Entry({"/b": (NOW, NOW)}, "", NOW)), "v": {"N": "2"}}
    )
    read = []
    with pytest.raises(UnreadableEntry, match=f"entry 2 in the log of {owner} .*version 2") as raised:
        read.extend(number for number, _ in stored.log.read(owner, 0))
    assert read == [1]
    assert [number for number, _ in stored.log.read(owner, raised.value.number)] == [3]
    with pytest.raises(UnreadableEntry):
        stored.log.close(owner, 2)


def test_what_expired_is_passed_over_all_but_what_may_be_in_flight(stored, client):
    owner = target_owner(stored.name())
    head = {**head_key(owner), "seq": {"N": str(MOST_IN_FLIGHT + 7)}}
    client.put_item(TableName=TABLE, Item=head)
    assert stored.log.before(owner, NOW) == 7
    assert stored.log.put(owner, MOST_IN_FLIGHT + 7, Entry({"/a": (NOW, NOW)}, "", NOW))
    assert stored.log.before(owner, NOW) == 6


@pytest.mark.parametrize("edit", ["packed", "written", "new", "closed"])
def test_an_entry_that_somebody_edited_into_another_is_reported(edit):
    """Taken for closed, for new or for another, its changes would be lost."""
    entry = Entry({"/a": (NOW, NOW)}, "", NOW)
    item = entry_item("target:E1", 7, entry)
    assert read_entry("target:E1", item) == entry
    other = entry_item("target:E1", 7, Entry({"/b": (NOW, NOW)}, "", NOW - 1, new=frozenset({"/b"})))
    closed = {"closed": {"BOOL": True}, "digest": {"S": ""}}
    with pytest.raises(UnreadableEntry, match="entry 7 in the log of target:E1"):
        read_entry("target:E1", item | (closed if edit == "closed" else {edit: other[edit]}))


def test_an_entry_under_another_number_or_in_another_log_is_reported():
    """Copied over another, it would hide the changes that stood there."""
    entry = Entry({"/a": (NOW, NOW)}, "", NOW)
    item = entry_item("target:E1", 7, entry)
    for owner, number in (("target:E1", 8), ("target:E2", 7)):
        with pytest.raises(
            UnreadableEntry, match=f"entry {number} in the log of {owner}.*somebody edited it"
        ):
            read_entry(owner, item | entry_key(owner, number))


@pytest.mark.parametrize("since", [2, 3, 4, 5])
@pytest.mark.parametrize(
    "edit",
    [{"written": {"N": "1000.0"}}, {"written": {"S": "x"}}, {"written": None}, {"expires": {"N": "1"}}],
)
def test_an_entry_that_does_not_say_when_it_was_written_is_passed_over_by_nobody(
    stored, client, edit, since, caplog
):
    """After another routing its changes are to be sent again, if they came since."""
    owner = stored.name("bucket:site")
    for at in range(1, 8):
        item = entry_item(owner, at, Entry({"/a": (NOW, NOW)}, "site", NOW + 1500 * at))
        changed = {name: value for name, value in (item | edit).items() if value is not None}
        client.put_item(TableName=TABLE, Item=changed if at == 4 else item)
    client.put_item(TableName=TABLE, Item={**head_key(owner), "seq": {"N": "7"}})
    assert stored.log.before(owner, NOW + 1500 * since) == min(since - 1, 3)
    if since == 4:
        assert f"log#{owner} n#{4:015d}: " in caplog.text


@pytest.mark.parametrize("sort_key", ["todo", "n#abc", "n#7", "n#0000000000000007", "zz"])
@pytest.mark.parametrize("owner", ["bucket:site", "target:E1", "unknown"])
def test_what_stands_under_no_number_of_a_log_is_passed_over_and_a_line_names_it(
    stored, client, owner, sort_key, caplog
):
    name = owner if owner == "unknown" else stored.name(owner)
    for at in (1, 2):
        assert stored.log.put(name, at, Entry({"/a": (NOW, NOW)}, "", NOW))
    client.put_item(TableName=TABLE, Item=key(f"log#{name}", sort_key))
    assert [number for number, _ in stored.log.read(name, 0)] == [1, 2]
    assert stored.log.before(name, NOW + 1) == 2
    assert f"log#{name} {sort_key} is no entry of a log: it is passed over" in caplog.text
    client.delete_item(TableName=TABLE, Key=key(f"log#{name}", sort_key))


@some
@given(damaged(ROUTES))
def test_routing_that_cannot_be_read_is_not_taken_for_none(item):
    read = outcome(lambda: read_routes(item))
    assert isinstance(read, TableUnavailable) or read[0].target


def test_routing_of_another_version_stops_the_target_until_the_survey_wrote_it_again(stored, client):
    target = stored.name("E")
    client.put_item(TableName=TABLE, Item={**routes_item(routes(target), NOT_SEEN), "v": {"N": "2"}})
    with pytest.raises(UnreadableRoutes, match=f"{target} .*version 2"):
        stored.targets.view(target, NOW)
    assert target not in {each.target for each, _ in stored.routes.all_routes()}
    stored.routes.store_routes(routes(target))
    assert stored.targets.view(target, NOW).routes == routes(target)


@pytest.mark.parametrize("edit", ["routes", "seen", "another's"])
def test_routing_that_somebody_edited_into_another_is_not_followed(edit):
    """It reads well: its target would be sent nothing, or other paths, and a survey would take it for known."""
    item = routes_item(routes(), NOT_SEEN)
    off = replace(routes(), routes=(replace(SITE, enabled=False),))
    other = routes_item(off, replace(NOT_SEEN, told=False, etag="E"))
    edited = item | (routes_key("E2") if edit == "another's" else {edit: other[edit]})
    with pytest.raises(UnreadableRoutes, match=r"the routing of E[12] .*somebody edited it"):
        read_routes(edited)
    assert read_routes(unsigned(item)) == (routes(), NOT_SEEN)


def test_routing_of_a_version_with_other_fields_is_read():
    item = unsigned(routes_item(routes(), NOT_SEEN))
    values = packed_values.unpacked(item["routes"])
    del values["routes"][0]["unknown_policies"]
    values["routes"][0]["colour"] = "blue"
    read, _ = read_routes(item | {"routes": packed_values.packed(values)})
    assert read == replace(routes(), routes=(replace(SITE, unknown_policies=()),))


@some
@given(damaged(state_item("E1", STATE)))
def test_a_damaged_state_counts_as_fresh_or_reads_in_full(item):
    assert read_state(item, NOW) in (TargetState(answered=NOW), STATE)


def test_a_state_of_another_version_settled_nothing(stored, client):
    target = stored.name("E")
    client.put_item(TableName=TABLE, Item={**state_item(target, STATE), "v": {"N": "2"}})
    assert stored.targets.view(target, NOW).state == TargetState(answered=NOW)


def test_a_state_of_another_target_settled_nothing(caplog):
    """Copied from one that has settled all, it would hide what waits."""
    copied = state_item("E1", STATE) | state_key("E2")
    assert read_state(copied, NOW) == TargetState(answered=NOW)
    assert "target#E2 state cannot be read, and counts as new: somebody edited it" in caplog.text


def test_a_state_that_somebody_edited_settled_nothing_though_it_reads_well():
    """Edited to what the log's head holds, it would hide what waits, and nobody could see that."""
    item = state_item("E1", STATE)
    edited = state_item("E1", replace(STATE, settled={"bucket:site": 18}))
    assert read_state(item | {"state": edited["state"]}, NOW) == TargetState(answered=NOW)
    del item["digest"]  # as written before it was
    assert read_state(item, NOW) == STATE


@some
@given(
    st.dictionaries(st.sampled_from(["paths_sent", "day23"]), ATTRIBUTES),
    st.dictionaries(
        st.sampled_from(["gap", "learned", "lesson", "last_call", "dealt", "served", "refused_target"]),
        ATTRIBUTES,
    ),
)
def test_a_damaged_account_stops_no_worker(spending, calls):
    calls = {**calls_key("111122223333"), **calls}
    read, _ = believed(read_account(spending, calls, NOW).calls, NOW)
    assert 0 <= read.gap <= LONGEST_GAP_SECONDS
    assert read.turn(read.dealt + 1, NOW) <= NOW + ABSURD_SECONDS + LONGEST_GAP_SECONDS * (MOST_QUEUED + 1)


def test_damaged_calls_do_not_hide_what_was_spent(stored, client):
    account = stored.name("account")
    stored.accounts.count(account, 3, NOW, 0)
    client.put_item(TableName=TABLE, Item={**calls_key(account), "gap": {"S": "wide"}})
    assert stored.accounts.known(account, NOW) == Account(Spending(3, 3), Calls(unreadable=True))


@pytest.mark.parametrize("name", ["last_call", "dealt", "served", "gap"])
def test_what_throttling_teaches_is_kept_where_the_queue_could_not_be_read(stored, client, name):
    """Else each run would begin without a gap, and be refused, for ever."""
    account = stored.name("account")
    client.put_item(TableName=TABLE, Item={**calls_key(account), name: {"S": "by hand"}})
    for _ in range(2):
        calls = stored.accounts.known(account, NOW).calls
        stored.accounts.learn(account, after_throttling(calls, NOW), calls.learned)
    assert stored.accounts.known(account, NOW).calls == Calls(gap=GAP_SECONDS, learned=NOW)
    assert stored.accounts.draw(account).dealt == 1


WAKE_ATTRIBUTES = ["due", "called", "since", "lease", "rest", "rest_until", "waiting", "reason"]


@some
@given(st.dictionaries(st.sampled_from(WAKE_ATTRIBUTES), ATTRIBUTES))
def test_a_wake_edited_by_hand_is_looked_at_all_the_same(item):
    """Whatever stands there: the sweep sees that somebody asked, or that something waits."""
    read = read_wake("target:E1", item)
    assert (read.due is None and read.since is None) == (not {"due", "since"} & item.keys())


def test_a_wake_edited_by_hand_is_taken_by_the_next_run(stored, client):
    name = stored.name("target:E")
    client.put_item(TableName=TABLE, Item={**wake_key(name), "due": {"S": "soon"}})
    assert stored.wakes.begin(name, NOW, NOW + 45, "run-1") == Wake(name, since=0.0)


def test_a_look_is_asked_for_in_the_place_of_one_at_no_time(stored, client):
    name = stored.name("target:E")
    client.put_item(TableName=TABLE, Item={**wake_key(name), "due": {"S": "soon"}})
    assert stored.wakes.wake(name, NOW, NOW, NOW) == Wake(name, due=NOW, called=NOW, since=NOW)


def test_a_lease_until_no_time_holds_nobody_up(stored, client):
    name = stored.name("target:E")
    client.put_item(TableName=TABLE, Item={**wake_key(name), "lease": {"S": "for ever"}})
    assert stored.wakes.begin(name, NOW, NOW + 45, "run-1") is not None


def test_a_head_edited_by_hand_is_named_and_a_list_of_targets_that_is_none_is_looked_up(stored, client):
    owner = stored.name("bucket:site")
    head = {**head_key(owner), "known": {"BOOL": True}}
    client.put_item(TableName=TABLE, Item={**head, "seq": {"N": "4"}, "targets": {"S": "E1"}})
    assert stored.log.deal(owner) == Dealt(5, None)
    for seq in ({"S": "five"}, {"N": "0.5"}, {"N": "-5"}):
        client.put_item(TableName=TABLE, Item={**head, "seq": seq})
        with pytest.raises(TableUnavailable, match=owner):
            stored.log.deal(owner)
        with pytest.raises(TableUnavailable):
            stored.log.newest(owner)


@pytest.mark.parametrize("count", [3, 30])
@pytest.mark.parametrize(
    "edit", ["a row is gone", "all rows are gone", "another row", "none", "another", "some"]
)
def test_a_list_of_targets_edited_by_hand_leaves_none_out(stored, client, table, count, edit, caplog):
    bucket = stored.name("site")
    origin = Origin("s3", "site.s3.amazonaws.com", bucket)
    targets = sorted(stored.name("E") for _ in range(count))
    for each in targets:
        site = Distribution(each, (origin,), (Behavior("*", ("s3",)),))
        stored.routes.store_routes(TargetRoutes(each, (site,), "1", NOW))
    stored.routes.know_bucket(bucket, targets)
    head = head_key(bucket_owner(bucket))
    named = {"none": [], "another": ["EOTHER"], "some": targets[:2]}.get(edit)
    if named is not None:
        table.update(
            head, "SET #targets = :named REMOVE #many", {":named": {"L": [text(each) for each in named]}}
        )
        assert stored.log.deal(bucket_owner(bucket)).targets is None
        assert f"log#bucket:{bucket} head: targets are not as they were written" in caplog.text
        assert stored.targets.of_bucket(bucket) == targets
        return
    for each in targets[: None if edit == "all rows are gone" else 1]:
        table.delete(key(f"bucket#{bucket}", f"target#{each}"))
    if edit == "another row":
        table.put(key(f"bucket#{bucket}", "target#EOTHER"))
    assert {*targets} <= {*stored.targets.of_bucket(bucket)}
    assert f"the list of the targets of {bucket}" in caplog.text


def test_a_head_without_a_digest_is_believed_as_it_stands(stored, table, caplog):
    """An earlier write had none."""
    bucket = stored.name("site")
    stored.routes.know_bucket(bucket, ["E1", "E2"])
    table.update(head_key(bucket_owner(bucket)), "REMOVE #listed", {})
    assert stored.log.deal(bucket_owner(bucket)).targets == ("E1", "E2")
    assert sorted(stored.targets.of_bucket(bucket)) == ["E1", "E2"]
    assert not caplog.text


def test_a_bucket_that_is_told_of_again_tells_whether_its_head_said_so_already(ports):
    bucket = ports.name("site")
    many = [f"E{number}" for number in range(30)]
    for targets in (["E1"], many, []):
        assert [ports.routes.know_bucket(bucket, targets) for _ in range(2)] == [False, True]


@some
@given(st.dictionaries(st.sampled_from(["started", "completed", "covers", "unserved"]), ATTRIBUTES))
def test_a_damaged_survey_state_counts_as_never_or_reads_in_full(item):
    assert isinstance(read_survey(item), SurveyState)


@some
@given(damaged(PIN))
def test_a_damaged_pin_is_reported(item):
    """Left out, what it says would be invalidated no more, and nobody would know."""
    read = outcome(lambda: read_pin(item))
    assert isinstance(read, Pin) or PIN["sk"]["S"] in str(read)


def test_pins_are_kept_replaced_and_removed_and_one_of_another_version_is_reported(pin_table, stored, client):
    pin = Pin("site", "E9", "/docs", "web/", "arn:aws:iam::222233334444:role/cdn")
    pin_table.pin(pin)
    pin_table.pin(replace(pin, role=None))
    pin_table.pin(Pin("site", "E8"))
    assert set(stored.routes.pins()) == {replace(pin, role=None), Pin("site", "E8")}
    pin_table.unpin(pin)
    assert pin_table.pins() == [Pin("site", "E8")]
    client.put_item(TableName=TABLE, Item={**PIN, "pin": {"S": '{"bucket": "site", "since": "v2"}'}})
    with pytest.raises(UnreadablePin, match="since"):
        stored.routes.pins()
    pin_table.unpin(Pin("site", "E1"))
    pin_table.unpin(Pin("site", "E8"))
    assert pin_table.pins() == []


# Sent invalidations


@some
@given(damaged(SENT).map(lambda item: item | {"digest": SENT["digest"]}))
def test_one_that_somebody_edited_is_read_as_it_was_written_or_not_at_all(item):
    read = read_sent("E1", item)
    assert read is None or replace(read, completed=False) == replace(sent(), answered=(NOW, NOW - 1))


@pytest.mark.parametrize(
    "edit",
    [
        {"sk": text(f"{round((NOW + 60) * 1000):015d}#I1")},
        {"paths": packed_bytes(b"/a\n/*")},
        {"answered": packed([NOW, NOW + 60])},
    ],
    ids=["created", "paths", "answered"],
)
def test_one_that_somebody_edited_well_covers_nothing_and_a_line_names_it(edit, stored, client, caplog):
    target = stored.name("E")
    (item,) = sent_items(replace(sent(distribution=target), answered=(NOW, NOW - 1)))
    edited = item | edit
    client.put_item(TableName=TABLE, Item=edited)
    assert stored.targets.sent_since(target, 0.0) == []
    assert (
        f"sent#{target} {edited['sk']['S']} cannot be read, and covers nothing: somebody edited it"
        in caplog.text
    )


def test_one_that_another_target_was_sent_covers_nothing(stored, client, caplog):
    mine, other = stored.name("E"), stored.name("E")
    (item,) = sent_items(replace(sent(distribution=other), answered=(NOW, NOW - 1)))
    client.put_item(TableName=TABLE, Item=item | {"pk": text(sent_partition(mine))})
    assert stored.targets.sent_since(mine, 0.0) == []
    assert f"sent#{mine} {item['sk']['S']} cannot be read, and covers nothing" in caplog.text


@some
@given(damaged(unsigned(SENT)))
def test_a_damaged_invalidation_counts_as_absent_or_reads_in_full(item):
    read = read_sent("E1", item)
    assert read is None or (read.paths and len(read.answered) in {0, len(read.paths)})


@pytest.mark.parametrize("cut", [1, 3, 10])
def test_paths_that_were_cut_off_are_not_read_as_others(cut):
    item = unsigned(*sent_items(sent("I1", NOW, *(f"/long/path/{number}" for number in range(50)))))
    item["paths"] = {"B": item["paths"]["B"][:-cut]}
    assert read_sent("E1", item) is None


def test_what_unpacks_to_more_than_any_item_of_ours_is_not_read(monkeypatch):
    monkeypatch.setattr(packed_values, "MOST_BYTES", 1000)
    item = unsigned(*sent_items(sent("I1", NOW, "/" + "x" * 2000)))
    assert read_sent("E1", item) is None


def version_0_1_0(item: dict[str, Any]) -> tuple[str, int, tuple[str, ...], str, bool]:
    """Read an item as version 0.1.0 did."""
    milliseconds, _, invalidation = item["sk"]["S"].partition("#")
    paths = tuple(zlib.decompress(item["paths"]["B"]).decode().split("\n"))
    return invalidation, int(milliseconds), paths, item["work"]["S"], item["completed"]["BOOL"]


def test_version_0_1_0_reads_what_was_sent_after_a_roll_back():
    assert version_0_1_0(SENT) == ("I1", round(NOW * 1000), ("/a", "/b/*"), "", False)


def test_what_version_0_1_0_sent_is_read_without_the_changes_it_answered(stored, client):
    target = stored.name("E")
    item = {
        **key(sent_partition(target), f"{round(NOW * 1000):015d}#I0"),
        "paths": {"B": zlib.compress(b"/a\n/b/*")},
        "path_count": {"N": "2"},
        "wildcard_count": {"N": "1"},
        "work": {"S": "0f" * 8},
        "completed": {"BOOL": True},
        "expires": {"N": "1999999999"},
    }
    client.put_item(TableName=TABLE, Item=item)
    assert stored.targets.sent_since(target, NOW) == [
        replace(sent("I0", NOW, "/a", "/b/*", distribution=target), completed=True)
    ]


def large(target: str, identifier: str = "I5") -> Any:
    """An invalidation whose paths and times hardly compress."""
    chance = random.Random(7)
    paths = tuple(f"/{chance.getrandbits(1600):x}" for _ in range(3000))
    return replace(
        sent(identifier, NOW, *paths, distribution=target),
        answered=tuple(NOW - chance.random() for _ in paths),
    )


def test_a_large_invalidation_is_written_in_parts_and_read_as_one(stored, client):
    target = stored.name("E")
    whole = large(target)
    items = sent_items(whole)
    assert len(items) > 1
    assert all(
        len(each["paths"]["B"]) + len(each["answered"]["B"]) <= MOST_PACKED_BYTES and version_0_1_0(each)
        for each in items
    )
    older, newer = (
        sent(identifier, at, distribution=target) for identifier, at in (("I4", NOW - 1), ("I6", NOW))
    )
    for each in (newer, whole, older):
        stored.targets.record(each)
    assert stored.targets.sent_since(target, NOW - 1) == [newer, whole, older]
    stored.targets.mark_completed(whole)
    assert stored.targets.sent_since(target, NOW)[1] == replace(whole, completed=True)
    assert stored.targets.last_sent(target) == newer


def test_a_part_that_is_missing_costs_its_paths_alone():
    whole = large("E1")
    first, second, *others = sent_items(whole)
    read = [read_sent("E1", each) for each in (first, *others)]
    assert {path for each in read for path in each.paths} == set(whole.paths) - set(
        read_sent("E1", second).paths
    )


def test_every_item_that_may_be_forgotten_expires(stored, client):
    owner, target = target_owner(stored.name()), stored.name("E")
    stored.log.deal(owner)
    stored.log.put(owner, 1, Entry({"/a": (NOW, NOW)}, "", NOW))
    stored.log.deal(owner)
    stored.log.close(owner, 2)
    stored.targets.record(sent(distribution=target))
    stored.accounts.count(target, 1, NOW, 0)
    keys = [
        key(f"log#{owner}", f"n#{1:015d}"),
        key(f"log#{owner}", f"n#{2:015d}"),
        key(sent_partition(target), f"{round(NOW * 1000):015d}#I1"),
        spending_key(target, NOW),
    ]
    days = [
        (int(client.get_item(TableName=TABLE, Key=each)["Item"]["expires"]["N"]) - NOW) / 86_400
        for each in keys
    ]
    assert days == [7, 7, 15, 400]


@pytest.mark.parametrize("keys", [1, 10, 4000])
def test_the_table_in_memory_counts_units_of_about_the_size_of_the_items(keys):
    changed = {f"assets/dir-{at // 50}/{at * 2654435761:x}.js": (NOW + at, NOW + at) for at in range(keys)}
    item = entry_item("bucket:site", 1, Entry(changed, "site", NOW))
    size = sum(len(name) + len(str(*value.values())) for name, value in item.items() if name != "packed")
    size += len(item["packed"]["B"])
    assert 0.5 < packed_size(changed) / size < 2
