"""A wish: how a bucket's changes are to come to the queue. It is remembered, so that a loss can be seen and mended."""

from dataclasses import dataclass
from enum import StrEnum

from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.owner import EVENTS


class Road(StrEnum):
    """By which way changes come."""

    QUEUE = "queue"
    EVENTBRIDGE = "eventbridge"
    TOPIC = "topic"


class Maker(StrEnum):
    """Who connected the bucket: the stack's parameters, a person, or nobody that we know: it was learned."""

    STACK = "stack"
    PERSON = "person"
    LEARNED = "learned"


@dataclass(frozen=True, slots=True, order=True)
class Wish:
    """That some keys of a bucket come by a road.

    Attributes:
        bucket: its name.
        road: by which way.
        maker: who wants it.
        keys: which keys; all for EventBridge, whose switch knows no filter.
        events: which of S3's events, in S3's names.
        through: ARN of the topic, where it comes through one; else "".
    """

    bucket: str
    road: Road
    maker: Maker
    keys: KeyFilter = KeyFilter()  # noqa: RUF009  it is frozen: all may share it
    events: tuple[str, ...] = EVENTS
    through: str = ""

    def __str__(self) -> str:
        return ROADS[self.road, self.maker]


ROADS = {
    (Road.QUEUE, Maker.STACK): "parameter Buckets",
    (Road.QUEUE, Maker.PERSON): "bucket connect",
    (Road.QUEUE, Maker.LEARNED): "another tool's entry",
    (Road.EVENTBRIDGE, Maker.STACK): "parameter EventBridgeBuckets",
    (Road.EVENTBRIDGE, Maker.PERSON): "bucket connect --eventbridge",
    (Road.EVENTBRIDGE, Maker.LEARNED): "EventBridge",
    (Road.TOPIC, Maker.STACK): "parameter TopicArns",
    (Road.TOPIC, Maker.PERSON): "SNS topic",
    (Road.TOPIC, Maker.LEARNED): "SNS topic",
}
