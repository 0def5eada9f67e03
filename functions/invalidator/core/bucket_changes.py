"""What a batch says of each bucket: of the changes of a key, however many messages tell of them, the newest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from invalidator.core.messages.backlog import KeyBacklog
from invalidator.core.messages.change import Change


@dataclass(slots=True)
class BucketChanges:
    """What a batch says of one bucket.

    Attributes:
        keys: decoded key → newest change, epoch seconds.
        messages: ids of the messages that said so.
        attempts: the most that any of them was put back for passing errors.
    """

    keys: dict[str, float] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    attempts: int = 0

    def add(self, key: str, at: float) -> None:
        """Take in one change; of several changes of a key, the newest counts."""
        if at > self.keys.get(key, float("-inf")):
            self.keys[key] = at


def by_bucket(
    changes: Iterable[tuple[str, Sequence[Change]]], backlogs: Iterable[tuple[str, KeyBacklog]]
) -> dict[str, BucketChanges]:
    """Sort changes by bucket.

    Args:
        changes: (message id, changes in it).
        backlogs: (message id, keys put back earlier).
    """
    buckets: dict[str, BucketChanges] = {}
    for message, changed in changes:
        for change in changed:
            bucket = buckets.get(change.bucket)
            if bucket is None:
                bucket = buckets[change.bucket] = BucketChanges()
            bucket.add(change.key, change.at)
            bucket.messages.append(message)
    for message, backlog in backlogs:
        bucket = buckets.setdefault(backlog.bucket, BucketChanges())
        for key, at in backlog.keys.items():
            bucket.add(key, at)
        bucket.messages.append(message)
        bucket.attempts = max(bucket.attempts, backlog.attempts)
    return buckets
