"""A bucket in virtual time: what stands in it, and S3's answers to those who ask for headers and keys."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from infra.simulator.aws.function import SimulatedFunction
from invalidator.core.remembering.head import Absent, Seen
from invalidator.failures import Failure

# As many calls as its adapter makes at a time, and how few are the SDK's own; a test compares them.
AT_A_TIME = 64
FEW = 32
# S3 answers HeadObject and ListObjectsV2 within tens of milliseconds [S3 user guide, optimizing-performance: 100-200 ms
# for a first byte and less for small ones]. What a whole processor computes for one was measured over TLS, the
# slowest of all measurements: the SDK's own call, and a request that is sent beside it (aws/signed_heads.py).
HEAD_SECONDS = 0.03
PAGE_SECONDS = 0.1
SDK_HEAD_PROCESSOR_SECONDS = 0.0039
HEAD_PROCESSOR_SECONDS = 0.0006
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
        each = HEAD_PROCESSOR_SECONDS
        if len(left) <= FEW:
            each = SDK_HEAD_PROCESSOR_SECONDS
        else:
            # The first is asked for alone, to learn how.
            self.function.time.sleep(HEAD_SECONDS)
            self.function.compute(SDK_HEAD_PROCESSOR_SECONDS)
        self.function.time.sleep(HEAD_SECONDS)
        for begin in range(0, len(left), AT_A_TIME):
            part = left[begin : begin + AT_A_TIME]
            # While some are answered, others are computed: whichever takes longer.
            self.function.compute(each * len(part), at_least=HEAD_SECONDS if begin else 0.0)
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
