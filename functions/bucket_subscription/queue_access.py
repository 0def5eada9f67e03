"""The queue's side: what its policy and its key say of S3, and how many messages it holds."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from bucket_subscription.errors import RefusedError, UnsettledError
from bucket_subscription.names import QueueArn
from bucket_subscription.policy import Caller, Verdict, verdict

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

_COUNTS: tuple["QueueAttributeNameType", ...] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
)
_MISSING = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
_FORBIDDEN = {"AccessDenied", "AccessDeniedException", "403"}


class QueueAccess(Protocol):
    """What the subscription needs of SQS and KMS."""

    def problem(self, queue: QueueArn, bucket: str) -> str | None:
        """Return why S3 cannot send the bucket's events to the queue, and the fix; None if nothing says so.

        Raises RefusedError for no such queue.
        """

    def doubts(self) -> tuple[str, ...]:
        """Return what could not be checked, each with the reason."""

    def messages(self, queue: QueueArn) -> int | None:
        """Return how many messages the queue holds, about; None where that may not be asked."""


class SqsQueueAccess:
    """`QueueAccess` over the SDK.

    Args:
        sqs: an SQS client.
        kms: makes a KMS client, only where the queue has a customer key.
    """

    def __init__(self, sqs: "SQSClient", kms: Callable[[], "KMSClient"]) -> None:
        self._sqs = sqs
        self._kms = kms
        self._doubts: dict[str, None] = {}

    def doubts(self) -> tuple[str, ...]:
        """Return what could not be checked so far, each once, with the reason."""
        return tuple(self._doubts)

    def problem(self, queue: QueueArn, bucket: str) -> str | None:
        """Return why the queue's policy or key keeps S3 out, and the fix; None if nothing says so.

        What may not be read becomes a doubt. Raises RefusedError for no such queue, UnsettledError where SQS does
        not answer.
        """
        attributes = self._attributes(queue, ("Policy", "KmsMasterKeyId"))
        if attributes is None:
            self._doubts[
                f"the policy of queue {queue.name} could not be read (allow sqs:GetQueueAttributes)"
            ] = None
            return None
        caller = Caller(queue.account, f"arn:{queue.partition}:s3:::{bucket}")
        said = verdict(attributes.get("Policy"), "sqs:SendMessage", caller, queue.arn)
        if said is Verdict.REFUSED:
            return (
                f"the policy of queue {queue.name} does not let S3 send for bucket {bucket!r}: allow "
                f"principal s3.amazonaws.com sqs:SendMessage, with aws:SourceAccount {queue.account} and "
                f"ArnLike aws:SourceArn {caller.bucket_arn}"
            )
        if said is Verdict.UNSURE:
            self._doubts[f"the policy of queue {queue.name} has conditions that only AWS can judge"] = None
        key = attributes.get("KmsMasterKeyId")
        return self._key_problem(key, caller) if key else None

    def messages(self, queue: QueueArn) -> int | None:
        """Return how many messages wait or are in flight, about; None where that may not be asked."""
        attributes = self._attributes(queue, _COUNTS)
        return None if attributes is None else sum(int(attributes.get(name, 0)) for name in _COUNTS)

    def _attributes(
        self, queue: QueueArn, names: Iterable["QueueAttributeNameType"]
    ) -> dict[str, str] | None:
        try:
            # The URL by its form (SQS developer guide, queue identifiers): asking for it takes one more permission.
            url = f"{self._sqs.meta.endpoint_url}/{queue.account}/{queue.name}"
            answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in _MISSING:
                raise RefusedError(f"no queue {queue.arn}; is the stack deployed?") from error
            if code in _FORBIDDEN:
                return None
            raise UnsettledError(f"SQS answered {code} for queue {queue.name}; run it again") from error
        except (HTTPClientError, NoConnectionError) as error:
            raise UnsettledError(f"SQS did not answer ({error}); run it again") from error
        return {str(name): value for name, value in answer.get("Attributes", {}).items()}

    def _key_problem(self, key: str, caller: Caller) -> str | None:
        if key.endswith("alias/aws/sqs"):
            return (
                "the queue is encrypted with the AWS managed key alias/aws/sqs, which S3 cannot use: "
                "use SSE-SQS, or a customer key (stack parameter)"
            )
        try:
            kms = self._kms()
            # GetKeyPolicy takes an id or an ARN (KMS API reference). Only an alias must be looked up, which is one
            # more permission; the stack's role has it not, for the stack names its key by ARN.
            key_id = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyId"] if "alias/" in key else key
            policy = kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]
        except (ClientError, HTTPClientError, NoConnectionError) as error:
            self._doubts[
                f"the policy of key {key} could not be read ({error}); it must let s3.amazonaws.com use "
                "kms:GenerateDataKey and kms:Decrypt"
            ] = None
            return None
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            said = verdict(policy, action, caller)
            if said is Verdict.REFUSED:
                return (
                    f"the policy of key {key} does not let S3 use {action}: allow principal s3.amazonaws.com "
                    "kms:GenerateDataKey and kms:Decrypt"
                )
            if said is Verdict.UNSURE:
                self._doubts[f"the policy of key {key} has conditions that only AWS can judge"] = None
        return None
