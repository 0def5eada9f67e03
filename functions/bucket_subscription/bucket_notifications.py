"""S3's side: a bucket's notification configuration, read and written, with S3's errors put in our words."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from bucket_subscription.document import Document
from bucket_subscription.errors import (
    RefusedError,
    RejectedError,
    SubscriptionError,
    UnreachableError,
    UnsettledError,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_GONE = {"NoSuchBucket", "404"}
_FORBIDDEN = {"AccessDenied", "AllAccessDisabled", "403", "Forbidden"}
_PASSING = {
    "OperationAborted", "SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling",
    "ThrottlingException", "RequestLimitExceeded", "ExpiredToken", "ExpiredTokenException",
    "500", "502", "503", "504", "409",
}  # fmt: skip
_ARN = re.compile(r"arn:[\w:./-]+")
# All that this code knows how to carry from a read to a write.
_KNOWN_ELEMENTS = {
    "QueueConfiguration", "TopicConfiguration", "CloudFunctionConfiguration", "EventBridgeConfiguration",
    "Id", "Queue", "Topic", "CloudFunction", "Event", "Filter", "S3Key", "FilterRule", "Name", "Value",
}  # fmt: skip


class BucketNotifications(Protocol):
    """What the subscription needs of S3. Each call raises SubscriptionError for an expected failure."""

    def region(self, bucket: str) -> str | None:
        """Return the bucket's region, None where S3 does not say. Raises UnreachableError for no bucket."""

    def read(self, bucket: str) -> Document:
        """Return the bucket's notification configuration."""

    def write(self, bucket: str, document: Document, *, validate: bool) -> None:
        """Replace the bucket's notification configuration.

        With `validate`, S3 first sends `s3:TestEvent` to each destination; RejectedError where it cannot.
        """


class S3Notifications:
    """`BucketNotifications` over the SDK.

    Args:
        client: an S3 client.
        account: the account that must own the bucket: the queue's.
    """

    def __init__(self, client: "S3Client", account: str) -> None:
        self._client = client
        self._account = account
        # The SDK drops what its model does not know; writing back would then delete it.
        client.meta.events.register(
            "before-parse.s3.GetBucketNotificationConfiguration", _refuse_unknown_elements
        )

    def region(self, bucket: str) -> str | None:
        """Return the bucket's region, None where S3 does not say; errors as the protocol has them."""
        # HEAD names the region even when it refuses the caller, so no permission is needed for it.
        try:
            answer: Mapping[str, Any] = self._client.head_bucket(Bucket=bucket)
        except ClientError as error:
            if _code(error) in _GONE:
                raise _explained(error, bucket) from error
            answer = error.response
        except (HTTPClientError, NoConnectionError) as error:
            raise _unsettled(error, bucket) from error
        headers: Mapping[str, str] = answer["ResponseMetadata"].get("HTTPHeaders", {})
        return headers.get("x-amz-bucket-region")

    def read(self, bucket: str) -> Document:
        """Return the bucket's notification configuration as the SDK gives it.

        Raises UnreachableError where the bucket is gone, forbidden or another account's, RefusedError where the
        configuration holds what would be lost on writing, UnsettledError where another try may work.
        """
        try:
            answer = self._client.get_bucket_notification_configuration(
                Bucket=bucket, ExpectedBucketOwner=self._account
            )
        except ClientError as error:
            if _code(error) in _FORBIDDEN and self._readable_without_owner(bucket):
                raise UnreachableError(
                    f"bucket {bucket!r} is not of account {self._account}, the queue's: deploy a stack "
                    "there, or bring its events over with SNS or EventBridge",
                ) from error
            raise _explained(error, bucket) from error
        except (HTTPClientError, NoConnectionError) as error:
            raise _unsettled(error, bucket) from error
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    def write(self, bucket: str, document: Document, *, validate: bool) -> None:
        """Replace the bucket's notification configuration; `validate` lets S3 test each destination first.

        Raises RejectedError where a test event cannot be sent, else errors as `read` does.
        """
        configuration: Any = document  # it was read as the SDK gives it
        try:
            self._client.put_bucket_notification_configuration(
                Bucket=bucket,
                NotificationConfiguration=configuration,
                ExpectedBucketOwner=self._account,
                SkipDestinationValidation=not validate,
            )
        except ClientError as error:
            raise _explained(error, bucket) from error
        except (HTTPClientError, NoConnectionError) as error:
            raise _unsettled(error, bucket) from error

    def _readable_without_owner(self, bucket: str) -> bool:
        """Whether the bucket opens to us when its owner is not asked about: then it is another account's."""
        try:
            self._client.get_bucket_notification_configuration(Bucket=bucket)
        except (ClientError, HTTPClientError, NoConnectionError):
            return False
        return True


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def _unsettled(error: HTTPClientError | NoConnectionError, bucket: str) -> UnsettledError:
    return UnsettledError(f"bucket {bucket!r}: S3 did not answer ({error}); run it again")


def _explained(error: ClientError, bucket: str) -> SubscriptionError:
    """Put an error of S3 in our words (S3 API reference, Error responses)."""
    code = _code(error)
    detail: Mapping[str, Any] = error.response.get("Error", {})
    message = detail.get("Message", "")
    if code in _GONE:
        hint = "" if bucket == bucket.lower() else " (those made since March 2018 hold no capitals)"
        return UnreachableError(f"no bucket {bucket!r}; check its name{hint}")
    if code in _FORBIDDEN:
        return UnreachableError(
            f"no access to the notification of bucket {bucket!r}: allow s3:GetBucketNotification and "
            "s3:PutBucketNotification on it; a bucket of another account cannot be connected",
            denied=True,
        )
    if code in _PASSING:
        return UnsettledError(f"bucket {bucket!r}: S3 answered {code}: {message}; run it again")
    if code == "InvalidArgument" and "validate the following destination" in message:
        # S3 names the destinations in fields of their own, ArgumentName1 and on; emulators do in the message.
        named = [str(value) for name, value in detail.items() if name.startswith("Argument")]
        arns = _ARN.findall(" ".join([message, *named]))
        where = ", ".join(named or arns) or "the queue"
        line = f"bucket {bucket!r}: S3 could not send its test event to {where}; check its policy and its key"
        return RejectedError(line, arns)
    return RefusedError(f"bucket {bucket!r}: S3 refused {error.operation_name}: {code}: {message}")


def _refuse_unknown_elements(response_dict: Mapping[str, Any], **_: Any) -> None:
    if response_dict["status_code"] >= 300 or not response_dict["body"]:  # noqa: PLR2004  HTTP's own number
        return
    root = ET.fromstring(response_dict["body"])  # noqa: S314  from S3, over TLS
    unknown = {each.tag.rpartition("}")[2] for top in root for each in top.iter()} - _KNOWN_ELEMENTS
    if unknown:
        raise RefusedError(
            f"the bucket's notification holds {', '.join(sorted(unknown))}, which this version does not know "
            "and would lose on writing; update cloudfront-invalidator",
        )
