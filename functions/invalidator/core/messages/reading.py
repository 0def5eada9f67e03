"""Reads a queue message's body: what S3 said, by whatever road it came.

Four roads lead to the queue: S3 directly, S3 through SNS (raw or wrapped), S3 through EventBridge, and the
worker's own compact messages.
"""

from pydantic import TypeAdapter, ValidationError

from invalidator.core.messages.backlog_reading import read_backlog
from invalidator.core.messages.change_reading import read_eventbridge, read_records
from invalidator.core.messages.message_content import MessageContent, Problem
from invalidator.core.messages.message_fields import BodyFields
from invalidator.core.reasons import Reason

# An envelope may hold another (SNS around S3), never more.
MAX_ENVELOPES = 2
_parse = TypeAdapter(BodyFields).validate_json


def read_body(body: str, sent: float, *, acl_changes: bool = False) -> MessageContent:
    """Read one message body.

    Args:
        body: the text that SQS delivered.
        sent: when SQS took the message, epoch seconds. No change is younger than that, whatever it says of
            itself, and one that does not say when it happened counts as that old.
        acl_changes: whether a new ACL changes an object too, as it may withdraw it.
    """
    return _read(body, sent, MAX_ENVELOPES, acl_changes=acl_changes)


def _read(body: str, sent: float, envelopes: int, *, acl_changes: bool) -> MessageContent:
    try:
        message = _parse(body)
    except ValidationError as error:
        return MessageContent(problem=_why(error))
    if "Records" in message:
        return read_records(message["Records"], sent, acl_changes=acl_changes)
    if "invalidator" in message:
        return read_backlog(message, sent)
    if message.get("source") == "aws.s3":
        return read_eventbridge(message, sent, acl_changes=acl_changes)
    if message.get("Type") == "Notification" and "Message" in message and envelopes > 1:
        return _read(message["Message"], sent, envelopes - 1, acl_changes=acl_changes)
    greeting = message.get("Event") == "s3:TestEvent"
    problem = None if greeting else Problem(Reason.NOT_A_NOTIFICATION, "neither Records nor an S3 event")
    return MessageContent(test_event=greeting, problem=problem)


def _why(error: ValidationError) -> Problem:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return Problem(Reason.NOT_JSON, first["msg"])
    where = ".".join(str(part) for part in first["loc"]) or "the message"
    return Problem(Reason.NOT_A_NOTIFICATION, f"{where}: {first['msg']}")
