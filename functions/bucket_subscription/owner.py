"""Which entries of a bucket's notification are ours, and what ours says."""

import hashlib
from dataclasses import dataclass
from typing import Any

from bucket_subscription.key_filter import KeyFilter

# Deletes by lifecycle are not among ObjectRemoved (aws-behaviour.md, S3 event notifications).
EVENTS = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*")


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose entries are ours. Known by their id alone, so several stacks can share a bucket.

    Attributes:
        stack: the stack's name.
    """

    stack: str

    @property
    def first_id(self) -> str:
        """The id of the entry for all keys; those for some keys add a dot, which no stack's name holds."""
        return f"cloudfront-invalidator-{self.stack}"

    def owns(self, entry_id: str) -> bool:
        """Whether the entry with this id is ours."""
        return entry_id == self.first_id or entry_id.startswith(f"{self.first_id}.")

    def entry_id(self, keys: KeyFilter) -> str:
        """Return the id of our entry for these keys, the same each time."""
        if keys == KeyFilter():
            return self.first_id
        digest = hashlib.sha256(f"{keys.prefix}\0{keys.suffix}".encode()).hexdigest()
        return f"{self.first_id}.{digest[:12]}"

    def entry(self, queue_arn: str, keys: KeyFilter) -> dict[str, Any]:
        """Return our entry for these keys, as S3 takes it."""
        return {"Id": self.entry_id(keys), "QueueArn": queue_arn, "Events": list(EVENTS), **keys.to_s3()}
