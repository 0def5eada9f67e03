"""Names as people and stacks give them: an SQS queue's ARN, taken apart, and buckets' names."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from bucket_subscription.errors import RefusedError

# S3 user guide, bucketnamingrules: those made in us-east-1 before March 2018 may hold capitals, underscores and 255
# characters.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}")
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


def check_bucket_name(name: str) -> str:
    """Return the name. Raises RefusedError for one that no bucket can have."""
    if name.startswith(("arn:", "s3://")):
        raise RefusedError(f"{name!r} is no bucket name; give the bare name, without arn: or s3://")
    if not _BUCKET.fullmatch(name):
        raise RefusedError(f"{name!r} is no bucket name: 3 to 63 of a-z, 0-9, dots and hyphens")
    return name


def check_bucket_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names. Raises RefusedError for a name no bucket can have, and for one given twice."""
    checked = tuple(check_bucket_name(name) for name in names)
    twice = [name for name, times in Counter(checked).items() if times > 1]
    if twice:
        raise RefusedError(f"bucket {twice[0]!r} is named twice; name it once")
    return checked
