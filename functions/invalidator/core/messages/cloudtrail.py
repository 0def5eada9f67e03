"""From CloudTrail's record of an S3 call to changes, as EventBridge delivers it ("AWS API Call via CloudTrail")."""

from collections.abc import Mapping
from typing import Any

from invalidator.core.messages.change import Change, ChangeKind
from invalidator.core.messages.change_reading import (
    EVENTBRIDGE_TIME_STEP,
    decode_key,
    flaw_of_object,
    ignore,
    moment,
)
from invalidator.core.messages.message_content import MessageContent, Problem
from invalidator.core.reasons import Reason

# S3 user guide, cloudtrail-logging-s3-info: the object-level calls that change what viewers get, one object each.
_CHANGING = {
    "PutObject": ChangeKind.CREATED,
    "PostObject": ChangeKind.CREATED,
    "CopyObject": ChangeKind.CREATED,
    "CompleteMultipartUpload": ChangeKind.CREATED,
    "DeleteObject": ChangeKind.REMOVED,
}
_ACL = "PutObjectAcl"
_CHANGING_WITH_ACL = _CHANGING | {_ACL: ChangeKind.CREATED}
# Those that write, and leave what viewers get as it was.
_UNSEEN = {
    "AbortMultipartUpload", "CreateMultipartUpload", "UploadPart", "UploadPartCopy", "RestoreObject",
    _ACL, "PutObjectTagging", "DeleteObjectTagging", "PutObjectRetention", "PutObjectLegalHold",
}  # fmt: skip


def read_cloudtrail(detail: Mapping[str, Any], sent: float, *, acl_changes: bool = False) -> MessageContent:
    """Read CloudTrail's record of one call; `sent` and `acl_changes` as for `read_records`.

    What is read is what names one object. A call on many objects does not name them, so it becomes a problem.
    """
    call, asked = detail.get("eventName"), detail.get("requestParameters")
    bucket, key = (asked.get("bucketName"), asked.get("key")) if isinstance(asked, Mapping) else (None, None)
    if not isinstance(call, str) or not call:
        return MessageContent(problem=Problem(Reason.BAD_RECORD, "CloudTrail's record: eventName is missing"))
    told = f"CloudTrail: {call}"
    if "errorCode" in detail:
        return ignore(f"{told}, which failed")
    changing = _CHANGING_WITH_ACL if acl_changes else _CHANGING
    if call in changing and isinstance(bucket, str) and isinstance(key, str):
        # AWS does not say whether the key is encoded here. A path too many costs less than a stale object.
        keys = dict.fromkeys((key, decode_key(key)))
        flaw = next((flaw for each in keys if (flaw := flaw_of_object(bucket, each))), None)
        if flaw is not None:
            return MessageContent(problem=flaw)
        time = detail.get("eventTime")
        at = moment(time if isinstance(time, str) else "", sent, EVENTBRIDGE_TIME_STEP)
        return MessageContent(tuple(Change(bucket, each, at, changing[call]) for each in keys))
    if detail.get("readOnly") is True or call in _UNSEEN:
        return ignore(told)
    return MessageContent(
        problem=Problem(
            Reason.NOT_A_NOTIFICATION,
            f"CloudTrail's record (AWS API Call via CloudTrail) of {call!r}, which does not say which object changed: "
            "let the bucket send S3's own events instead",
        )
    )
