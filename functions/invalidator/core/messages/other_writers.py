"""What else reaches a queue that S3 writes to: recognised, so that its dead letter says what it is and what to do.

Public set-ups send these by mistake [aws-behaviour.md, S3 event notifications, last item]. A whole event that passed
through somebody's function may tell of what was done already, so it is named and not taken apart.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from invalidator.core.messages.message_content import Problem
from invalidator.core.reasons import Reason

_RECORDS_OF = {
    "aws:sns": "a Lambda function's event from SNS, passed on whole: pass on each Records[].Sns.Message alone",
    "aws:sqs": "a Lambda function's event from SQS, passed on whole: pass on each Records[].body alone",
    "s3.amazonaws.com": "CloudTrail's records, as its log files hold them: send each alone, or S3's own events",
    "minio:s3": "MinIO's event: its buckets are none of S3's",
    "ceph:s3": "Ceph's event: its buckets are none of S3's",
}
# What is known by fields that nobody else has together.
_BY_FIELDS = {
    frozenset({"requestPayload", "requestContext"}): (
        "a Lambda destination's record of a run: its requestPayload is what the function was given"
    ),
    frozenset({"invocationSchemaVersion", "tasks"}): (
        "S3 Batch Operations' call of a Lambda function: its tasks name objects, not what was done to them"
    ),
}


def name(document: Mapping[str, Any]) -> Problem | None:
    """Return what a message is that is in no form that is read here; None where nobody knows."""
    records, kind = document.get("Records"), document.get("Type")
    if isinstance(records, list):
        what = next(_alien(records), "")
    elif kind == "SubscriptionConfirmation":
        return Problem(
            Reason.SUBSCRIPTION_UNCONFIRMED,
            f"SNS asks to confirm that this queue subscribes to {document.get('TopicArn', 'a topic')}",
        )
    else:
        what = _what(document, kind)
    return Problem(Reason.NOT_A_NOTIFICATION, what) if what else None


def name_unpacked(document: object) -> Problem:
    """Return what a message is that is no JSON object."""
    what = "a text in quotes, which may hold the message" if isinstance(document, str) else "no JSON object"
    if isinstance(document, list):
        what = f"a list of {len(document)}, as EventBridge Pipes pass batches on: send each alone"
    return Problem(Reason.NOT_A_NOTIFICATION, f"{what}; S3's notification is an object with Records")


def _what(document: Mapping[str, Any], kind: object) -> str:
    for fields, what in _BY_FIELDS.items():
        if document.keys() >= fields:
            return what
    if document.get("eventSource") == "aws:sqs" and "body" in document:
        return "a whole record of SQS, as EventBridge Pipes pass it on: give the pipe the input template <$.body>"
    if "detail-type" in document or "source" in document:
        return f"EventBridge's event {document.get('detail-type')!r} of {document.get('source')!r}"
    if kind == "Notification":
        return "SNS's notification without a Message, or inside another that is inside a third"
    if kind == "UnsubscribeConfirmation":
        return f"SNS says that {document.get('TopicArn', 'a topic')} sends here no more"
    return ""


def _alien(records: list[Any]) -> Iterator[str]:
    """What the records are that are not S3's."""
    for record in records:
        if isinstance(record, Mapping):
            source = record.get("EventSource", record.get("eventSource", "aws:s3"))
            if source != "aws:s3":
                yield _RECORDS_OF.get(str(source), f"eventSource {source!r}")
