"""A remembered bucket in virtual time: the real memory, its function, its table, and the bucket that it asks about."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from infra.simulator.aws.function import SimulatedFunction
from infra.simulator.aws.memory import InMemoryMemory
from infra.simulator.aws.objects import SimulatedObjects
from infra.simulator.aws.sqs import SimulatedQueue
from infra.simulator.aws.table import InMemoryTable
from infra.simulator.timed import SDK_PROCESSOR_SECONDS, TABLE_SECONDS, Timed
from infra.simulator.virtual_time import VirtualTime
from invalidator.core.pending.wakes import Gathering
from invalidator.core.remembering.head import Seen
from invalidator.core.remembering.memory_state import MemoryState, begun_anew
from invalidator.core.remembering.row import DAY, Kind, Row
from invalidator.core.sent import Sent
from invalidator.remembering.remembering import Remembering
from invalidator.waking import Waking

# The ETag of what stood there before.
STANDING = "standing"
# The template's; a test compares them.
MEMORY_MB = 1769
# Calls that the table's adapter makes at a time, rows that one reads, and rows that one writes; a test compares.
AT_A_TIME = 16
ROWS_A_CALL = 100
ROWS_WRITTEN_A_CALL = 25
# What a whole processor computes for a row, the slowest of all measurements: to read and judge it, and to write it.
READ_PROCESSOR_SECONDS = 0.00025
WRITE_PROCESSOR_SECONDS = 0.0002


class _TimedMemory:
    """The memory's table."""

    def __init__(self, memory: InMemoryMemory, function: SimulatedFunction) -> None:
        self._memory = memory
        self._function = function

    def state(self, bucket: str) -> MemoryState:
        self._wait(1, SDK_PROCESSOR_SECONDS)
        return self._memory.state(bucket)

    def save(self, bucket: str, state: MemoryState) -> bool:
        self._wait(1, SDK_PROCESSOR_SECONDS)
        return self._memory.save(bucket, state)

    def rows(self, bucket: str, epoch: int, keys: Iterable[str]) -> dict[str, Row]:
        asked = list(keys)
        self._wait(-(-len(asked) // ROWS_A_CALL), READ_PROCESSOR_SECONDS * len(asked))
        return self._memory.rows(bucket, epoch, asked)

    def store(self, bucket: str, epoch: int, rows: Mapping[str, tuple[Row, str]]) -> set[str]:
        self._wait(-(-len(rows) // ROWS_WRITTEN_A_CALL), WRITE_PROCESSOR_SECONDS * len(rows))
        return self._memory.store(bucket, epoch, rows)

    def _wait(self, calls: int, seconds: float) -> None:
        self._function.time.sleep(TABLE_SECONDS * -(-calls // AT_A_TIME))
        self._function.compute(seconds)


@dataclass(slots=True)
class Remembered:
    """A bucket and its memory.

    Attributes:
        bucket: its name.
        objects: what stands in it.
        memory: what is remembered.
        function: the memory's.
        wakes: its queue.
        known: whether the bucket is remembered.
    """

    bucket: str
    objects: SimulatedObjects
    memory: InMemoryMemory
    function: SimulatedFunction
    wakes: SimulatedQueue
    standing: Sequence[str]
    started: float
    known: bool = False

    @classmethod
    def of(cls, time: VirtualTime, bucket: str, standing: Sequence[str], *, started: float) -> "Remembered":
        """Make one whose pages stand since a day before `started` (epoch seconds)."""
        function = SimulatedFunction(time, memory_mb=MEMORY_MB)
        objects = SimulatedObjects(function, dict.fromkeys(standing, (STANDING, started - DAY)))
        return cls(
            bucket, objects, InMemoryMemory(time.now), function, SimulatedQueue(time), standing, started
        )

    def know(self) -> None:
        """Remember the bucket, as a round an hour ago has left it."""
        self.known = True
        at = self.started - 3600.0
        state = replace(begun_anew(MemoryState(), 0, ""), complete=at, objects=len(self.standing))
        self.memory.save(self.bucket, state)
        row = Row(
            Kind.SEEN,
            Seen(int(at), int(self.started - DAY), STANDING, 1024, ""),
            at=at,
            since=at,
            rev="round",
        )
        self.memory.store(self.bucket, state.epoch, dict.fromkeys(self.standing, (row, "")))
        self.memory.units = type(self.memory.units)(self.memory.units.now)

    def wired(self, table: InMemoryTable, queues: Any, gathering: Gathering) -> Remembering:
        """Wire the memory, as its function's entry does for AWS."""
        timed: Any = Timed(table, self.function, TABLE_SECONDS)
        memory: Any = _TimedMemory(self.memory, self.function)
        return Remembering(
            log=timed,
            wakes=timed,
            targets=timed,
            waking=Waking(timed, queues, self.function.time),
            clock=self.function.time,
            gathering=gathering,
            remembered=frozenset({self.bucket}),
            memory=memory,
            objects=self.objects,
        )

    def needlessly_purged(self, sent: Iterable[Sent]) -> int:
        """Count the pages that stood before, did not change, and were purged."""
        same = [key for key in self.standing if self.objects.stored[key][0] == STANDING]
        if not same:
            return 0
        paths = {unquote(path)[1:] for each in sent for path in each.paths}
        purges = _purging(paths)
        return sum(map(purges, same))


def _purging(paths: set[str]) -> Callable[[str], bool]:
    starts = tuple(path[:-1] for path in paths if path.endswith("*"))
    return lambda key: key in paths or (bool(starts) and key.startswith(starts))
