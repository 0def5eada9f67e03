"""An SQS queue's ARN, taken apart."""

import re
from dataclasses import dataclass

from bucket_subscription.errors import RefusedError

_FORM = re.compile(r"arn:(aws[a-z-]*):sqs:([a-z0-9-]+):(\d{12}):([A-Za-z0-9_-]{1,80})(\.fifo)?")


@dataclass(frozen=True, slots=True)
class QueueArn:
    """Where the queue is.

    Attributes:
        arn: the whole ARN.
        partition: such as "aws" or "aws-cn".
        region: such as "eu-west-1".
        account: twelve digits.
        name: the queue's name.
    """

    arn: str
    partition: str
    region: str
    account: str
    name: str


def read_queue_arn(arn: str) -> QueueArn:
    """Return the ARN's parts. Raises RefusedError for what is no ARN of a standard queue."""
    match = _FORM.fullmatch(arn)
    if match is None:
        raise RefusedError(f"{arn!r} is no ARN of an SQS queue; take the stack's output QueueArn")
    partition, region, account, name, fifo = match.groups()
    if fifo:
        raise RefusedError(
            f"queue {name + fifo} is a FIFO queue, to which S3 cannot send; use a standard queue"
        )
    return QueueArn(arn, partition, region, account, name)
