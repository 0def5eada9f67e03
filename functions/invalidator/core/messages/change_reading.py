"""From S3's own words to changes: the records of a notification, and EventBridge's event."""

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import unquote_plus

from invalidator.core.messages.change import LONGEST_BUCKET_NAME, LONGEST_KEY, Change
from invalidator.core.messages.message_content import MessageContent, Problem
from invalidator.core.messages.message_fields import BodyFields, RecordFields, S3Fields
from invalidator.core.reasons import Reason

# Through EventBridge the time is given in whole seconds, cut off: the change may be that much younger.
EVENTBRIDGE_TIME_STEP = 1.0
SUPPORTED_MAJOR = "2"
CHANGING_EVENTS = ("ObjectCreated:", "ObjectRemoved:", "LifecycleExpiration:")
EVENTBRIDGE_DETAIL_TYPES = ("Object Created", "Object Deleted")
# A file that is withdrawn by its ACL answers 403, while CloudFront goes on showing it.
ACL_EVENT = "ObjectAcl:Put"
EVENTBRIDGE_ACL_DETAIL_TYPE = "Object ACL Updated"


def read_records(
    records: Iterable[RecordFields], sent: float, *, acl_changes: bool = False
) -> MessageContent:
    """Read S3's records; those that can be read count, even where one of them cannot.

    Args:
        records: as S3 wrote them.
        sent: when SQS took the message, epoch seconds: no change is younger.
        acl_changes: whether a new ACL changes an object too; who may read it is no byte of it.
    """
    events = (*CHANGING_EVENTS, ACL_EVENT) if acl_changes else CHANGING_EVENTS
    changes = []
    ignored = 0
    problem = None
    for record in records:
        name = record.get("eventName", "")
        if record.get("eventSource", "aws:s3") != "aws:s3":
            problem = problem or Problem(Reason.NOT_A_NOTIFICATION, f"eventSource {record['eventSource']!r}")
        elif record.get("eventVersion", "2.0").partition(".")[0] != SUPPORTED_MAJOR:
            problem = problem or Problem(
                Reason.UNSUPPORTED_VERSION, f"eventVersion {record['eventVersion']!r}"
            )
        elif not name.removeprefix("s3:").startswith(events):
            ignored += 1
        else:
            change = _change(record.get("s3", {}), _moment(record.get("eventTime", ""), sent), encoded=True)
            if isinstance(change, Change):
                changes.append(change)
            else:
                problem = problem or change
    return MessageContent(tuple(changes), ignored=ignored, problem=problem)


def read_eventbridge(event: BodyFields, sent: float, *, acl_changes: bool = False) -> MessageContent:
    """Read EventBridge's event on one object; `sent` and `acl_changes` as for `read_records`."""
    kind = event.get("detail-type")
    if kind not in EVENTBRIDGE_DETAIL_TYPES and not (acl_changes and kind == EVENTBRIDGE_ACL_DETAIL_TYPE):
        return MessageContent(ignored=1)
    # The key is not encoded on this road [aws-behaviour.md, S3 event notifications].
    at = min(_moment(event.get("time", ""), sent) + EVENTBRIDGE_TIME_STEP, sent)
    change = _change(event.get("detail", {}), at, encoded=False)
    return MessageContent((change,)) if isinstance(change, Change) else MessageContent(problem=change)


def decode_key(key: str) -> str:
    """Decode a key as S3 writes it in a notification: form-encoded, `+` for a space.

    Bytes that are not UTF-8 are kept as surrogate escapes: replacing them would name another object.
    """
    if "%" in key or "+" in key:
        return unquote_plus(key, errors="surrogateescape")
    return key


def no_younger(at: float, sent: float) -> float:
    """Return the time of a change as far as it can be believed: no younger than its message, no older than 1970."""
    # In this order, a NaN counts as the youngest possible: it compares false with everything.
    return max(0.0, min(sent, at))


def _change(s3: S3Fields, at: float, *, encoded: bool) -> Change | Problem:
    bucket = s3.get("bucket", {}).get("name", "")
    key = s3.get("object", {}).get("key", "")
    if not bucket:
        return Problem(Reason.BAD_RECORD, "s3.bucket.name is empty")
    if len(bucket) > LONGEST_BUCKET_NAME:
        return Problem(Reason.BAD_RECORD, f"s3.bucket.name is too long: {bucket[:LONGEST_BUCKET_NAME]}")
    if not key:
        return Problem(Reason.BAD_RECORD, f"s3.object.key is empty (bucket {bucket})")
    decoded = decode_key(key) if encoded else key
    if len(decoded) > LONGEST_KEY:
        return Problem(Reason.BAD_RECORD, f"s3.object.key is longer than any key (bucket {bucket})")
    return Change(bucket, decoded, at)


def _moment(text: str, sent: float) -> float:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return sent
    # A time without a zone would be read in the machine's own; S3 always says Z.
    return no_younger(at.timestamp(), sent) if at.tzinfo else sent
