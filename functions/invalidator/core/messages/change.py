"""A change: one object that S3 says was written or removed."""

from enum import StrEnum
from typing import NamedTuple

# The oldest buckets' names are the longest [S3 user guide, bucket naming rules]; more is none, and fits no table key.
LONGEST_BUCKET_NAME = 255
# S3 user guide, object-keys: 1,024 bytes of UTF-8, so never more characters.
LONGEST_KEY = 1024


class ChangeKind(StrEnum):
    """What happened to the object."""

    CREATED = "created"
    REMOVED = "removed"
    EXPIRED = "expired"


class Change(NamedTuple):
    """One changed object, as read from a notification.

    Not a dataclass as other values are: frozen ones take seven times as long to make, and intake makes thousands.

    Attributes:
        bucket: the bucket's name.
        key: the object's key as a person would type it, decoded.
        at: when S3 finished the request, in seconds since the epoch (S3's clock).
        kind: created, removed by somebody, or expired by a lifecycle rule. What does not say counts as created.
        etag: the new content's ETag without quotes, "" where the event does not tell.
        size: the new content's bytes, None where the event does not tell.
        sequencer: orders the events of one key (as hex, the shorter padded with zeros on the left); "" for none.
        version: the version that was made or removed, "" where the bucket keeps none.
    """

    bucket: str
    key: str
    at: float
    kind: ChangeKind = ChangeKind.CREATED
    etag: str = ""
    size: int | None = None
    sequencer: str = ""
    version: str = ""
