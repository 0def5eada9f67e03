"""What S3 answers when it is asked for an object's headers: all that a viewer gets of it, but for the bytes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache

# Headers that say nothing of what viewers get, or say it elsewhere in `Seen`: of the answer itself, of the bytes, or
# what changes by itself (a rule's expiry, a replication's progress, a restore). Whatever else S3 answers counts, also
# what it will answer one day: in doubt something changed.
_NOT_COMPARED = frozenset({
    "accept-ranges",
    "connection",
    "content-length",
    "date",
    "etag",
    "keep-alive",
    "last-modified",
    "server",
    "transfer-encoding",
    "x-amz-checksum-type",
    "x-amz-expiration",
    "x-amz-id-2",
    "x-amz-replication-status",
    "x-amz-request-id",
    "x-amz-restore",
    "x-amz-version-id",
    "x-amzn-requestid",
})  # fmt: skip
_CHECKSUM = "x-amz-checksum-"
# The strongest first; of a FULL_OBJECT kind each says what the bytes are, whatever key encrypts them. 32 bits do not:
# all files that end in their own CRC-32, as firmware does, have the same one.
_CHECKSUMS = ("sha256", "sha1", "crc64nvme")
# Viewers cannot get these before somebody restores them [S3 user guide, storage-class-intro].
_ARCHIVED = frozenset({"GLACIER", "DEEP_ARCHIVE"})


class HeadError(ValueError):
    """An answer lacks what it takes to judge by it; the text names the header."""


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no such object, or a delete marker stands above it.

    Attributes:
        date: when S3 answered so, epoch seconds by its clock, whole seconds.
    """

    date: int


@dataclass(frozen=True, slots=True)
class Seen:
    """An object as it stood when S3 was asked.

    Attributes:
        date: when S3 answered, epoch seconds by its clock; it gives whole seconds, cut off.
        modified: LastModified, whole seconds too. Of a multipart object it is when its upload began.
        etag: its ETag without quotes.
        size: bytes.
        headers: a digest of all other headers that viewers get, metadata and website redirect among them.
        checksum: algorithm and value of its full-object checksum, "" where it has none.
        version: its version, "" where the bucket keeps none.
        archived: whether it cannot be read as it is.
    """

    date: int
    modified: int
    etag: str
    size: int
    headers: str
    checksum: str = ""
    version: str = ""
    archived: bool = False

    @property
    def multipart(self) -> bool:
        """Whether it was uploaded in parts: then `modified` is older than the object."""
        return "-" in self.etag

    @property
    def settled(self) -> bool:
        """Whether what was seen surely stood there at `date`, to the second, and not only after it.

        Written in the same second as S3 answered, it may be younger than the answer's time, which is cut off.
        """
        return self.modified < self.date and (not self.multipart or bool(self.version))


def read_head(headers: Mapping[str, str]) -> Seen:
    """Read S3's answer to HeadObject.

    Args:
        headers: the answer's own, names in lower case.

    Raises HeadError.
    """
    try:
        etag, size = headers["etag"].strip('"'), int(headers["content-length"])
        modified = _seconds(headers["last-modified"])
    except KeyError as missing:
        raise HeadError(f"S3's answer has no {missing.args[0]} header") from missing
    except ValueError as error:
        raise HeadError(f"S3's answer cannot be read: {error}") from error
    version = headers.get("x-amz-version-id", "")
    storage = headers.get("x-amz-storage-class", "")
    return Seen(
        date=date_of(headers),
        modified=modified,
        etag=etag,
        size=size,
        headers=_digest(headers),
        checksum=_checksum(headers),
        version="" if version == "null" else version,
        archived=storage in _ARCHIVED or "x-amz-archive-status" in headers,
    )


def date_of(headers: Mapping[str, str]) -> int:
    """Return when S3 answered, epoch seconds. Raises HeadError."""
    try:
        return _seconds(headers["date"])
    except KeyError as missing:
        raise HeadError("S3's answer has no date header") from missing
    except ValueError as error:
        raise HeadError(f"S3's answer has no date that can be read: {error}") from error


def same_for_viewers(one: Seen, other: Seen) -> bool:
    """Whether viewers get the same bytes and headers.

    An ETag tells the bytes unless a KMS key encrypts them: it differs then each time, and the checksum tells
    [aws-behaviour.md, S3 event notifications].
    """
    if one.size != other.size or one.headers != other.headers or one.archived or other.archived:
        return False
    if one.checksum and other.checksum and _algorithm(one) == _algorithm(other):
        return one.checksum == other.checksum
    return bool(one.etag) and one.etag == other.etag


def _algorithm(seen: Seen) -> str:
    return seen.checksum.partition(":")[0]


def _checksum(headers: Mapping[str, str]) -> str:
    if headers.get("x-amz-checksum-type") != "FULL_OBJECT" or _is_digest(headers):
        return ""
    for each in _CHECKSUMS:
        if value := headers.get(_CHECKSUM + each):
            return f"{each}:{value}"
    return ""


def _is_digest(headers: Mapping[str, str]) -> bool:
    """Whether the ETag tells the bytes: then nothing weaker does."""
    encrypted = headers.get("x-amz-server-side-encryption", "").startswith("aws:kms")
    return not encrypted and "-" not in headers["etag"]


def _digest(headers: Mapping[str, str]) -> str:
    told = sorted(
        f"{name}: {value}"
        for name, value in headers.items()
        if name not in _NOT_COMPARED and not name.startswith(_CHECKSUM)
    )
    return hashlib.sha256("\n".join(told).encode("utf-8", "surrogateescape")).hexdigest()[:32]


@lru_cache(maxsize=256)  # answers come many a second
def _seconds(date: str) -> int:
    at = parsedate_to_datetime(date)
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
