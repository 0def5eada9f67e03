"""The fields of a queue message's body that anybody here needs, whichever road it came.

One permissive form for all roads, so that a body is parsed once: what it does not name is skipped by the parser and
never becomes Python objects.
"""

from typing import Annotated

from pydantic import FailFast
from typing_extensions import TypedDict  # pydantic asks for it before Python 3.12

# A message may hold half a million items: the first bad one is enough to know.
_First = FailFast()


class _BucketFields(TypedDict, total=False):
    name: str


class _ObjectFields(TypedDict, total=False):
    key: str


class S3Fields(TypedDict, total=False):
    """Which object it was: the same in S3's records and in EventBridge's events."""

    bucket: _BucketFields
    object: _ObjectFields


class RecordFields(TypedDict, total=False):
    """One of S3's records: what happened to one object."""

    eventVersion: str
    eventSource: str
    eventName: str
    eventTime: str
    s3: S3Fields


class BacklogFields(TypedDict, total=False):
    """A compact message of the worker's own (`backlog`), in either form."""

    invalidator: int
    distribution: str
    buckets: Annotated[tuple[str, ...], _First]
    paths: Annotated[dict[str, float], _First]
    bucket: str
    keys: Annotated[dict[str, float], _First]
    attempts: int
    reason: str


# "detail-type" is no name that a class could give a field.
_EventBridgeFields = TypedDict("_EventBridgeFields", {"detail-type": str}, total=False)


class BodyFields(BacklogFields, _EventBridgeFields, total=False):
    """A whole body: S3's records or greeting, SNS's envelope, EventBridge's event, or a compact message."""

    Records: Annotated[list[RecordFields], _First]
    Event: str
    Type: str
    Message: str
    source: str
    time: str
    detail: S3Fields
