"""What CloudFormation asks of the custom resource, read from its event.

AWS CloudFormation user guide: crpg-ref-requests. Properties arrive as strings and lists of strings.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bucket_subscription.errors import RefusedError
from bucket_subscription.key_filter import KeyFilter, asked_filter
from bucket_subscription.names import QueueArn, check_bucket_name, check_bucket_names, read_queue_arn
from bucket_subscription.owner import ACL_EVENT, EVENTS, Owner

_STACK_ID = re.compile(
    r"arn:aws[a-z-]*:cloudformation:[a-z0-9-]+:(?P<account>\d{12}):stack/(?P<name>[\w-]+)/.+"
)


KeysByBucket = Mapping[str, tuple[KeyFilter, ...]]
ALL_KEYS = (KeyFilter(),)


# A physical id holds 1,024 characters (CloudFormation user guide, crpg-ref-responses); bucket names hold no slash.
_LONGEST_ID = 1024
_FAILED = ".failed"


@dataclass(frozen=True, slots=True)
class Properties:
    """What the template says.

    Attributes:
        buckets: the buckets to connect, each with the keys that it is to send.
        eventbridge_buckets: the buckets whose events go to EventBridge.
        queue: the stack's queue.
    """

    buckets: KeysByBucket
    eventbridge_buckets: tuple[str, ...]
    queue: QueueArn


def read_properties(raw: Mapping[str, Any]) -> Properties:
    """Return the properties. Raises RefusedError for what a person must mend in the stack's parameters."""
    queue = raw.get("QueueArn")
    if not isinstance(queue, str):
        raise RefusedError("property QueueArn is missing; the template must give the queue's ARN")
    return Properties(
        read_wishes(raw), check_bucket_names(named_buckets(raw, "EventBridgeBuckets")), read_queue_arn(queue)
    )


def read_wishes(raw: Mapping[str, Any]) -> KeysByBucket:
    """Return the buckets to connect, each with the keys that it is to send: all, unless BucketFilters names it.

    Raises RefusedError for what a person must mend in the stack's parameters.
    """
    buckets = check_bucket_names(named_buckets(raw, "Buckets"))
    filters: dict[str, list[KeyFilter]] = {}
    for each in named_buckets(raw, "BucketFilters"):
        bucket, keys = _read_filter(each)
        if bucket not in buckets:
            raise RefusedError(f"BucketFilters names {bucket!r}, which Buckets does not name; add it there")
        _refuse_overlap(bucket, keys, filters.setdefault(bucket, []))
        filters[bucket].append(keys)
    return {bucket: tuple(filters.get(bucket, ALL_KEYS)) for bucket in buckets}


def wishes_before(raw: Mapping[str, Any]) -> KeysByBucket:
    """Return what properties that may be wrong asked for: where they cannot be read, nothing was ever connected."""
    try:
        return read_wishes(raw)
    except RefusedError:
        return {}


def named_buckets(raw: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return what a property lists, unchecked. Raises RefusedError for what is no list of names.

    An empty CommaDelimitedList arrives as one empty string.
    """
    value = raw.get(name, [])
    listed = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise RefusedError(f"property {name} is no list of bucket names")
    return tuple(each.strip() for each in listed if each.strip())


def _read_filter(text: str) -> tuple[str, KeyFilter]:
    """Read one of BucketFilters: `my-site=public/*.html`, a prefix and a suffix around an asterisk."""
    bucket, equals, keys = text.partition("=")
    prefix, _, suffix = keys.partition("*")
    if not equals or not prefix + suffix:
        raise RefusedError(
            f"BucketFilters: {text!r} is no filter; write BUCKET=PREFIX*SUFFIX, such as my-site=public/*.html"
        )
    return check_bucket_name(bucket), asked_filter(prefix, suffix)


def _refuse_overlap(bucket: str, keys: KeyFilter, others: Sequence[KeyFilter]) -> None:
    twice = next((other for other in others if other.overlaps(keys)), None)
    if twice is not None:
        raise RefusedError(
            f"BucketFilters: two filters of {bucket!r} overlap ({twice}; {keys}), and S3 gives an event to one only"
        )


def properties_of(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return one of the event's sets of properties. Raises RefusedError where it is none."""
    value = event.get(name, {})
    if not isinstance(value, Mapping):
        raise RefusedError(f"{name} are no properties")
    return value


def stack_of(event: Mapping[str, Any]) -> tuple[Owner, str]:
    """Return whose entries the event is about, and the stack's account. Raises RefusedError for no id of a stack."""
    stack_id = event.get("StackId")
    match = _STACK_ID.fullmatch(stack_id) if isinstance(stack_id, str) else None
    if match is None:
        raise RefusedError(f"{stack_id!a} is no id of a stack")
    queues = (
        properties_of(event, name).get("QueueArn") for name in ("ResourceProperties", "OldResourceProperties")
    )
    asks_for_acls = properties_of(event, "ResourceProperties").get("AclChanges") == "yes"
    owner = Owner(
        match["name"],
        tuple(arn for arn in queues if isinstance(arn, str)),
        (*EVENTS, ACL_EVENT) if asks_for_acls else EVENTS,
    )
    return owner, match["account"]


def physical_id(event: Mapping[str, Any], status: str, left: Sequence[str]) -> str:
    """Return the id to answer with.

    It is the same for the resource's whole life: another one after an Update would have the old one deleted, and so
    every bucket disconnected. A Create that failed gets an id of its own, in which `left` names the buckets that it
    could not put back: CloudFormation deletes that id next, and what was there before must stay.
    """
    given = event.get("PhysicalResourceId")
    if isinstance(given, str) and given:
        return given
    name = f"bucket-subscriptions-{event.get('LogicalResourceId', '')}"
    if event.get("RequestType") == "Delete" or status == "SUCCESS":
        return name
    failed = name + _FAILED
    for bucket in left:
        if len(failed) + 1 + len(bucket) <= _LONGEST_ID:
            failed = f"{failed}/{bucket}"
    return failed


def left_by_failed_create(event: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the buckets that the Create of this id could not put back; None where it did not fail."""
    name, *left = str(event.get("PhysicalResourceId", "")).split("/")
    return tuple(left) if name.endswith(_FAILED) else None
