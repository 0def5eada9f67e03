"""The queue's side: what its policy and its key say of S3, and how many messages it holds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from bucket_subscription.errors import RefusedError, UnsettledError
from bucket_subscription.names import QueueArn
from bucket_subscription.policy import EVENTBRIDGE, S3, SNS, Caller, Verdict, verdict

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

_COUNTS: tuple["QueueAttributeNameType", ...] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
)
_NO_KEY = "NotFoundException"
_MISSING = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
_FORBIDDEN = {"AccessDenied", "AccessDeniedException", "403"}
_NAMES = {S3: "S3", SNS: "SNS", EVENTBRIDGE: "EventBridge"}
_KINDS = {S3: "bucket", SNS: "topic", EVENTBRIDGE: "rule"}


@dataclass(frozen=True, slots=True)
class KeptOut:
    """Why a sender cannot send to the queue.

    Attributes:
        text: for people, with the fix.
        by_policy: whether the queue's own policy keeps it out, which `check --repair` can mend; else its key.
    """

    text: str
    by_policy: bool = False


class QueueAccess(Protocol):
    """What the subscription needs of SQS and KMS."""

    def problem(self, queue: QueueArn, bucket: str) -> str | None:
        """Return why S3 cannot send the bucket's events to the queue, and the fix; None if nothing says so.

        Raises RefusedError for no such queue.
        """

    def keeps_out(self, queue: QueueArn, caller: Caller) -> KeptOut | None:
        """Return why any sender, a bucket, a topic or a rule, cannot send; likewise."""

    def doubts(self) -> tuple[str, ...]:
        """Return what could not be checked, each with the reason."""

    def messages(self, queue: QueueArn) -> int | None:
        """Return how many messages the queue holds, about; None where that may not be asked."""


class SqsQueueAccess:
    """`QueueAccess` over the SDK.

    Args:
        sqs: an SQS client.
        kms: makes a KMS client, only where the queue has a customer key.
        key_state: whether the key is asked whether it is enabled, which takes one more permission.
    """

    def __init__(self, sqs: "SQSClient", kms: Callable[[], "KMSClient"], *, key_state: bool = False) -> None:
        self._sqs = sqs
        self._kms = kms
        self._key_state = key_state
        self._doubts: dict[str, None] = {}

    def doubts(self) -> tuple[str, ...]:
        """Return what could not be checked so far, each once, with the reason."""
        return tuple(self._doubts)

    def problem(self, queue: QueueArn, bucket: str) -> str | None:
        """Return why the queue's policy or key keeps S3 out, and the fix; None if nothing says so.

        What may not be read becomes a doubt. Raises RefusedError for no such queue, UnsettledError where SQS does
        not answer.
        """
        kept_out = self.keeps_out(queue, bucket_caller(queue, bucket))
        return None if kept_out is None else kept_out.text

    def keeps_out(self, queue: QueueArn, caller: Caller) -> KeptOut | None:
        """Return why the queue's policy or key keeps a sender out, and the fix; None if nothing says so.

        As `problem`, for SNS and EventBridge too.
        """
        attributes = self._attributes(queue, ("Policy", "KmsMasterKeyId"))
        if attributes is None:
            self._doubts[
                f"the policy of queue {queue.name} could not be read (allow sqs:GetQueueAttributes)"
            ] = None
            return None
        said = verdict(attributes.get("Policy"), "sqs:SendMessage", caller, queue.arn)
        if said is Verdict.REFUSED:
            name, source = _NAMES[caller.service], caller.source_arn.rpartition(":")[2]
            account = f"aws:SourceAccount {queue.account} and " if caller.service == S3 else ""
            return KeptOut(
                f"the policy of queue {queue.name} does not let {name} send for {_KINDS[caller.service]} {source!r}: "
                f"allow principal {caller.service} sqs:SendMessage, with {account}"
                f"ArnLike aws:SourceArn {caller.source_arn}",
                by_policy=True,
            )
        if said is Verdict.UNSURE:
            self._doubts[f"the policy of queue {queue.name} has conditions that only AWS can judge"] = None
        key = attributes.get("KmsMasterKeyId")
        problem = self._key_problem(key, caller) if key else None
        return None if problem is None else KeptOut(problem)

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
            code = _code(error)
            if code in _MISSING:
                raise RefusedError(f"no queue {queue.arn}; is the stack deployed?") from error
            if code in _FORBIDDEN:
                return None
            raise UnsettledError(f"SQS answered {code} for queue {queue.name}; run it again") from error
        except (HTTPClientError, NoConnectionError) as error:
            raise UnsettledError(f"SQS did not answer ({error}); run it again") from error
        return {str(name): value for name, value in answer.get("Attributes", {}).items()}

    def _key_problem(self, key: str, caller: Caller) -> str | None:
        name = _NAMES[caller.service]
        if key.endswith("alias/aws/sqs"):
            return (
                f"the queue is encrypted with the AWS managed key alias/aws/sqs, which {name} cannot use: "
                "use SSE-SQS, or a customer key (stack parameter)"
            )
        try:
            kms = self._kms()
            key_id = key
            # GetKeyPolicy takes an id or an ARN (KMS API reference). Only an alias must be looked up, which is one
            # more permission; the stack's role has it not, for the stack names its key by ARN.
            if self._key_state or "alias/" in key:
                described = kms.describe_key(KeyId=key)["KeyMetadata"]
                key_id = described["KeyId"]
                if self._key_state and described["KeyState"] != "Enabled":
                    return (
                        f"key {key} of the queue is in state {described['KeyState']}: nobody can send; enable it "
                        "(aws kms enable-key, or cancel-key-deletion first)"
                    )
            policy = kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]
        except (ClientError, HTTPClientError, NoConnectionError) as error:
            if self._key_state and _code(error) == _NO_KEY:
                return f"key {key} of the queue does not exist: nobody can send; give the queue another (KmsKeyArn)"
            self._doubts[
                f"the policy of key {key} could not be read ({error}); it must let {caller.service} use "
                "kms:GenerateDataKey and kms:Decrypt"
            ] = None
            return None
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            said = verdict(policy, action, caller)
            if said is Verdict.REFUSED:
                return (
                    f"the policy of key {key} does not let {name} use {action}: allow principal {caller.service} "
                    "kms:GenerateDataKey and kms:Decrypt"
                )
            if said is Verdict.UNSURE:
                self._doubts[f"the policy of key {key} has conditions that only AWS can judge"] = None
        return None


def bucket_caller(queue: QueueArn, bucket: str) -> Caller:
    """Return S3 as it sends a bucket's events to a queue of the same account."""
    return Caller(queue.account, f"arn:{queue.partition}:s3:::{bucket}")


def _code(error: Exception) -> str:
    return error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
