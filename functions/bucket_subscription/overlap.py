"""Two entries of one bucket may not both claim an event of a key: S3 refuses the whole configuration.

S3 says "Configuration is ambiguously defined" and does not say which entry (S3 user guide:
notification-how-to-filtering; aws-behaviour.md, S3 event notifications). So it is found here, before writing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bucket_subscription.document import Entry


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


def find_overlaps(new: Entry, present: Iterable[Entry]) -> tuple[Overlap, ...]:
    """Return what S3 would call ambiguous if `new` were added to `present`."""
    found = []
    for entry in present:
        events = tuple(event for event in entry.events if any(_claims(event, mine) for mine in new.events))
        if events and entry.keys.overlaps(new.keys):
            found.append(Overlap(entry, events))
    return tuple(found)


def _claims(one: str, other: str) -> bool:
    """Whether some event is of both types; `s3:ObjectCreated:*` is every type that starts so."""
    if one.endswith(":*") and other.startswith(one[:-1]):
        return True
    return one == other or (other.endswith(":*") and one.startswith(other[:-1]))
