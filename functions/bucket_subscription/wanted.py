"""What a bucket's notification should become: the rules of connecting and disconnecting.

Two entries of one bucket may not both claim an event of a key: S3 says "Configuration is ambiguously defined" and
refuses the whole, without saying which (S3 user guide: notification-how-to-filtering; aws-behaviour.md, S3 event
notifications). So it is found here, before writing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bucket_subscription.document import MOST_ENTRIES, Document, Entry, entries, own_part, with_own_part
from bucket_subscription.errors import RefusedError
from bucket_subscription.key_filter import KeyFilter, read_filter
from bucket_subscription.owner import Owner

INDIRECT = (
    "let S3 send to an SNS topic that both subscribe to (stack parameter TopicArns), or use EventBridge: "
    "invalidator bucket connect NAME --eventbridge, and stack parameter EventBridgeBuckets"
)


@dataclass(frozen=True, slots=True)
class Overlap:
    """An entry that stands in the way.

    Attributes:
        entry: the entry that is there already.
        events: those of its events that the new entry claims too.
    """

    entry: Entry
    events: tuple[str, ...]

    def __str__(self) -> str:
        there = self.entry
        return (
            f"{there.kind} entry {there.id!r} to {there.arn} takes {', '.join(self.events)} for {there.keys}"
        )


def connected_by_hand(document: Document, owner: Owner, queue_arn: str, keys: KeyFilter) -> Document:
    """Return the document with an entry for these keys, a person's unless the stack has one already.

    Our own entries that the new one covers are replaced by it, so that a bucket can be widened from one prefix
    to all keys. Raises RefusedError where S3 would call the result ambiguous, or where the bucket is full.
    """
    own = own_part(document, owner)
    if any(_works(each, owner, queue_arn) and read_filter(each) == keys for each in own):
        return document
    kept = [each for each in own if not keys.covers(read_filter(each))]
    by_hand = owner.entry_id(keys) not in {each["Id"] for each in own}
    return _with(document, owner, kept, [owner.entry(queue_arn, keys, by_hand=by_hand)])


def connected_by_stack(
    document: Document, owner: Owner, queue_arn: str, keys: Sequence[KeyFilter], before: Sequence[KeyFilter]
) -> Document:
    """Return the document as the stack's parameters say: with an entry for each of `keys`.

    What people connected by hand stays, and counts where it takes these keys already.

    Args:
        document: the bucket's configuration.
        owner: whose entries are ours.
        queue_arn: the stack's queue.
        keys: what is to be sent.
        before: what the parameters said before; such entries go.

    Raises:
        RefusedError: S3 would call the result ambiguous, the bucket is full, or what people connected by hand is in
            the way.
    """
    own = own_part(document, owner)
    by_hand = [each for each in own if owner.by_hand(each["Id"])]
    kept = [
        each
        for each in own
        if each not in by_hand
        and read_filter(each) not in before
        and not any(wish.covers(read_filter(each)) for wish in keys)
    ]
    there = [
        *kept,
        *(
            each
            if _works(each, owner, queue_arn)
            else owner.entry(queue_arn, read_filter(each), by_hand=True)
            for each in by_hand
        ),
    ]
    missing = [wish for wish in keys if not any(read_filter(each).covers(wish) for each in there)]
    return _with(document, owner, there, [owner.entry(queue_arn, wish) for wish in missing])


def disconnected(document: Document, owner: Owner, keys: KeyFilter | None) -> Document:
    """Return the document without our entries, whoever made them; only the ones for `keys`, where given."""
    kept = [] if keys is None else [each for each in own_part(document, owner) if read_filter(each) != keys]
    return with_own_part(document, owner, kept)


def disconnected_by_stack(document: Document, owner: Owner, keys: Sequence[KeyFilter]) -> Document:
    """Return the document without the entries that the stack's parameters made for `keys`; a person's stay."""
    gone = {owner.entry_id(each) for each in keys}
    return with_own_part(
        document, owner, [each for each in own_part(document, owner) if each["Id"] not in gone]
    )


def find_overlaps(new: Entry, present: Iterable[Entry]) -> tuple[Overlap, ...]:
    """Return what S3 would call ambiguous if `new` were added to `present`."""
    found = []
    for entry in present:
        events = tuple(event for event in entry.events if any(_claims(event, mine) for mine in new.events))
        if events and entry.keys.overlaps(new.keys):
            found.append(Overlap(entry, events))
    return tuple(found)


def _with(document: Document, owner: Owner, kept: Sequence[Document], added: Sequence[Document]) -> Document:
    """The document with our entries as given; raises RefusedError where S3 would not take the added ones."""
    target = with_own_part(document, owner, [*kept, *added])
    for new in entries({"QueueConfigurations": list(added)}):
        others = [each for each in entries(target) if each != new]
        same_name = next((each for each in others if each.id == new.id), None)
        if same_name is not None:
            raise RefusedError(
                f"entry {new.id!r} is called as this stack's, but sends to {same_name.arn}, which is not its queue: "
                "remove or rename it first"
            )
        overlaps = find_overlaps(new, others)
        if overlaps:
            raise RefusedError(_in_the_way(overlaps, owner, new))
    if added and len(entries(target)) > MOST_ENTRIES:
        raise RefusedError(
            f"the bucket already holds {len(entries(document))} notification entries, and S3's limit is "
            f"{MOST_ENTRIES}; remove one, or use EventBridge (stack parameter EventBridgeBuckets)",
        )
    return target


def _in_the_way(overlaps: Sequence[Overlap], owner: Owner, new: Entry) -> str:
    first = overlaps[0]
    there = first.entry
    more = f" (and {len(overlaps) - 1} more)" if len(overlaps) > 1 else ""
    if owner.owns(there.id, there.arn):
        widen = (
            "; widen that by hand first, without a gap: invalidator bucket connect NAME"
            if owner.by_hand(there.id) and new.keys.covers(there.keys)
            else "; disconnect that first"
        )
        return f"this stack already takes part of these keys: {first}{more}{widen}"
    if there.arn == new.arn:
        return (
            f"entry {there.id!r}, which this stack did not make, already sends to the queue: "
            f"{', '.join(first.events)} for {there.keys}; remove it first, so that all events come once, or leave "
            "the bucket to the tool that made it"
        )
    return f"overlap: {first}{more}, and S3 gives an event to one entry only; {INDIRECT}"


def _works(entry: Document, owner: Owner, queue_arn: str) -> bool:
    return entry["QueueArn"] == queue_arn and set(owner.events) <= set(entry["Events"])


def _claims(one: str, other: str) -> bool:
    """Whether some event is of both types; `s3:ObjectCreated:*` is every type that starts so."""
    if one.endswith(":*") and other.startswith(one[:-1]):
        return True
    return one == other or (other.endswith(":*") and one.startswith(other[:-1]))
