"""Does a memory still know all that came to its bucket? It reads what others wrote into the bucket's log.

While a parameter changes, or after a dead letter was redriven, changes come there that no memory has judged; a watch
that found the bucket disconnected writes a doubt; a restore of the table takes numbers back. What a memory that did not
notice said of such a key would be untrue.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from invalidator.core.pending.entry import bucket_owner
from invalidator.core.remembering.memory_state import MemoryState, begun_anew
from invalidator.core.remembering.row import Kind, Row
from invalidator.logs import read_on
from invalidator.ports import Log, Memory

# From so many keys on that others wrote, a new round costs no more than looking up each of them.
MOST_FOREIGN = 2000


@dataclass(frozen=True, slots=True)
class Caught:
    """A memory that has caught up with its bucket's log; `saved` is False where another run is at it."""

    state: MemoryState
    saved: bool = True


def catch_up(memory: Memory, log: Log, bucket: str, state: MemoryState, rev: str) -> Caught:
    """Let a memory forget the keys that others wrote into its bucket's log; return how it stands then.

    To be called after the changes to be judged were read: what others wrote before those is seen then.
    Raises TableUnavailable.
    """
    newest = log.newest(bucket_owner(bucket))
    if not state.epoch:
        return _saved(memory, bucket, begun_anew(state, newest, ""))
    if newest == state.through:
        return Caught(state)
    read = _by_others(log, bucket, state.through, newest)
    kept = not read.doubt and forget_keys(memory, bucket, state, read.keys, Kind.UNKNOWN, rev=rev)
    if kept:
        return _saved(memory, bucket, replace(state, through=read.through))
    why = read.doubt or "its rows changed while it was caught up"
    return _saved(memory, bucket, begun_anew(state, newest, why))


@dataclass(slots=True)
class _Read:
    """What others wrote: the keys, up to which number; or why nobody can tell."""

    through: int
    keys: set[str] = field(default_factory=set)
    doubt: str = ""


def _by_others(log: Log, bucket: str, through: int, newest: int) -> _Read:
    read = _Read(through)
    if newest < through:
        read.doubt = "the table with the bucket's log was restored to an earlier time"
        return read
    for number, entry in read_on(log, bucket_owner(bucket), through):
        if number != read.through + 1:
            read.doubt = "entries of the bucket's log have expired"
        read.through = number
        read.keys.update(entry.changed if entry is not None else ())
        if entry is not None and entry.doubt:
            read.doubt = entry.doubt
        if len(read.keys) > MOST_FOREIGN:
            read.doubt = f"more than {MOST_FOREIGN} keys came that were not judged"
        if read.doubt:
            break
    return read


def forget_keys(
    memory: Memory, bucket: str, state: MemoryState, keys: Iterable[str], kind: Kind, *, rev: str
) -> bool:
    """Remember of keys only that the bucket held them (`UNKNOWN`, or `OWED`); False where a row changed meanwhile.

    Raises TableUnavailable.
    """
    names = sorted(set(keys))
    if not names:
        return True
    known = memory.rows(bucket, state.epoch, names)
    rows = {name: _unsure(known.get(name), kind, rev) for name in names}
    lost = memory.store(bucket, state.epoch, rows)
    return not lost


def _unsure(row: Row | None, kind: Kind, rev: str) -> tuple[Row, str]:
    if row is None:
        return Row(kind, rev=rev), ""
    if row.kind is Kind.OWED:
        kind = Kind.OWED
    return replace(row, kind=kind, seen=None, since=0.0, unchanged=0.0, rev=rev), row.rev


def _saved(memory: Memory, bucket: str, state: MemoryState) -> Caught:
    saved = memory.save(bucket, state)
    return Caught(replace(state, rev=state.rev + 1), saved)
