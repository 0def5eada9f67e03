"""What is remembered of buckets, in memory: what the DynamoDB adapter does, for the simulator and for tests."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from infra.simulator.aws.table_units import SMALL_BYTES, TableUnits
from invalidator.core.remembering.memory_state import MemoryState
from invalidator.core.remembering.row import Row

# A row's attributes, with a checksum and a version: less than a write unit.
ROW_BYTES = 453


class InMemoryMemory:
    """The port `Memory` as Python values.

    Args:
        now: tells the time, for what is counted by the second.

    Attributes:
        units: what was asked of it.
    """

    def __init__(self, now: Callable[[], float] = lambda: 0.0) -> None:
        self.units = TableUnits(now)
        self._states: dict[str, MemoryState] = {}
        self._rows: dict[tuple[str, str], tuple[int, Row]] = {}

    def state(self, bucket: str) -> MemoryState:
        """Return how far a bucket's memory is."""
        self.units.read(SMALL_BYTES)
        return self._states.get(bucket, MemoryState())

    def save(self, bucket: str, state: MemoryState) -> bool:
        """Write how far it is, in the place of what has the same `rev`; False where another has been written since."""
        self.units.write(bucket)
        if self._states.get(bucket, MemoryState()).rev != state.rev:
            return False
        self._states[bucket] = replace(state, rev=state.rev + 1)
        return True

    def rows(self, bucket: str, epoch: int, keys: Iterable[str]) -> dict[str, Row]:
        """Return what is remembered of keys; what another epoch remembers is left out."""
        found: dict[str, Row] = {}
        for key in keys:
            self.units.read(ROW_BYTES)
            standing = self._rows.get((bucket, key))
            if standing is not None and standing[0] == epoch:
                found[key] = standing[1]
        return found

    def store(self, bucket: str, epoch: int, rows: Mapping[str, tuple[Row, str]]) -> set[str]:
        """Write rows, each in the place of the one with a `rev`; return the keys that stand otherwise."""
        lost: set[str] = set()
        for key, (row, before) in rows.items():
            self.units.write(f"{bucket}#{key}", ROW_BYTES)
            standing = self._rows.get((bucket, key))
            if not _may_replace(standing, epoch, row.rev, before):
                lost.add(key)
                continue
            self._rows[bucket, key] = epoch, row
        return lost


def _may_replace(standing: tuple[int, Row] | None, epoch: int, rev: str, before: str) -> bool:
    if standing is None:
        return not before
    if standing[1].rev == rev:
        return True
    return standing[1].rev == before if before else standing[0] < epoch
