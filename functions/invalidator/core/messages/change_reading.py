"""From S3's own words to changes: the records of a notification, and EventBridge's event."""

from collections.abc import Collection, Mapping
from datetime import datetime
from urllib.parse import unquote_to_bytes

from invalidator.core.messages.change import LONGEST_BUCKET_NAME, LONGEST_KEY, Change, ChangeKind
from invalidator.core.messages.message_content import MessageContent, Problem
from invalidator.core.messages.message_fields import (
    BucketFields,
    DetailFields,
    ObjectFields,
    RecordFields,
    S3Fields,
)
from invalidator.core.reasons import Reason

# Through EventBridge the time is given in whole seconds, cut off: the change may be that much younger.
EVENTBRIDGE_TIME_STEP = 1.0
# S3 tells of a change in seconds, "but can sometimes take a minute or longer" (S3 user guide, EventNotifications). A
# change that claims to be older than its message by more than this may be a wrong clock's, and whatever was sent
# since would seem to cover it. Believing too little costs a path, believing too much leaves an object stale.
LONGEST_DELAY_SECONDS = 900.0
# S3's clock and SQS's may differ by so much before a change that is younger than its message is worth a line.
CLOCK_MARGIN_SECONDS = 5.0
SUPPORTED_MAJOR = "2"
# Kinds of what was ignored that are told apart in the log, and how much of each is: a record may name itself at will.
MOST_KINDS = 5
MOST_KIND_LENGTH = 100
NONCURRENT = "expiry of a noncurrent version"
_KINDS = {
    "ObjectCreated": ChangeKind.CREATED,
    "ObjectRemoved": ChangeKind.REMOVED,
    "LifecycleExpiration": ChangeKind.EXPIRED,
}
_EXPIRED = "LifecycleExpiration:Delete"
# S3 user guide, notification-how-to-event-types-and-destinations: the one event of access control.
_ACL = "ObjectAcl"
_KINDS_WITH_ACL = _KINDS | {_ACL: ChangeKind.CREATED}
_NO_S3, _NO_BUCKET, _NO_OBJECT = S3Fields(), BucketFields(), ObjectFields()


def read_records(
    records: Collection[RecordFields], sent: float, *, acl_changes: bool = False
) -> MessageContent:
    """Read S3's records; those that can be read count, even where one of them cannot.

    Args:
        records: as S3 wrote them.
        sent: when SQS took the message, epoch seconds: no change is younger.
        acl_changes: whether a new ACL counts as a change of its object.
    """
    kinds_read = _KINDS_WITH_ACL if acl_changes else _KINDS
    changes: list[Change] = []
    ignored: list[str] = []
    problem = None if records else Problem(Reason.BAD_RECORD, "Records: empty")
    doubtful = False
    for record in records:
        read = _flaw_of(record) or _read_record(record, sent, kinds_read)
        if isinstance(read, Change):
            changes.append(read)
            doubtful = doubtful or read.at == sent
        elif isinstance(read, str):
            ignored.append(read)
        else:
            problem = problem or read
    if not (doubtful or ignored or problem):
        return MessageContent(tuple(changes))
    misdated = sum(_is_misdated(record, sent) for record in records) if doubtful else 0
    kinds = tuple(name[:MOST_KIND_LENGTH] for name in list(dict.fromkeys(ignored))[:MOST_KINDS])
    return MessageContent(
        tuple(changes), ignored=len(ignored), ignored_kinds=kinds, problem=problem, misdated=misdated
    )


def read_detail(detail: DetailFields, at: float, *, same_content: bool = False) -> MessageContent:
    """Read what EventBridge says of one written or removed object.

    Args:
        detail: the event's `detail`, in which keys are not encoded [aws-behaviour.md, S3 event notifications].
        at: when it happened, epoch seconds.
        same_content: whether viewers may get something else although the content is the same, as with a new ACL.
    """
    there = detail.get("object", {})
    bucket, key, version = (
        detail.get("bucket", {}).get("name", ""),
        there.get("key", ""),
        there.get("version-id", ""),
    )
    expired = detail.get("reason") == "Lifecycle Expiration"
    removal = detail.get("deletion-type")
    if expired and removal == "Permanently Deleted" and is_noncurrent(version):
        return ignore(NONCURRENT)
    flaw = flaw_of_object(bucket, key)
    if flaw is not None:
        return MessageContent(problem=flaw)
    kind = ChangeKind.EXPIRED if expired else ChangeKind.REMOVED if removal else ChangeKind.CREATED
    etag = "" if same_content else there.get("etag", "")
    change = Change(bucket, key, at, kind, etag, there.get("size"), there.get("sequencer", ""), version)
    return MessageContent((change,))


def ignore(kind: str) -> MessageContent:
    """Return the content of a message that tells of what viewers cannot see; `kind` says of what."""
    return MessageContent(ignored=1, ignored_kinds=(kind[:MOST_KIND_LENGTH],))


def decode_key(key: str) -> str:
    """Decode a key as S3 writes it in a notification: form-encoded, `+` for a space.

    Bytes that are not UTF-8 are kept as surrogate escapes: replacing them would name another object.
    """
    key = key.replace("+", " ")
    if "%" in key:
        # `unquote_plus` says the same and takes longer: it looks for runs of ASCII by a regular expression.
        return unquote_to_bytes(key).decode(errors="surrogateescape")
    return key


def moment(text: str, sent: float, step: float = 0.0) -> float:
    """Return when a change happened, epoch seconds, as far as it can be believed; else when its message was sent.

    Args:
        text: what the event says.
        sent: when SQS took the message, epoch seconds.
        step: how much of the time was cut off, in seconds.
    """
    told = _told(text) + step
    return told if sent - LONGEST_DELAY_SECONDS <= told <= sent else sent


def _told(text: str) -> float:
    """Return the time that an event gives, epoch seconds; 0 for none that can be read."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return 0.0
    return at.timestamp() if at.tzinfo is not None else 0.0  # S3 always says Z


def _is_misdated(record: RecordFields, sent: float) -> bool:
    """Whether a record's time is one that nobody can believe, and not only a clock's little difference."""
    return (
        not sent - LONGEST_DELAY_SECONDS <= _told(record.get("eventTime", "")) <= sent + CLOCK_MARGIN_SECONDS
    )


def flaw_of_object(bucket: str, key: str) -> Problem | None:
    """Return why no object can have this bucket and (decoded) key; None where one can."""
    if 0 < len(bucket) <= LONGEST_BUCKET_NAME and 0 < len(key) <= LONGEST_KEY:
        return None
    if not bucket:
        return Problem(Reason.BAD_RECORD, "s3.bucket.name is empty")
    if len(bucket) > LONGEST_BUCKET_NAME:
        return Problem(Reason.BAD_RECORD, f"s3.bucket.name is too long: {bucket[:LONGEST_BUCKET_NAME]}")
    if not key:
        return Problem(Reason.BAD_RECORD, f"s3.object.key is empty (bucket {bucket})")
    return Problem(Reason.BAD_RECORD, f"s3.object.key is longer than any key (bucket {bucket})")


def is_noncurrent(version: str) -> bool:
    """Whether a version that lifecycle deleted for good was one that viewers could not see.

    Lifecycle puts a delete marker above a current version that has an id; what it deletes for good is a noncurrent
    version, or a marker above nothing (S3 user guide, intro-lifecycle-rules, actions). "null" is the object itself
    where the bucket keeps no versions.
    """
    return version not in ("", "null")


def _read_record(
    record: RecordFields, sent: float, kinds: Mapping[str, ChangeKind]
) -> Change | str | Problem:
    """Return what the record tells: a change, else the kind of what is ignored, or what is wrong with it."""
    name = record["eventName"].removeprefix("s3:")
    family = name.partition(":")[0]
    kind = kinds.get(family)
    if kind is None:
        return name
    told = record.get("s3", _NO_S3)
    there = told.get("object", _NO_OBJECT)
    version = there.get("versionId", "")
    if name == _EXPIRED and is_noncurrent(version):
        return NONCURRENT
    bucket, key = told.get("bucket", _NO_BUCKET).get("name", ""), decode_key(there.get("key", ""))
    flaw = flaw_of_object(bucket, key)
    if flaw is not None:
        return flaw
    at = moment(record.get("eventTime", ""), sent)
    # A new ACL leaves the content as it was: by its ETag alone nothing would seem to have changed.
    etag = "" if family == _ACL else there.get("eTag", "")
    return Change(bucket, key, at, kind, etag, there.get("size"), there.get("sequencer", ""), version)


def _flaw_of(record: RecordFields) -> Problem | None:
    """Why a record is none of S3's that is read here."""
    if record.get("eventSource", "aws:s3") != "aws:s3":
        return Problem(Reason.NOT_A_NOTIFICATION, f"eventSource {record['eventSource']!r}")
    if record.get("eventVersion", "2.0").partition(".")[0] != SUPPORTED_MAJOR:
        return Problem(Reason.UNSUPPORTED_VERSION, f"eventVersion {record['eventVersion']!r}")
    if not record.get("eventName"):
        return Problem(Reason.BAD_RECORD, "a record without eventName: nobody knows what happened")
    return None
