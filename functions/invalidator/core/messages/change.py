"""A change: one object that S3 says was written or removed."""

from dataclasses import dataclass

# The oldest buckets' names are the longest [S3 user guide, bucket naming rules]; more is none, and fits no table key.
LONGEST_BUCKET_NAME = 255
# S3 user guide, object-keys: 1,024 bytes of UTF-8, so never more characters.
LONGEST_KEY = 1024


@dataclass(frozen=True, slots=True)
class Change:
    """One changed object, as read from a notification.

    Attributes:
        bucket: the bucket's name.
        key: the object's key as a person would type it, decoded.
        at: when S3 finished the request, in seconds since the epoch (S3's clock).
    """

    bucket: str
    key: str
    at: float
