"""The fields of a queue message's body that anybody here needs, whichever road it came.

One permissive form for all roads, so that a body is parsed once: what it does not name is skipped by the parser and
never becomes Python objects.
"""

from typing import Annotated

from pydantic import FailFast
from typing_extensions import TypedDict  # pydantic asks for it before Python 3.12

# A message may hold half a million items: the first bad one is enough to know.
_First = FailFast()


class BucketFields(TypedDict, total=False):
    """Whose object it was."""

    name: str


class ObjectFields(TypedDict, total=False):
    """An object in S3's records."""

    key: str
    size: int
    eTag: str
    versionId: str
    sequencer: str


class S3Fields(TypedDict, total=False):
    """Which object it was, in S3's records."""

    bucket: BucketFields
    object: ObjectFields


class RecordFields(TypedDict, total=False):
    """One of S3's records: what happened to one object."""

    eventVersion: str
    eventSource: str
    eventName: str
    eventTime: str
    s3: S3Fields


# Names with a hyphen are none that a class could give a field.
EventObjectFields = TypedDict(
    "EventObjectFields",
    {"key": str, "size": int, "etag": str, "version-id": str, "sequencer": str},
    total=False,
)
DetailFields = TypedDict(
    "DetailFields",
    {"bucket": BucketFields, "object": EventObjectFields, "reason": str, "deletion-type": str},
    total=False,
)


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


_EventBridgeFields = TypedDict("_EventBridgeFields", {"detail-type": str}, total=False)


class BodyFields(BacklogFields, _EventBridgeFields, total=False):
    """A whole body: S3's records or greeting, SNS's envelope, EventBridge's event, or a compact message."""

    Records: Annotated[list[RecordFields], _First]
    Event: str
    Type: str
    Message: str
    source: str
    time: str
    detail: DetailFields
