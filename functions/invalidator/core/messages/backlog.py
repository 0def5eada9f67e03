"""The compact message: work that could not be done yet, put back on the queue as one message.

Two forms, told apart by what they name. Paths of a distribution, planned already, with the time of the
newest change each stands for:

    {"invalidator": 1, "distribution": "E1", "buckets": ["b"], "paths": {"/a": 1763899200.5},
     "attempts": 0, "reason": ""}

and keys of a bucket whose distributions could not be found out, form-encoded as in S3's own notifications:

    {"invalidator": 1, "bucket": "b", "keys": {"a": 1763899200.5}, "attempts": 0, "reason": ""}

Bodies are plain ASCII JSON, so that an operator can read them, and no key can break out of a log line.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote_plus

VERSION = 1
# SQS takes 1 MiB for body and attributes together [aws-behaviour.md, SQS and Lambda]; attributes need a part.
MAX_BODY_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class PathBacklog:
    """Viewer paths that one distribution still has to be sent.

    Attributes:
        distribution: the distribution's id.
        buckets: the buckets whose changes these are; their routes are looked up again.
        paths: viewer path (a wildcard ends in `*`) → newest change it stands for, epoch seconds.
        attempts: how often passing errors (not back-pressure) put this back already.
        reason: why it was put back the last time, for people.
    """

    distribution: str
    buckets: tuple[str, ...]
    paths: Mapping[str, float]
    attempts: int = 0
    reason: str = ""

    @property
    def size(self) -> int:
        """How many paths there are."""
        return len(self.paths)


@dataclass(frozen=True, slots=True)
class KeyBacklog:
    """Changed keys of a bucket whose distributions could not be found out yet.

    Attributes:
        bucket: the bucket's name.
        keys: decoded key → newest change, epoch seconds.
        attempts: how often passing errors put this back already.
        reason: why it was put back the last time, for people.
    """

    bucket: str
    keys: Mapping[str, float] = field(default_factory=dict)
    attempts: int = 0
    reason: str = ""

    @property
    def size(self) -> int:
        """How many keys there are."""
        return len(self.keys)


def bodies(backlog: PathBacklog | KeyBacklog, limit: int = MAX_BODY_BYTES) -> Iterator[str]:
    """Yield the message bodies that carry a backlog: one, or as many as keep each under `limit` bytes."""
    head: dict[str, object]
    if isinstance(backlog, PathBacklog):
        items = backlog.paths
        head = {
            "invalidator": VERSION,
            "distribution": backlog.distribution,
            "buckets": backlog.buckets,
            "paths": items,
        }
    else:
        items = backlog.keys
        encoded = {quote_plus(key, safe="/", errors="surrogateescape"): at for key, at in items.items()}
        head = {"invalidator": VERSION, "bucket": backlog.bucket, "keys": encoded}
    body = json.dumps({**head, "attempts": backlog.attempts, "reason": backlog.reason}, separators=(",", ":"))
    if len(body) <= limit or len(items) <= 1:
        yield body
        return
    for part in _halves(items):
        yield from bodies(
            replace(backlog, paths=part) if isinstance(backlog, PathBacklog) else replace(backlog, keys=part),
            limit,
        )


def _halves(items: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    listed = list(items.items())
    middle = len(listed) // 2
    return dict(listed[:middle]), dict(listed[middle:])
