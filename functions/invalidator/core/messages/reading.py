"""Reads a queue message's body: what S3 said, by whatever road it came.

Four roads lead to the queue: S3 directly (all of a notification, or one of its records alone), S3 through SNS (raw or
wrapped), S3 through EventBridge (its event, the event's detail alone, or CloudTrail's record of a call), and the
worker's own compact messages. What came otherwise is named (`other_writers`); a field that is null counts as absent.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from invalidator.core.messages import other_writers
from invalidator.core.messages.backlog_reading import read_backlog
from invalidator.core.messages.change_reading import (
    EVENTBRIDGE_TIME_STEP,
    ignore,
    moment,
    read_detail,
    read_records,
)
from invalidator.core.messages.cloudtrail import read_cloudtrail
from invalidator.core.messages.message_content import MessageContent, Problem
from invalidator.core.messages.message_fields import BodyFields
from invalidator.core.reasons import Reason

# An envelope may hold another (SNS around S3), never more.
MAX_ENVELOPES = 2
_CHANGING_TYPES = ("Object Created", "Object Deleted")
_ACL_TYPE = "Object ACL Updated"
# How S3's own kinds of events begin; CloudTrail's rules ("AWS Service Event via CloudTrail") name S3 as source too.
_OF_OBJECTS = "Object "
_FROM_CLOUDTRAIL = "AWS API Call via CloudTrail"
_SHOWN_FIELDS = 10
# The adapter's own methods pass seven options on, which takes as long as a third of what a record needs.
_FORM = TypeAdapter(BodyFields).validator


def read_body(body: str, sent: float, *, acl_changes: bool = False) -> MessageContent:
    """Read one message body.

    Args:
        body: the text that SQS delivered.
        sent: when SQS took the message, epoch seconds. No change is younger than that, whatever it says of
            itself, and one that does not say when it happened, or not believably, counts as that old.
        acl_changes: whether a new ACL counts as a change of its object: it may withdraw what viewers could get.
    """
    return _read(body, sent, MAX_ENVELOPES, acl_changes=acl_changes)


def _read(body: str, sent: float, envelopes: int, *, acl_changes: bool) -> MessageContent:
    """Read a body of which so many envelopes may be opened, itself included."""
    flaw = None
    try:
        content = _read_form(_FORM.validate_json(body), body, sent, envelopes, acl_changes=acl_changes)
    except ValidationError as error:
        content, flaw = None, _why(error)
        if flaw.reason is Reason.NOT_JSON:
            return MessageContent(problem=flaw)
    return content or _read_whole(body, flaw, sent, envelopes, acl_changes=acl_changes)


def _read_form(
    message: BodyFields, body: str, sent: float, envelopes: int, *, acl_changes: bool
) -> MessageContent | None:
    """Read a message by the fields that are known; None where it takes a look at all of them."""
    if "Records" in message:
        content = read_records(message["Records"], sent, acl_changes=acl_changes)
        if content.problem is not None:
            # What is not S3's says so in a field that S3 does not have.
            content = content._replace(problem=other_writers.name(from_json(body)) or content.problem)
        return content
    if "invalidator" in message:
        return read_backlog(message, sent)
    kind = message.get("detail-type", "")
    if message.get("source") == "aws.s3" and kind.startswith(_OF_OBJECTS):
        if kind not in _CHANGING_TYPES and not (acl_changes and kind == _ACL_TYPE):
            return ignore(kind)
        at = moment(message.get("time", ""), sent, EVENTBRIDGE_TIME_STEP)
        return read_detail(message.get("detail", {}), at, same_content=kind == _ACL_TYPE)
    if message.get("Type") == "Notification" and "Message" in message and envelopes > 1:
        return _unwrapped(_read(message["Message"], sent, envelopes - 1, acl_changes=acl_changes))
    return MessageContent(test_event=True) if message.get("Event") == "s3:TestEvent" else None


def _unwrapped(inner: MessageContent) -> MessageContent:
    if inner.problem is None:
        return inner
    where = f"inside SNS's notification: {inner.problem.detail}"
    return inner._replace(problem=Problem(inner.problem.reason, where))


def _read_whole(
    body: str, flaw: Problem | None, sent: float, envelopes: int, *, acl_changes: bool
) -> MessageContent:
    """Read a message that is in none of the usual forms, or in one with nulls; `flaw` names the field that failed."""
    document = _without_nulls(from_json(body))
    if not isinstance(document, Mapping):
        return MessageContent(problem=other_writers.name_unpacked(document))
    detail = document.get("detail") if document.get("detail-type") == _FROM_CLOUDTRAIL else document
    if isinstance(detail, Mapping) and detail.get("eventSource") == "s3.amazonaws.com":
        return read_cloudtrail(detail, sent, acl_changes=acl_changes)
    lone = "s3" in document and "Records" not in document
    if lone:  # one of S3's records, by a writer who takes them apart
        document = {"Records": [document]}
    elif isinstance(document.get("bucket"), Mapping) and isinstance(document.get("object"), Mapping):
        # EventBridge's detail alone, without the time: as old as the message. The form of the whole event checks it.
        document = {"source": "aws.s3", "detail-type": _CHANGING_TYPES[0], "detail": document}
    if lone or flaw is not None:
        try:
            content = _read_form(
                _FORM.validate_python(document), body, sent, envelopes, acl_changes=acl_changes
            )
        except ValidationError as error:
            flaw = _why(error)
        else:
            if content is not None:
                return content
            flaw = None
    shown = ", ".join(list(document)[:_SHOWN_FIELDS]) or "none"
    unknown = Problem(Reason.NOT_A_NOTIFICATION, f"neither Records nor an S3 event; its fields are: {shown}")
    return MessageContent(problem=other_writers.name(document) or flaw or unknown)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


def _why(error: ValidationError) -> Problem:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return Problem(Reason.NOT_JSON, first["msg"])
    where = ".".join(str(part) for part in first["loc"]) or "the message"
    return Problem(Reason.NOT_A_NOTIFICATION, f"{where}: {first['msg']}")
