"""S3's side in virtual time: objects are written, and their notifications arrive, late and sometimes twice."""

import heapq
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote_plus

from infra.simulator.virtual_time import VirtualTime

# S3 notifies late, twice, and out of order [aws-behaviour.md, S3 event notifications]. It names no time for the usual
# case ("typically in seconds"); the published figures count with this much.
DELIVERY_SECONDS = (0.2, 1.2)
DUPLICATES = 0.01
DUPLICATE_AFTER_SECONDS = 5.0


class Write(NamedTuple):
    """An object is written: when (epoch seconds), into which bucket, under which key; its ETag, where that matters."""

    at: float
    bucket: str
    key: str
    etag: str = ""


def upload(bucket: str, keys: Sequence[str], rate: float, at: float) -> Iterator[Write]:
    """Yield one write after the other, `rate` a second, from `at` on (epoch seconds)."""
    for number, key in enumerate(keys):
        yield Write(at + number / rate, bucket, key)


def rewritten(bucket: str, key: str, every: float, begin: float, end: float) -> Iterator[Write]:
    """Yield the writes of a page that is written again every so many seconds, from `begin` until `end`."""
    number = 0
    while begin + number * every < end:
        yield Write(begin + number * every, bucket, key)
        number += 1


@dataclass(slots=True)
class Traffic:
    """Writes objects and lets their notifications arrive.

    Attributes:
        time: virtual time.
        writes: what is written, in order of time.
        chance: decides delays and duplicates.
        on_write: called with each write, when it is made.
        on_message: called with each notification's body, when it arrives.
        written: how many are written so far.
        last_write: when the last of them was, epoch seconds.
    """

    time: VirtualTime
    writes: Iterable[Write]
    chance: random.Random
    on_write: Callable[[Write], None]
    on_message: Callable[[str], None]
    written: int = 0
    last_write: float = 0.0
    _coming: Iterator[Write] = field(init=False)
    _next: Write | None = field(init=False, default=None)
    _arriving: list[tuple[float, int, Write]] = field(default_factory=list)
    _timer: float = float("inf")
    _count: int = 0

    def __post_init__(self) -> None:
        self._coming = iter(self.writes)
        self._next = next(self._coming, None)
        self._wait()

    @property
    def done(self) -> bool:
        """Whether everything is written and every notification has arrived."""
        return self._next is None and not self._arriving

    def _go_on(self) -> None:
        """Write what is due, and let arrive what has been under way long enough."""
        now = self.time.now()
        if now < self._timer:
            return
        self._timer = float("inf")
        while self._next is not None and self._next.at <= now:
            write = self._next
            self.written += 1
            self.last_write = write.at
            self.on_write(write)
            self._notify(write, self.chance.uniform(*DELIVERY_SECONDS))
            if self.chance.random() < DUPLICATES:
                self._notify(write, DELIVERY_SECONDS[0] + self.chance.random() * DUPLICATE_AFTER_SECONDS)
            self._next = next(self._coming, None)
        while self._arriving and self._arriving[0][0] <= now:
            write = heapq.heappop(self._arriving)[2]
            self.on_message(notification(write.bucket, write.key, write.at, write.etag))
        self._wait()

    def _wait(self) -> None:
        due = min(
            self._arriving[0][0] if self._arriving else float("inf"),
            self._next.at if self._next is not None else float("inf"),
        )
        if due < self._timer:
            self._timer = due
            self.time.at(due, self._go_on)

    def _notify(self, write: Write, delay: float) -> None:
        self._count += 1
        heapq.heappush(self._arriving, (write.at + delay, self._count, write))


def notification(bucket: str, key: str, at: float, etag: str = "") -> str:
    """Return the body of an S3 notification, with every field that S3 sends.

    With an ETag it is of a bucket without versions, and its sequencer follows from the time.
    """
    told = (
        f'"eTag":"{etag}","sequencer":"{int(at * 1e6):018X}"'
        if etag
        else '"eTag":"d41d8cd98f00b204e9800998ecf8427e",'
        '"versionId":"096fKKXTRTtl3on89fVO.nfljtsv6qko","sequencer":"0055AED6DCD90281E5"'
    )
    time = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    encoded = quote_plus(key, safe="/", errors="surrogateescape")
    return (
        '{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"'
        f'{time}","eventName":"ObjectCreated:Put","userIdentity":{{"principalId":"AWS:AIDAEXAMPLE:deploy"}},'
        '"requestParameters":{"sourceIPAddress":"203.0.113.10"},"responseElements":{"x-amz-request-id":'
        '"C3D13FE58DE4C810","x-amz-id-2":"FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD"},'
        '"s3":{"s3SchemaVersion":"1.0","configurationId":"cloudfront-invalidator","bucket":{"name":"'
        f'{bucket}","ownerIdentity":{{"principalId":"A3NL1KOZZKExample"}},"arn":"arn:aws:s3:::{bucket}"}},'
        f'"object":{{"key":"{encoded}","size":1024,{told}}}}}}}]}}'
    )
