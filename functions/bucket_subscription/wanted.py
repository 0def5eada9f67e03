"""What a bucket's notification should become: the rules of connecting and disconnecting."""

from bucket_subscription.document import (
    MOST_ENTRIES,
    Document,
    entries,
    own_part,
    with_own_part,
)
from bucket_subscription.errors import RefusedError
from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.overlap import find_overlaps
from bucket_subscription.owner import Owner

INDIRECT = (
    "let S3 send to an SNS topic that both subscribe to (stack parameter TopicArns), or use EventBridge: "
    "invalidator bucket connect NAME --eventbridge, and stack parameter EventBridgeBuckets"
)


def connected(document: Document, owner: Owner, queue_arn: str, keys: KeyFilter) -> Document:
    """Return the document with our entry for these keys.

    Our own entries that the new one covers are replaced by it, so that a bucket can be widened from one prefix
    to all keys. Raises RefusedError where S3 would call the result ambiguous, or where the bucket is full.
    """
    entry = owner.entry(queue_arn, keys)
    (new,) = entries({"QueueConfigurations": [entry]})
    kept = [each for each in own_part(document, owner) if not keys.covers(_keys_of(each))]
    target = with_own_part(document, owner, [*kept, entry])
    overlaps = find_overlaps(new, [each for each in entries(target) if each != new])
    if overlaps:
        first = overlaps[0]
        if first.entry.arn == queue_arn and not owner.owns(first.entry.id):
            raise RefusedError(
                f"entry {first.entry.id!r}, which this stack did not make, already sends to the queue: "
                f"{', '.join(first.events)} for {first.entry.keys}; remove it first, so that all events come once",
            )
        more = f" (and {len(overlaps) - 1} more)" if len(overlaps) > 1 else ""
        if owner.owns(first.entry.id):
            raise RefusedError(
                f"this stack already takes part of these keys: {first}{more}; disconnect that first"
            )
        raise RefusedError(f"overlap: {first}{more}, and S3 gives an event to one entry only; {INDIRECT}")
    if len(entries(target)) > MOST_ENTRIES:
        raise RefusedError(
            f"the bucket already holds {len(entries(document))} notification entries, and S3's limit is "
            f"{MOST_ENTRIES}; remove one, or use EventBridge (stack parameter EventBridgeBuckets)",
        )
    return target


def disconnected(document: Document, owner: Owner, keys: KeyFilter | None) -> Document:
    """Return the document without our entries; without the one for `keys`, where given."""
    if keys is None:
        return with_own_part(document, owner, ())
    gone = owner.entry_id(keys)
    return with_own_part(document, owner, [each for each in own_part(document, owner) if each["Id"] != gone])


def _keys_of(entry: Document) -> KeyFilter:
    (read,) = entries({"QueueConfigurations": [entry]})
    return read.keys
