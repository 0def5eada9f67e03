"""Reads a queue message's body: what S3 said, by whatever road it came.

Four roads lead to the queue: S3 directly, S3 through SNS (raw or wrapped), S3 through EventBridge, and the
worker's own compact messages. One permissive schema reads them all in one pass; fields nobody needs are
skipped by pydantic's parser and never become Python objects.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import unquote_plus

from pydantic import FailFast, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from invalidator.core.backlog import VERSION, KeyBacklog, PathBacklog
from invalidator.core.backlog_rules import (
    LONGEST_BUCKET_NAME,
    LONGEST_KEY,
    MOST_ATTEMPTS_TOLD,
    flaw_of_head,
    flaw_of_keys,
    flaw_of_paths,
)
from invalidator.core.change import Change
from invalidator.core.reasons import Reason

# Through EventBridge the time is given in whole seconds, cut off: the change may be that much younger.
EVENTBRIDGE_TIME_STEP = 1.0
SUPPORTED_MAJOR = "2"
CHANGING_EVENTS = ("ObjectCreated:", "ObjectRemoved:", "LifecycleExpiration:")
EVENTBRIDGE_DETAIL_TYPES = ("Object Created", "Object Deleted")
# An envelope may hold another (SNS around S3), never more.
MAX_ENVELOPES = 2
# What a message says of itself is quoted to people, but never at the length it chose.
MOST_DETAIL = 300


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a message, or one of its records, cannot be read; `detail` names the field for a person."""

    reason: Reason
    detail: str

    def __post_init__(self) -> None:
        # The way a frozen dataclass derives a field:
        # https://docs.python.org/3/library/dataclasses.html#frozen-instances
        object.__setattr__(self, "detail", self.detail[:MOST_DETAIL])


@dataclass(frozen=True, slots=True)
class Reading:
    """What one message says.

    Attributes:
        changes: objects that were written or removed.
        backlog: work put back earlier, in a compact message.
        test_event: whether it is S3's greeting on a new notification, which asks for nothing.
        ignored: records that leave the object's bytes as they were (tagging, access control, restore).
        problem: the first thing that could not be read; what could be read stands beside it.
    """

    changes: tuple[Change, ...] = ()
    backlog: PathBacklog | KeyBacklog | None = None
    test_event: bool = False
    ignored: int = 0
    problem: Problem | None = None


class _Bucket(TypedDict, total=False):
    name: str


class _Object(TypedDict, total=False):
    key: str


class _S3(TypedDict, total=False):
    bucket: _Bucket
    object: _Object


class _Record(TypedDict, total=False):
    eventVersion: str
    eventSource: str
    eventName: str
    eventTime: str
    s3: _S3


_Body = TypedDict(
    "_Body",
    {
        # A message may hold half a million records: the first bad one is enough to know.
        "Records": Annotated[list[_Record], FailFast()],
        "Event": str,
        "Type": str,
        "Message": str,
        "source": str,
        "detail-type": str,
        "time": str,
        "detail": _S3,
        "invalidator": int,
        "distribution": str,
        "buckets": Annotated[tuple[str, ...], FailFast()],
        "paths": dict[str, float],
        "bucket": str,
        "keys": dict[str, float],
        "attempts": int,
        "reason": str,
    },
    total=False,
)
_validate = TypeAdapter(_Body).validate_json


def read_body(body: str, sent: float) -> Reading:
    """Read one message body.

    Args:
        body: the text that SQS delivered.
        sent: when SQS took the message, epoch seconds. No change is younger than that, whatever it says of
            itself, and one that does not say when it happened counts as that old.
    """
    return _read(body, sent, MAX_ENVELOPES)


def _read(body: str, sent: float, envelopes: int) -> Reading:
    try:
        message = _validate(body)
    except ValidationError as error:
        return Reading(problem=_why(error))
    if "Records" in message:
        return _read_records(message["Records"], sent)
    if "invalidator" in message:
        return _read_backlog(message, sent)
    if message.get("source") == "aws.s3":
        return _read_eventbridge(message, sent)
    if message.get("Type") == "Notification" and "Message" in message and envelopes > 1:
        return _read(message["Message"], sent, envelopes - 1)
    greeting = message.get("Event") == "s3:TestEvent"
    problem = None if greeting else Problem(Reason.NOT_A_NOTIFICATION, "neither Records nor an S3 event")
    return Reading(test_event=greeting, problem=problem)


def _why(error: ValidationError) -> Problem:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return Problem(Reason.NOT_JSON, first["msg"])
    where = ".".join(str(part) for part in first["loc"]) or "the message"
    return Problem(Reason.NOT_A_NOTIFICATION, f"{where}: {first['msg']}")


def _read_records(records: list[_Record], sent: float) -> Reading:
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
        elif not name.removeprefix("s3:").startswith(CHANGING_EVENTS):
            ignored += 1
        else:
            change = _change(record.get("s3", {}), _age(record.get("eventTime", ""), sent), encoded=True)
            if isinstance(change, Change):
                changes.append(change)
            else:
                problem = problem or change
    return Reading(tuple(changes), ignored=ignored, problem=problem)


def _read_eventbridge(message: _Body, sent: float) -> Reading:
    if message.get("detail-type") not in EVENTBRIDGE_DETAIL_TYPES:
        return Reading(ignored=1)
    # The key is not encoded on this road [aws-behaviour.md, S3 event notifications].
    at = min(_age(message.get("time", ""), sent) + EVENTBRIDGE_TIME_STEP, sent)
    change = _change(message.get("detail", {}), at, encoded=False)
    return Reading((change,)) if isinstance(change, Change) else Reading(problem=change)


def _change(s3: _S3, at: float, *, encoded: bool) -> Change | Problem:
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


def decode_key(key: str) -> str:
    """Decode a key as S3 writes it in a notification: form-encoded, `+` for a space.

    Bytes that are not UTF-8 are kept as surrogate escapes: replacing them would name another object.
    """
    if "%" in key or "+" in key:
        return unquote_plus(key, errors="surrogateescape")
    return key


def _age(text: str, sent: float) -> float:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return sent
    # A time without a zone would be read in the machine's own; S3 always says Z.
    return _within(at.timestamp(), sent) if at.tzinfo else sent


def _within(at: float, sent: float) -> float:
    # In this order, a NaN counts as the youngest possible: it compares false with everything.
    return max(0.0, min(sent, at))


def _read_backlog(message: _Body, sent: float) -> Reading:
    version = message["invalidator"]
    if version != VERSION:
        return Reading(problem=Problem(Reason.UNSUPPORTED_VERSION, f"compact message of version {version}"))
    attempts, reason = min(max(0, message.get("attempts", 0)), MOST_ATTEMPTS_TOLD), message.get("reason", "")
    distribution, buckets, paths = (
        message.get("distribution", ""),
        message.get("buckets", ()),
        message.get("paths", {}),
    )
    bucket, keys = message.get("bucket", ""), message.get("keys", {})
    backlog: PathBacklog | KeyBacklog
    if distribution and buckets and paths:
        flaw = flaw_of_head(distribution, buckets) or flaw_of_paths(paths)
        backlog = PathBacklog(distribution, buckets, _clamp(paths, sent), attempts, reason)
    elif bucket and keys:
        decoded = {decode_key(key): at for key, at in _clamp(keys, sent).items()}
        flaw = flaw_of_head("", (bucket,)) or flaw_of_keys(decoded)
        backlog = KeyBacklog(bucket, decoded, attempts, reason)
    else:
        return Reading(
            problem=Problem(Reason.BAD_RECORD, "compact message without distribution, buckets and paths")
        )
    return Reading(problem=Problem(Reason.BAD_RECORD, flaw)) if flaw else Reading(backlog=backlog)


def _clamp(times: Mapping[str, float], sent: float) -> dict[str, float]:
    return {name: _within(at, sent) for name, at in times.items()}
