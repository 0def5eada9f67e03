"""What is remembered of buckets, in a DynamoDB table of its own: it exists only where RememberedBuckets names one.

| pk | sk | holds |
| --- | --- | --- |
| `BUCKET` | `state` | how far the bucket's memory is, packed; `rev`, and a digest of it all |
| `BUCKET#` and the digest of a key | `row` | what is remembered of the key, after a digest; `epoch`, `rev` |

Rows stand spread over the table, and each is one write unit. They expire, and a round through the bucket confirms them
before. The table is never to be restored to an earlier time: what it then says would be long untrue.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields, replace
from itertools import islice
from typing import TypeVar

from pydantic import TypeAdapter

from invalidator.aws.table.dynamodb import (
    MOST_KEYS_IN_A_CALL,
    MOST_STATEMENTS_IN_A_CALL,
    NOT_THERE,
    DynamoDbTable,
    Item,
    key,
    number,
    place,
    text,
)
from invalidator.aws.table.packed_values import UNREADABLE, digest, packed, unpacked
from invalidator.core.remembering.head import Seen
from invalidator.core.remembering.memory_state import MemoryState
from invalidator.core.remembering.row import KEEP_SECONDS, Kind, Row
from invalidator.failures import TableUnavailable

AT_A_TIME = 16
_logger = logging.getLogger(__name__)
_T = TypeVar("_T")
_validate = TypeAdapter(MemoryState).validate_python
_SEEN = [each.name for each in fields(Seen)]


class MemoryTable:
    """The port `Memory` over DynamoDB.

    Args:
        table: the table.
        now: tells the time, epoch seconds: rows expire.
    """

    def __init__(self, table: DynamoDbTable, now: Callable[[], float]) -> None:
        self._table = table
        self._now = now
        self._pool = ThreadPoolExecutor(AT_A_TIME)

    def state(self, bucket: str) -> MemoryState:
        """Return how far a bucket's memory is; one that cannot be read, or was edited, has begun anew."""
        asked = state_key(bucket)
        item = self._table.get([asked]).get(place(asked))
        return MemoryState() if item is None else read_state(item, self._now())

    def save(self, bucket: str, state: MemoryState) -> bool:
        """Write how far it is, in the place of what has the same `rev`; False where another has been written since."""
        item = state_item(bucket, replace(state, rev=state.rev + 1))
        condition = "#rev = :rev" if state.rev else f"{NOT_THERE} OR #rev = :rev"
        return self._table.put_if(item, condition, {":rev": number(state.rev)})

    def rows(self, bucket: str, epoch: int, keys: Iterable[str]) -> dict[str, Row]:
        """Return what is remembered of keys; what another epoch remembers, or cannot be read, is left out."""
        places = {place(row_key(bucket, each)): each for each in keys}
        asked = [[key(*each) for each in part] for part in _parts(places, MOST_KEYS_IN_A_CALL)]
        found: dict[str, Row] = {}
        for items in self._pool.map(self._table.get, asked):
            for at, item in items.items():
                row = read_row(item, epoch)
                if row is not None:
                    found[places[at]] = row
        return found

    def store(self, bucket: str, epoch: int, rows: Mapping[str, tuple[Row, str]]) -> set[str]:
        """Write rows, each in the place of the one with a `rev`; return the keys that stand otherwise."""
        expires = number(int(self._now()) + KEEP_SECONDS)
        items = {
            name: row_item(bucket, name, epoch, row) | {"expires": expires} for name, (row, _) in rows.items()
        }
        known = {name: before for name, (_, before) in rows.items() if before}
        left = rows.keys() - self._written(
            known,
            lambda part: self._table.replace_each([(items[each], text(known[each])) for each in part], "rev"),
        )
        left -= self._written(
            rows.keys() - known.keys(),
            lambda part: self._table.insert_each([items[each] for each in part]),
        )

        def write(name: str) -> bool:
            row, before = rows[name]
            mine = {":mine": text(row.rev)}
            if before:
                return self._table.put_if(
                    items[name], "#rev = :before OR #rev = :mine", {**mine, ":before": text(before)}
                )
            condition = f"{NOT_THERE} OR #epoch < :epoch OR #rev = :mine"
            return self._table.put_if(items[name], condition, {**mine, ":epoch": number(epoch)})

        asked = [name for name in rows if name in left]
        return {name for name, stands in zip(asked, self._pool.map(write, asked), strict=True) if not stands}

    def _written(self, names: Iterable[str], write: Callable[[tuple[str, ...]], list[bool]]) -> set[str]:
        """Write rows, many with a call; return the keys of those that surely stand.

        Of the others it is not sure: another run may have been faster, or this one itself, where the SDK tried twice.
        """
        parts = list(_parts(names, MOST_STATEMENTS_IN_A_CALL))
        answers = self._pool.map(write, parts)
        return {
            name
            for part, done in zip(parts, answers, strict=True)
            for name, stands in zip(part, done, strict=True)
            if stands
        }


def state_key(bucket: str) -> Item:
    """Return the key of a bucket's state."""
    return key(bucket, "state")


def state_item(bucket: str, state: MemoryState) -> Item:
    """Return the item of a bucket's state."""
    item = {**state_key(bucket), "state": packed(asdict(state)), "rev": number(state.rev)}
    return item | {"digest": text(_state_digest(item))}


def read_state(item: Item, now: float) -> MemoryState:
    """Read a bucket's state as of `now`. Of one that cannot be read, or was edited, no row of before counts any more.

    Whether such a one was stopped is believed where it can be read: else it is, until somebody starts it again.
    """
    try:
        rev = int(item["rev"]["N"])
    except UNREADABLE as error:
        raise TableUnavailable(f"the memory of {item['pk']['S']} cannot be read: {error}") from error
    stopped = True
    try:
        state = replace(_validate(unpacked(item["state"])), rev=rev)
        stopped = state.stopped
        if item["digest"]["S"] != _state_digest(item):
            raise ValueError("somebody edited it")
    except UNREADABLE as problem:
        why = str(problem) or type(problem).__name__
        _logger.warning("%s cannot be read, and the memory begins anew: %s", " ".join(place(item)), why)
        # No memory has counted so far, and which one the rows are of nobody can tell.
        return MemoryState(epoch=int(now), stopped=stopped, forgotten=why, rev=rev)
    return state


def _state_digest(item: Item) -> str:
    return digest(f"{item['pk']['S']} {item['rev']['N']} ".encode(), item["state"]["B"])


def row_key(bucket: str, name: str) -> Item:
    """Return where a key's row stands; keys may hold what is no Unicode, and a digest tells them apart."""
    return key(f"{bucket}#{digest(name.encode('utf-8', 'surrogatepass'))}", "row")


def row_item(bucket: str, name: str, epoch: int, row: Row) -> Item:
    """Return the item of a row, but for when it expires."""
    at = row_key(bucket, name)
    told = [row.kind, _values(row.seen), row.sequencer, row.at, row.since, row.unchanged]
    content = json.dumps(told, separators=(",", ":"))
    return {
        **at,
        "row": text(f"{_row_digest(at, epoch, content)} {content}"),
        "epoch": number(epoch),
        "rev": text(row.rev),
    }


def read_row(item: Item, epoch: int) -> Row | None:
    """Read a row; None for one of another epoch. Of one that cannot be read, or was edited, nothing is sure."""
    try:
        rev = str(item["rev"]["S"])
    except UNREADABLE as error:
        raise TableUnavailable(f"{' '.join(place(item))} cannot be read: {error}") from error
    try:
        written = int(item["epoch"]["N"])
        told, _, content = item["row"]["S"].partition(" ")
        if told != _row_digest(item, written, content):
            raise ValueError("somebody edited it")
        if written != epoch:
            return None
        kind, seen, sequencer, at, since, unchanged = json.loads(content)
        return Row(
            Kind(kind),
            None if seen is None else Seen(*seen),
            str(sequencer),
            float(at),
            float(since),
            float(unchanged),
            rev,
        )
    except UNREADABLE as problem:
        why = str(problem) or type(problem).__name__
        _logger.warning("%s cannot be read, and nothing of it is believed: %s", " ".join(place(item)), why)
        return Row(Kind.UNKNOWN, rev=rev)


def _row_digest(item: Item, epoch: int, content: str) -> str:
    return digest(f"{item['pk']['S']} {epoch} {content}".encode())


def _values(seen: Seen | None) -> list[object] | None:
    # As `astuple`, which copies each of them and takes as long as all else of a row.
    return None if seen is None else [getattr(seen, name) for name in _SEEN]


def _parts(all_of_them: Iterable[_T], most: int) -> Iterator[tuple[_T, ...]]:
    left = iter(all_of_them)
    while part := tuple(islice(left, most)):
        yield part
