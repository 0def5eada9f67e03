"""The logs of pending changes, in DynamoDB.

| pk | sk | holds |
| --- | --- | --- |
| `log#OWNER` | `head` | `seq`, the number dealt last; of a bucket also what `routes.py` writes |
| `log#OWNER` | `n#` and the number | an entry: its version, names and times packed, `new`, `heard` packed and `taken_in` where there are any, when it was written; or `closed` |
| `tries#MESSAGE` | `tries` | how often a message was tried that may be what breaks the function |

Entries expire, and nothing deletes them: deletes would heat the partition. DynamoDB removes expired items late
[aws-behaviour.md, Lambda, SAM, DynamoDB]; one that is read still is one that its reader has settled, or it counts.
"""  # noqa: E501  a row of a table

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple
from itertools import chain
from typing import Any

from invalidator.aws.table.dynamodb import DAY, NOT_THERE, DynamoDbTable, Item, key, number, place, text
from invalidator.aws.table.packed_values import UNREADABLE, digest, digest_at, packed, unpacked
from invalidator.core.pending.entry import Entry, Times, bucket_of_owner, bucket_owner
from invalidator.core.pending.heard import Heard
from invalidator.failures import UnreadableEntry, UnreadableHead
from invalidator.ports import CLOCKS_APART_SECONDS, MOST_IN_FLIGHT, Dealt

VERSION = "1"
PENDING_DAYS = 7
# For so long entries can be read again: a day less, so that none expires while it is read.
HISTORY_SECONDS = (PENDING_DAYS - 1) * 86_400.0
# An entry expires so long after it was written, but for what is cut off: else somebody edited either.
EXPIRY_APART_SECONDS = 300.0
# When an entry was written whose time is not believed: whoever asks since when to read reads it as well.
NOBODY_KNOWS = float("inf")
HEAD = "head"
_ENTRIES = "n#"
_SORT_KEY = re.compile(r"n#[0-9]{15}")

_logger = logging.getLogger(__name__)


class LogTable:
    """The port `Log` over DynamoDB.

    Args:
        table: the table.
        now: tells the time, epoch seconds: closed numbers expire as well.
    """

    def __init__(self, table: DynamoDbTable, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now

    def deal(self, owner: str) -> Dealt | None:
        """Deal the next number of an owner's log; None for a bucket that no survey and no pin knows."""
        bucket = bucket_of_owner(owner)
        condition = "" if bucket is None else "#known = :yes"
        values = {":one": number(1)} | ({":yes": {"BOOL": True}} if condition else {})
        head = self._table.update(head_key(owner), "ADD #seq :one", values, condition)
        if head is None:
            return None
        return Dealt(newest_dealt(head), None if bucket is None else _few_targets(bucket, head))

    def put(self, owner: str, number: int, entry: Entry) -> bool:
        """Write an entry under its number; False where something else stands there."""
        item = entry_item(owner, number, entry)
        return self._table.put_if(item, f"{NOT_THERE} OR #digest = :digest", {":digest": item["digest"]})

    def read(self, owner: str, after: int) -> Iterator[tuple[int, Entry | None]]:
        """Yield what stands in a log after a number, in order, page by page; None for a number that was closed."""
        for item in _numbered(self._table.items(_partition(owner), since=_sort_key(after + 1))):
            yield _number_of(item), read_entry(owner, item)

    def close(self, owner: str, number: int) -> Entry | None:
        """Close a number that nothing stands under; return the entry where a writer was faster."""
        tombstone = entry_key(owner, number) | {
            "v": {"N": VERSION},
            "closed": {"BOOL": True},
            "expires": {"N": str(int(self._now()) + PENDING_DAYS * DAY)},
        }
        if self._table.put_if(tombstone, NOT_THERE):
            return None
        standing = self._table.get([entry_key(owner, number)]).get(place(tombstone))
        return None if standing is None else read_entry(owner, standing)

    def count_try(self, message: str) -> int:
        """Count a try of a message (by its id) that came often already; return how many there were."""
        tries = self._table.update(
            key(f"tries#{message}", "tries"),
            "SET #expires = :expires ADD #tries :one",
            {":one": number(1), ":expires": number(int(self._now()) + PENDING_DAYS * DAY)},
        )
        return 0 if tries is None else int(tries["tries"]["N"])

    def before(self, owner: str, written: float) -> int:
        """Return the number up to which all entries were written before a time.

        A search finds one that was surely written before; from there on it looks at each, as clocks are not even.
        """
        newest = self.newest(owner)
        low, high = 0, newest + 1
        while low < high:
            middle = (low + high) // 2
            told = (each for each in self._written(owner, middle, 1) if each[1] not in (None, NOBODY_KNOWS))
            found = next(told, None)
            if found is None or (found[1] or 0.0) >= written - 2 * CLOCKS_APART_SECONDS:
                high = middle
            else:
                low = found[0] + 1
        last = low - 1 if low else None
        end = newest + 1
        for place_in_log, at in self._written(owner, low):
            if at is not None and at >= written:
                end = place_in_log
                break
            last = place_in_log
        return max(0, end - 1 - MOST_IN_FLIGHT) if last is None else last

    def newest(self, owner: str) -> int:
        """Return the number dealt last; 0 for none."""
        return newest_dealt(self._table.get([head_key(owner)]).get((_partition(owner), HEAD), {}))

    def catch_up(self, owner: str) -> bool:
        """Let the next number follow on the last that stands; tell whether earlier ones were dealt."""
        standing = self._table.items(
            _partition(owner), since=_ENTRIES, newest_first=True, most=1, attributes=("pk", "sk")
        )
        last = next(map(_number_of, _numbered(standing)), 0)
        condition = "attribute_not_exists(#seq) OR #seq < :last"
        head = self._table.update(
            head_key(owner), "SET #seq = :last", {":last": number(last)}, condition, returns="ALL_OLD"
        )
        if head is None:
            return False
        _logger.warning(
            "log#%s head: seq is %d, and entry %d stands: it goes on from there",
            owner,
            newest_dealt(head),
            last,
        )
        return True

    def _written(self, owner: str, first: int, most: int | None = None) -> Iterator[tuple[int, float | None]]:
        """Yield the numbers from one on, and when each was written; None for a closed one."""
        attributes = ("pk", "sk", "written", "expires", "closed")
        pages = self._table.pages(_partition(owner), since=_sort_key(first), most=most, attributes=attributes)
        for item in _numbered(chain.from_iterable(pages)):
            yield _number_of(item), _written_at(item)


def _written_at(item: Item) -> float | None:
    """When an entry was written, as it says twice; None for a closed number."""
    if "closed" in item and "written" not in item:
        return None
    try:
        written = float(item["written"]["N"])
        if abs(float(item["expires"]["N"]) - PENDING_DAYS * DAY - written) <= EXPIRY_APART_SECONDS:
            return written
        why = f"written is {written:.0f}, and does not fit expires"
    except UNREADABLE:
        why = "it does not say when it was written"
    _logger.warning("%s: %s; it counts as written lately", " ".join(place(item)), why)
    return NOBODY_KNOWS


def newest_dealt(head: Item) -> int:
    """Return the number dealt last, from a log's head; 0 for none. Raises UnreadableHead where somebody edited it."""
    try:
        newest = int(head["seq"]["N"]) if "seq" in head else 0
    except UNREADABLE:
        newest = -1
    if newest < 0:
        raise UnreadableHead(f"{' '.join(place(head))}: seq is {head['seq']}, and counts entries")
    return newest


def _few_targets(bucket: str, head: Item) -> tuple[str, ...] | None:
    """The targets that a bucket's head names; None where they are many, none, or no list: then the bucket is asked."""
    if "targets" not in head:
        return None
    try:
        targets = tuple(str(each["S"]) for each in head["targets"]["L"])
    except UNREADABLE:
        targets = None
    if targets is None or not is_digest_of(head, bucket, targets):
        _logger.warning(
            "log#%s head: targets are not as they were written; the bucket's list counts",
            bucket_owner(bucket),
        )
        return None
    return targets or None


def digest_of_targets(bucket: str, targets: Iterable[str]) -> str:
    """Return what a list of a bucket's targets is held against: of one that lacks some, those would never be woken."""
    return digest(*(f"{each}\n".encode() for each in (bucket, *sorted(targets))))


def is_digest_of(head: Item, bucket: str, targets: Iterable[str]) -> bool:
    """Whether a bucket's head was written with these targets; one without a digest is believed."""
    return "listed" not in head or bool(head["listed"] == text(digest_of_targets(bucket, targets)))


def head_key(owner: str) -> Item:
    """Return the key of a log's head."""
    return key(_partition(owner), HEAD)


def entry_key(owner: str, place_in_log: int) -> Item:
    """Return the key of an entry."""
    return key(_partition(owner), _sort_key(place_in_log))


def entry_item(owner: str, place_in_log: int, entry: Entry) -> Item:
    """Return the item of an entry; what has not changed twice has 0 as its newest change."""
    firsts = [first for first, _ in entry.changed.values()]
    newests = [0 if newest == first else newest for first, newest in entry.changed.values()]
    content = packed([entry.bucket, list(entry.changed), firsts, newests, entry.doubt])
    # Beside, so that who does not know these reads all else: to them each name is a change.
    more: Item = {"new": packed(sorted(entry.new))} if entry.new else {}
    if entry.heard:
        more["heard"] = packed({name: [astuple(each) for each in told] for name, told in entry.heard.items()})
    if entry.taken_in:
        more["taken_in"] = number(entry.taken_in)
    item = {
        **entry_key(owner, place_in_log),
        "v": {"N": VERSION},
        "packed": content,
        **more,
        "written": number(entry.written),
        "expires": {"N": str(int(entry.written) + PENDING_DAYS * DAY)},
    }
    return item | {"digest": text(_digest(item))}


def read_entry(owner: str, item: Item) -> Entry | None:
    """Read an entry, None for a number that was closed. Raises UnreadableEntry."""
    place_in_log = _number_of(item)
    try:
        version = item["v"]["N"]
        if version != VERSION:
            raise UnreadableEntry(owner, place_in_log, f"version {version} is not known here")
        if "closed" in item and "packed" not in item:
            return None
        if item["digest"]["S"] != _digest(item):
            raise UnreadableEntry(owner, place_in_log, "somebody edited it")
        bucket, names, firsts, newests, doubt = unpacked(item["packed"])
        changed: dict[str, Times] = {
            str(name): (float(first), float(newest or first))
            for name, first, newest in zip(names, firsts, newests, strict=True)
        }
        new = frozenset(map(str, unpacked(item["new"]))) if "new" in item else frozenset()
        heard = _read_heard(unpacked(item["heard"])) if "heard" in item else {}
        taken_in = float(item["taken_in"]["N"]) if "taken_in" in item else 0.0
        return Entry(changed, str(bucket), float(item["written"]["N"]), str(doubt), new, heard, taken_in)
    except UNREADABLE as error:
        raise UnreadableEntry(owner, place_in_log, str(error) or type(error).__name__) from error


def _digest(item: Item) -> str:
    """Tells a writer whose call was repeated for it that it is its own entry that stands there, and a reader likewise.

    Of these attributes alone: what a later version puts beside, this one does not know.
    """
    marks = b"".join(item[each]["B"] for each in ("packed", "new", "heard") if each in item)
    times = [repr(float(item[each]["N"])) for each in ("written", "taken_in") if each in item]
    return digest_at(item, marks, " ".join(times).encode())


def _read_heard(told: Any) -> dict[str, tuple[Heard, ...]]:
    return {
        str(name): tuple(
            Heard(float(at), bool(removed), str(etag), str(sequencer), str(version))
            for at, removed, etag, sequencer, version in events
        )
        for name, events in told.items()
    }


def _partition(owner: str) -> str:
    return f"log#{owner}"


def _sort_key(place_in_log: int) -> str:
    return f"{_ENTRIES}{place_in_log:015d}"


def _numbered(items: Iterable[Item]) -> Iterator[Item]:
    """Pass over what stands under no number: somebody put it there, and a log is read past it."""
    for item in items:
        if _SORT_KEY.fullmatch(item["sk"]["S"]):
            yield item
        else:
            _logger.warning("%s is no entry of a log: it is passed over", " ".join(place(item)))


def _number_of(item: Item) -> int:
    return int(item["sk"]["S"].removeprefix(_ENTRIES))
