"""One run of a function for a batch: the records it is handed, and which messages it is done with by its answer.

As AWS reads it [aws-behaviour.md, SQS and Lambda; Lambda guide, "Handling errors for an SQS event source"].
"""

import json
from collections.abc import Collection, Mapping
from typing import Any


def sqs_record(message: Mapping[str, Any], queue_arn: str) -> dict[str, Any]:
    """Return the event record of a message as ReceiveMessage gives it, all attributes asked for."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {
            name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message attribute with the names Lambda gives its parts; binary values do not occur here."""
    return {
        "stringValue": value.get("StringValue"),
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value["DataType"],
    }


def failed_ids(payload: bytes, message_ids: Collection[str], *, partial: bool) -> set[str]:
    """Return the ids of the messages that stay in the queue.

    An answer that is no JSON, that has another shape, or that names an id of another batch fails the whole
    batch; nothing at all, or an empty list, is success.

    Args:
        payload: what the function returned, undecoded.
        message_ids: the batch.
        partial: whether the mapping has ReportBatchItemFailures; without it every answer is success.
    """
    if not partial:
        return set()
    try:
        answer = json.loads(payload or b"null")
    except ValueError:
        return set(message_ids)
    listed = _listed(answer)
    if listed is None or not listed.issubset(message_ids):
        return set(message_ids)
    return listed


def _listed(answer: Any) -> set[str] | None:
    """Return the ids that an answer lists, None where it has not the shape AWS asks for."""
    if answer is None:
        return set()
    items = (answer.get("batchItemFailures") or []) if isinstance(answer, dict) else None
    if not isinstance(items, list):
        return None
    ids = [item.get("itemIdentifier") if isinstance(item, dict) else None for item in items]
    return {each for each in ids if each} if all(isinstance(each, str) and each for each in ids) else None
