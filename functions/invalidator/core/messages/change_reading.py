"""From S3's own words to changes: the records of a notification, and EventBridge's event."""

from collections.abc import Collection, Mapping
from datetime import datetime
from urllib.parse import unquote_plus

from invalidator.core.messages.change import LONGEST_BUCKET_NAME, LONGEST_KEY, Change, ChangeKind
from invalidator.core.messages.message_content import MessageContent, Problem
from invalidator.core.messages.message_fields import DetailFields, RecordFields
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
        flaw = _flaw_of(record) or _read_record(record, sent, kinds_read, changes, ignored)
        problem = problem or flaw
        doubtful = doubtful or (bool(changes) and changes[-1].at == sent)
    misdated = sum(_is_misdated(record, sent) for record in records) if doubtful else 0
    if not ignored:
        return MessageContent(tuple(changes), problem=problem, misdated=misdated)
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
    if "%" in key or "+" in key:
        return unquote_plus(key, errors="surrogateescape")
    return key


def moment(text: str, sent: float, step: float = 0.0) -> float:
    """Return when a change happened, epoch seconds, as far as it can be believed; else when its message was sent.

    Args:
        text: what the event says.
        sent: when SQS took the message, epoch seconds.
        step: how much of the time was cut off, in seconds.
    """
    told = _told(text)
    return told + step if sent - LONGEST_DELAY_SECONDS <= told + step <= sent else sent


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
    record: RecordFields,
    sent: float,
    kinds: Mapping[str, ChangeKind],
    changes: list[Change],
    ignored: list[str],
) -> Problem | None:
    """Add what the record tells to the changes, or its kind to what is ignored; return what is wrong with it."""
    name = record["eventName"].removeprefix("s3:")
    family = name.partition(":")[0]
    kind = kinds.get(family)
    if kind is None:
        ignored.append(name)
        return None
    told = record.get("s3", {})
    there = told.get("object", {})
    version = there.get("versionId", "")
    if name == _EXPIRED and is_noncurrent(version):
        ignored.append(NONCURRENT)
        return None
    bucket, key = told.get("bucket", {}).get("name", ""), decode_key(there.get("key", ""))
    flaw = flaw_of_object(bucket, key)
    if flaw is None:
        at = moment(record.get("eventTime", ""), sent)
        # A new ACL leaves the content as it was: by its ETag alone nothing would seem to have changed.
        etag = "" if family == _ACL else there.get("eTag", "")
        size, sequencer = there.get("size"), there.get("sequencer", "")
        changes.append(Change(bucket, key, at, kind, etag, size, sequencer, version))
    return flaw


def _flaw_of(record: RecordFields) -> Problem | None:
    """Why a record is none of S3's that is read here."""
    if record.get("eventSource", "aws:s3") != "aws:s3":
        return Problem(Reason.NOT_A_NOTIFICATION, f"eventSource {record['eventSource']!r}")
    if record.get("eventVersion", "2.0").partition(".")[0] != SUPPORTED_MAJOR:
        return Problem(Reason.UNSUPPORTED_VERSION, f"eventVersion {record['eventVersion']!r}")
    if not record.get("eventName"):
        return Problem(Reason.BAD_RECORD, "a record without eventName: nobody knows what happened")
    return None
