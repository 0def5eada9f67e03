"""Tries every bucket that a deployment would connect, before CloudFormation begins."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from bucket_subscription.bucket_notifications import S3Notifications
from bucket_subscription.deployment import steps
from bucket_subscription.errors import RefusedError, SubscriptionError, UnreachableError
from bucket_subscription.names import QueueArn, read_queue_arn
from bucket_subscription.owner import Owner
from bucket_subscription.policy import Caller
from bucket_subscription.queue_access import KeptOut
from bucket_subscription.settle import Patience
from bucket_subscription.stack_event import read_properties, wishes_before
from bucket_subscription.subscription import Subscription
from infra.cli.session import Session

_NAMED = ("Buckets", "BucketFilters", "EventBridgeBuckets")


@dataclass(frozen=True, slots=True)
class Tried:
    """What trying came to.

    Attributes:
        refused: bucket (or parameter) → why it cannot be connected.
        untold: bucket → why that could not be tried: the deployment's own role may see more.
    """

    refused: dict[str, str] = field(default_factory=dict)
    untold: dict[str, str] = field(default_factory=dict)


class _NotYet:
    """The queue's policy and key are the deployment's own: they are not looked at before it."""

    def problem(self, queue: QueueArn, bucket: str) -> str | None:  # noqa: ARG002  the port's signature
        return None

    def keeps_out(self, queue: QueueArn, caller: Caller) -> KeptOut | None:  # noqa: ARG002  the port's signature
        return None

    def doubts(self) -> tuple[str, ...]:
        return ()

    def messages(self, queue: QueueArn) -> int | None:  # noqa: ARG002  the port's signature
        return None


def stack_parameters(session: Session) -> dict[str, str]:
    """Return the parameters of the stack as it stands, {} where there is none."""
    try:
        found = session.client("cloudformation").describe_stacks(StackName=session.stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return {}
    return {each["ParameterKey"]: each.get("ParameterValue", "") for each in found[0].get("Parameters", [])}


def try_buckets(session: Session, wanted: Mapping[str, str], before: Mapping[str, str]) -> Tried:
    """Look whether each bucket could be connected, and write nothing.

    Args:
        session: where.
        wanted: the parameters that the stack will have.
        before: those that it has.
    """
    tried = Tried()
    if not any(wanted.get(name) for name in _NAMED):
        return tried
    queue = _queue(session)
    try:
        properties = read_properties(
            {**{name: wanted.get(name, "") for name in _NAMED}, "QueueArn": queue.arn}
        )
    except RefusedError as error:
        tried.refused["parameters"] = str(error)
        return tried
    client: Any = session.client("s3")
    subscription = Subscription(
        Owner(session.stack, (queue.arn,)),
        S3Notifications(client, queue.account),
        _NotYet(),
        lambda: Patience(time.monotonic(), time.monotonic, time.sleep),
        lambda _: None,
        dry_run=True,
    )
    for bucket, step in steps(properties, wishes_before(before), subscription):
        try:
            step()
        except UnreachableError as error:
            (tried.untold if error.denied else tried.refused)[bucket] = str(error)
        except RefusedError as error:
            tried.refused[bucket] = str(error)
        except SubscriptionError as error:
            tried.untold[bucket] = str(error)
    return tried


def _queue(session: Session) -> QueueArn:
    """The stack's queue: by the name that the template gives it."""
    caller = session.client("sts").get_caller_identity()
    partition = caller["Arn"].split(":")[1]
    region = session.client("s3").meta.region_name
    return read_queue_arn(f"arn:{partition}:sqs:{region}:{caller['Account']}:{session.stack}-changes")
