"""A bucket in virtual time: what stands in it, and S3's answers to those who ask for headers and keys."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from infra.simulator.aws.function import SimulatedFunction
from invalidator.core.remembering.head import Absent, Seen
from invalidator.failures import Failure

# As many calls as its adapter makes at a time; a test compares them.
AT_A_TIME = 16
# S3 answers HeadObject and ListObjectsV2 within tens of milliseconds [S3 user guide, optimizing-performance: 100-200 ms
# for a first byte and less for small ones]. What the SDK computes for one was measured on a whole processor.
HEAD_SECONDS = 0.03
PAGE_SECONDS = 0.1
HEAD_PROCESSOR_SECONDS = 0.003
KEYS_A_PAGE = 1000


@dataclass(slots=True)
class SimulatedObjects:
    """The port `Objects`, and the bucket behind it.

    Attributes:
        function: whose processor the calls take.
        stored: key → ETag and LastModified, epoch seconds.
        asked: how many objects' headers were asked for.
    """

    function: SimulatedFunction
    stored: dict[str, tuple[str, float]] = field(default_factory=dict)
    asked: int = 0
    _keys: list[str] = field(default_factory=list)

    def write(self, key: str, etag: str, at: float) -> str:
        """Write an object; return the ETag that stood there before, "" for none."""
        before = self.stored.get(key, ("", 0.0))[0]
        self.stored[key] = etag, at
        return before

    def heads(self, bucket: str, keys: Iterable[str]) -> Iterator[tuple[str, Seen | Absent | Failure]]:  # noqa: ARG002  the port's signature
        """Answer for each key as it stands when its call ends."""
        left = list(keys)
        self.asked += len(left)
        for begin in range(0, len(left), AT_A_TIME):
            part = left[begin : begin + AT_A_TIME]
            self.function.time.sleep(HEAD_SECONDS)
            self.function.compute(HEAD_PROCESSOR_SECONDS * len(part))
            date = int(self.function.time.now())
            for key in part:
                etag, modified = self.stored.get(key, ("", 0.0))
                yield key, Seen(date, int(modified), etag, 1024, "") if etag else Absent(date)

    def page(self, bucket: str, after: str) -> tuple[list[str], bool]:  # noqa: ARG002  the port's signature
        """Answer with a thousand keys after one."""
        self.function.time.sleep(PAGE_SECONDS)
        if not after:
            self._keys = sorted(self.stored, reverse=True)
        while self._keys and self._keys[-1] <= after:
            self._keys.pop()
        return self._keys[: -KEYS_A_PAGE - 1 : -1], len(self._keys) > KEYS_A_PAGE
