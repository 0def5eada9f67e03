"""What is remembered of one key of a bucket."""

from dataclasses import dataclass
from enum import StrEnum

from invalidator.core.remembering.head import Seen

DAY = 86_400
# A row is kept for so long after it was last confirmed: of a bucket that nobody remembers any more, all expire.
KEEP_SECONDS = 90 * DAY
# A round through the bucket confirms them all. It counts as complete for so long, which ends before any row expires.
COMPLETE_SECONDS = 75 * DAY
# So soon the next one begins.
ROUND_SECONDS = 60 * DAY


class Kind(StrEnum):
    """What is known of a key."""

    SEEN = "seen"
    """The object as it stood; whatever it needed is accepted, or pending, or was nothing."""
    ABSENT = "absent"
    """There was no such object; likewise."""
    UNKNOWN = "unknown"
    """The bucket held it, or may have; nothing else is sure."""
    OWED = "owed"
    """What it needed was given up, or dropped: its next change needs an invalidation, whatever a round finds."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is remembered of one key.

    Attributes:
        kind: what is known.
        seen: the object, where that is `SEEN`.
        sequencer: of the newest event that was judged, "" where none was or it had none.
        at: when that event was, epoch seconds by S3's clock; of a row that a round wrote, when S3 answered.
        since: since when the object is known to be as it is, epoch seconds by S3's clock; 0 where it is not.
        unchanged: when it was last written again as it was, epoch seconds; 0 for never.
        rev: one of a kind for each writing of the row; "" for what is not written yet.
    """

    kind: Kind
    seen: Seen | None = None
    sequencer: str = ""
    at: float = 0.0
    since: float = 0.0
    unchanged: float = 0.0
    rev: str = ""
