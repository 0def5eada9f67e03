"""S3's side in virtual time: objects are written, and their notifications arrive, late and sometimes twice."""

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote_plus

from infra.simulator.cloudfront import Freshness
from infra.simulator.sqs import SimulatedQueue

# S3 notifies late, twice, and out of order [aws-behaviour.md, S3 event notifications].
NOTIFICATION_DELAY_SECONDS = 1.0
DUPLICATES = 0.01
DUPLICATE_AFTER_SECONDS = 5.0


@dataclass(slots=True)
class Uploading:
    """Writes objects one after the other and lets their notifications arrive.

    Attributes:
        bucket: the bucket's name.
        keys: the objects' keys, in the order of their upload.
        rate: objects a second.
        start: when the first is written, epoch seconds.
        chance: decides delays and duplicates.
        queue: where notifications arrive.
        freshness: the books on which object is stale.
        written: how many are written so far.
    """

    bucket: str
    keys: Sequence[str]
    rate: float
    start: float
    chance: random.Random
    queue: SimulatedQueue
    freshness: Freshness
    written: int = 0
    _arriving: list[tuple[float, int, float]] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Whether everything is written and every notification has arrived."""
        return self.written == len(self.keys) and not self._arriving

    @property
    def last_write(self) -> float:
        """When the last object is written, epoch seconds."""
        return self._write_time(len(self.keys) - 1)

    def advance(self, now: float) -> None:
        """Write what is due by `now`, and let arrive what has been under way long enough."""
        while self.written < len(self.keys) and (at := self._write_time(self.written)) <= now:
            self.freshness.changed(self.keys[self.written], at)
            self._notify(self.written, at, self.chance.random() * NOTIFICATION_DELAY_SECONDS)
            if self.chance.random() < DUPLICATES:
                self._notify(self.written, at, self.chance.random() * DUPLICATE_AFTER_SECONDS)
            self.written += 1
        while self._arriving and self._arriving[0][0] <= now:
            _, index, at = heapq.heappop(self._arriving)
            self.queue.send(notification(self.bucket, self.keys[index], at))

    def _write_time(self, index: int) -> float:
        return self.start + index / self.rate

    def _notify(self, index: int, at: float, delay: float) -> None:
        heapq.heappush(self._arriving, (at + delay, index, at))


def notification(bucket: str, key: str, at: float) -> str:
    """Return the body of an S3 notification, with every field that S3 sends."""
    time = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    encoded = quote_plus(key, safe="/", errors="surrogateescape")
    return (
        '{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"'
        f'{time}","eventName":"ObjectCreated:Put","userIdentity":{{"principalId":"AWS:AIDAEXAMPLE:deploy"}},'
        '"requestParameters":{"sourceIPAddress":"203.0.113.10"},"responseElements":{"x-amz-request-id":'
        '"C3D13FE58DE4C810","x-amz-id-2":"FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD"},'
        '"s3":{"s3SchemaVersion":"1.0","configurationId":"cloudfront-invalidator","bucket":{"name":"'
        f'{bucket}","ownerIdentity":{{"principalId":"A3NL1KOZZKExample"}},"arn":"arn:aws:s3:::{bucket}"}},'
        f'"object":{{"key":"{encoded}","size":1024,"eTag":"d41d8cd98f00b204e9800998ecf8427e",'
        '"versionId":"096fKKXTRTtl3on89fVO.nfljtsv6qko","sequencer":"0055AED6DCD90281E5"}}}]}'
    )


def made_tree(objects: int, directories: int, seed: int) -> list[str]:
    """Return the keys of a made tree, in a random order as parallel uploads have it."""
    width = len(str(objects))
    keys = [f"assets/part-{index % directories:04d}/file-{index:0{width}d}.js" for index in range(objects)]
    random.Random(seed).shuffle(keys)  # noqa: S311  not cryptography
    return keys
