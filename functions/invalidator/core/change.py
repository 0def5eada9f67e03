"""A change: one object that S3 says was written or removed."""

from dataclasses import dataclass


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
