"""Which entries of a bucket's notification are ours, and what ours says."""

import hashlib
from dataclasses import dataclass
from typing import Any

from bucket_subscription.key_filter import KeyFilter

# Deletes by lifecycle are not among ObjectRemoved (aws-behaviour.md, S3 event notifications).
EVENTS = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*")
# A new ACL is no change of the object's bytes: asked for where the stack's parameter AclChanges says so.
ACL_EVENT = "s3:ObjectAcl:Put"
_BY_HAND = "by-hand"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose entries are ours: known by their id and their queue, so several stacks can share a bucket.

    A person's entries (`invalidator bucket connect`) have ids of their own: what the stack's parameters connect and
    disconnect, also when a failed deploy is rolled back, leaves them alone.

    Attributes:
        stack: the stack's name.
        queues: ARNs of the stack's queue; while an update moves it, of both. An entry to another queue is somebody
            else's, whatever it is called.
        events: what our entries ask S3 for.
    """

    stack: str
    queues: tuple[str, ...]
    events: tuple[str, ...] = EVENTS

    @property
    def first_id(self) -> str:
        """The id of the entry for all keys; those for some keys add a dot, which no stack's name holds."""
        return f"cloudfront-invalidator-{self.stack}"

    def names(self, entry_id: str) -> bool:
        """Whether an entry with this id is called as ours are."""
        return entry_id == self.first_id or entry_id.startswith(f"{self.first_id}.")

    def owns(self, entry_id: str, arn: str) -> bool:
        """Whether the entry with this id, to this destination, is ours."""
        return arn in self.queues and self.names(entry_id)

    def by_hand(self, entry_id: str) -> bool:
        """Whether one of our entries is a person's; those of version 0.1.0 are called as the parameters' are."""
        id_by_hand = f"{self.first_id}.{_BY_HAND}"
        return entry_id == id_by_hand or entry_id.startswith(f"{id_by_hand}.")

    def entry_id(self, keys: KeyFilter, *, by_hand: bool = False) -> str:
        """Return the id of our entry for these keys, the same each time."""
        maker = f"{self.first_id}.{_BY_HAND}" if by_hand else self.first_id
        if keys == KeyFilter():
            return maker
        digest = hashlib.sha256(f"{keys.prefix}\0{keys.suffix}".encode()).hexdigest()
        return f"{maker}.{digest[:12]}"

    def entry(self, queue_arn: str, keys: KeyFilter, *, by_hand: bool = False) -> dict[str, Any]:
        """Return our entry for these keys, as S3 takes it."""
        return {
            "Id": self.entry_id(keys, by_hand=by_hand),
            "QueueArn": queue_arn,
            "Events": list(self.events),
            **keys.to_s3(),
        }
