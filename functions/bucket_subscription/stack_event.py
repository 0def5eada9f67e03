"""What CloudFormation asks of the custom resource, read from its event.

AWS CloudFormation user guide: crpg-ref-requests. Properties arrive as strings and lists of strings.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bucket_subscription.bucket_name import check_bucket_names
from bucket_subscription.errors import RefusedError
from bucket_subscription.names import QueueArn, read_queue_arn
from bucket_subscription.owner import Owner

_STACK_ID = re.compile(
    r"arn:aws[a-z-]*:cloudformation:[a-z0-9-]+:(?P<account>\d{12}):stack/(?P<name>[\w-]+)/.+"
)


@dataclass(frozen=True, slots=True)
class Properties:
    """What the template says.

    Attributes:
        buckets: the buckets to connect.
        eventbridge_buckets: the buckets whose events go to EventBridge.
        queue: the stack's queue.
    """

    buckets: tuple[str, ...]
    eventbridge_buckets: tuple[str, ...]
    queue: QueueArn


def read_properties(raw: Mapping[str, Any]) -> Properties:
    """Return the properties. Raises RefusedError for what a person must mend in the stack's parameters."""
    queue = raw.get("QueueArn")
    if not isinstance(queue, str):
        raise RefusedError("property QueueArn is missing; the template must give the queue's ARN")
    return Properties(
        check_bucket_names(named_buckets(raw, "Buckets")),
        check_bucket_names(named_buckets(raw, "EventBridgeBuckets")),
        read_queue_arn(queue),
    )


def named_buckets(raw: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return the names a property lists, unchecked. Raises RefusedError for what is no list of names.

    An empty CommaDelimitedList arrives as one empty string.
    """
    value = raw.get(name, [])
    listed = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise RefusedError(f"property {name} is no list of bucket names")
    return tuple(each.strip() for each in listed if each.strip())


def properties_of(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return one of the event's sets of properties. Raises RefusedError where it is none."""
    value = event.get(name, {})
    if not isinstance(value, Mapping):
        raise RefusedError(f"{name} are no properties")
    return value


def stack_of(stack_id: object) -> tuple[Owner, str]:
    """Return what is the stack's, and its account. Raises RefusedError for what is no id of a stack."""
    match = _STACK_ID.fullmatch(stack_id) if isinstance(stack_id, str) else None
    if match is None:
        raise RefusedError(f"{stack_id!a} is no id of a stack")
    return Owner(match["name"]), match["account"]
