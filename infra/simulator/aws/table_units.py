"""What a run costs at its table: calls, and DynamoDB's units, by the rules that it counts them.

A write takes a unit for each 1 KB of the item, a strongly consistent read one for each 4 KB, a conditional write that
is refused as much as one that is not [DynamoDB developer guide, read and write operations]. Sizes are estimates: what
packs an item is not run.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

# An item's keys, times and numbers.
SMALL_BYTES = 200
# What a name with its times packs to, measured with paths whose file names are hashes: 0.32 of its length and 12.
PACKED_PART = 0.32
WRITE_BYTES = 1024
READ_BYTES = 4096


def packed_size(names: Iterable[str]) -> int:
    """Estimate the bytes of an item that holds names and the times of their changes."""
    count = length = 0
    for name in names:
        count += 1
        length += len(name)
    return SMALL_BYTES + int(PACKED_PART * (length + 12 * count))


@dataclass(slots=True)
class TableUnits:
    """Counts.

    Attributes:
        now: tells the time, epoch seconds.
        calls: how often the table was asked.
        writes: write units.
        reads: read units.
        written: (partition, second) → write units. A partition takes 1,000 a second.
    """

    now: Callable[[], float]
    calls: int = 0
    writes: int = 0
    reads: int = 0
    written: Counter[tuple[str, int]] = field(default_factory=Counter)

    def write(self, partition: str, size: int = SMALL_BYTES) -> None:
        """Count a call that writes an item of so many bytes."""
        units = max(1, -(-size // WRITE_BYTES))
        self.calls += 1
        self.writes += units
        self.written[partition, int(self.now())] += units

    def read(self, *sizes: int) -> None:
        """Count a call that reads items of so many bytes each."""
        self.calls += 1
        self.reads += sum(max(1, -(-size // READ_BYTES)) for size in sizes)

    def hottest(self) -> tuple[str, int]:
        """Return the partition that took most write units within a second, and how many; ("", 0) before any write."""
        return max(
            ((partition, units) for (partition, _), units in self.written.items()),
            key=lambda each: each[1],
            default=("", 0),
        )
