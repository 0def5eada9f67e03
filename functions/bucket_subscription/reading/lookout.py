"""Looks whether a bucket's changes come to the queue as they are wished, by whatever road; writes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bucket_subscription.bucket_notifications import BucketNotifications
from bucket_subscription.document import Document, Entry, describe, entries, sends_to_eventbridge
from bucket_subscription.errors import RefusedError, SubscriptionError
from bucket_subscription.names import QueueArn
from bucket_subscription.owner import ACL_EVENT, Owner
from bucket_subscription.policy import EVENTBRIDGE, SNS, Caller
from bucket_subscription.queue_access import QueueAccess, bucket_caller
from bucket_subscription.reading.bucket_watch import BucketWatch, joined, unread
from bucket_subscription.reading.roads import ACL_UPDATED, CREATED, DELETED, Roads, Rule
from bucket_subscription.wishes.wish import Maker, Road, Wish

# What lies in a bucket's notification is told up to so many entries.
_MOST_TOLD = 3
# Puts back what is the stack's own beside the notifications: its rule, and what lets senders in to its queue. The watch
# only tells of those: who may write a queue's policy may let anybody in, and a function that runs by itself may not.
MENDS = "invalidator check --repair --yes"


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look came to.

    Attributes:
        watch: how the bucket stands.
        document: its notification, None where it could not be read.
    """

    watch: BucketWatch
    document: Document | None


class Wrong(NamedTuple):
    """What keeps a bucket's changes from coming, and the first command; "" for the one that connects it as wished."""

    text: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Lookout:
    """Looks at buckets, for one stack.

    Attributes:
        owner: whose entries are ours.
        queue: the stack's queue.
        notifications: S3.
        access: SQS and KMS.
        roads: EventBridge and SNS.
    """

    owner: Owner
    queue: QueueArn
    notifications: BucketNotifications
    access: QueueAccess
    roads: Roads

    def look(self, bucket: str, wishes: Sequence[Wish]) -> Looked:
        """Look at a bucket. What cannot be asked makes it unknown; nothing is raised."""
        roads = ", ".join(dict.fromkeys(str(wish) for wish in wishes))
        try:
            document = self.notifications.read(bucket)
        except RefusedError as error:
            # A bucket that is gone, another account's, or closed to us: its changes may be lost, and nobody can tell.
            fix = f"invalidator bucket list {bucket}"
            return Looked(BucketWatch(bucket, roads, (str(error),), fix), None)
        except SubscriptionError as error:
            return Looked(unread(bucket, roads, str(error)), None)
        looks, unknown = [], ""
        for wish in wishes:
            try:
                looks.append(self.judge(wish, document))
            except SubscriptionError as error:
                unknown = unknown or str(error)
        if unknown and not any(each.wrong for each in looks):
            return Looked(unread(bucket, roads, unknown), document)
        return Looked(joined(bucket, looks), document)

    def learn(self, bucket: str, document: Document) -> list[Wish]:
        """Return by which roads a bucket's changes come now, though nobody told that they should."""
        found = []
        for entry in entries(document):
            if entry.arn == self.queue.arn:
                own = self.owner.owns(entry.id, entry.arn)
                maker = Maker.PERSON if own else Maker.LEARNED
                found.append(Wish(bucket, Road.QUEUE, maker, entry.keys, entry.events))
            elif entry.arn in self.roads.topics:
                found.append(Wish(bucket, Road.TOPIC, Maker.LEARNED, entry.keys, entry.events, entry.arn))
        if (
            sends_to_eventbridge(document)
            and self._working(bucket, DELETED)
            and self._working(bucket, CREATED)
        ):
            found.append(Wish(bucket, Road.EVENTBRIDGE, Maker.LEARNED))
        return found

    def judge(self, wish: Wish, document: Document) -> BucketWatch:
        """Say how a bucket with this notification stands by one wish. Raises SubscriptionError where none can tell."""
        wrong = {Road.QUEUE: self._queue, Road.EVENTBRIDGE: self._eventbridge, Road.TOPIC: self._topic}
        found: list[Wrong] = []
        try:
            found.extend(wrong[wish.road](wish, document))
        except SubscriptionError:
            # What is seen to be wrong already is so, whatever else could not be asked.
            if not found:
                raise
        lines = tuple(each.text for each in found)
        return BucketWatch(wish.bucket, str(wish), lines, found[0].fix or _fix(wish) if found else "")

    def _queue(self, wish: Wish, document: Document) -> Iterator[Wrong]:
        yield from self._entries(wish, document, self.queue.arn, "the queue")
        yield from self._kept_out(bucket_caller(self.queue, wish.bucket))

    def _kept_out(self, caller: Caller) -> Iterator[Wrong]:
        kept_out = self.access.keeps_out(self.queue, caller)
        if kept_out is not None:
            yield Wrong(kept_out.text, MENDS if kept_out.by_policy else "invalidator check")

    def _topic(self, wish: Wish, document: Document) -> Iterator[Wrong]:
        yield from self._entries(wish, document, wish.through, f"topic {_short(wish.through)}")
        topic = self.roads.topics.get(wish.through)
        if topic is None:
            text = f"topic {wish.through} is not among TopicArns any more: the queue does not let it in"
            yield Wrong(text, "make deploy")
            return
        if not topic.subscribed:
            yield Wrong(
                f"the queue's subscription of topic {_short(wish.through)} is gone, or not confirmed",
                f"aws sns subscribe --topic-arn {topic.arn} --protocol sqs --notification-endpoint {self.queue.arn}",
            )
        yield from self._kept_out(Caller(self.queue.account, topic.arn, SNS))

    def _entries(self, wish: Wish, document: Document, arn: str, where: str) -> Iterator[Wrong]:
        """What of the wished keys and events no entry to a destination takes."""
        leading = [each for each in entries(document) if each.arn == arn]
        taking = [each for each in leading if each.keys.covers(wish.keys)]
        missing = [event for event in wish.events if not any(_takes(each, event) for each in taking)]
        if not missing:
            return
        alike = next(
            (each for each in entries(document) if self.owner.names(each.id) and each.arn != arn), None
        )
        if taking:
            entry = taking[0]
            yield Wrong(f"entry {entry.id} to {where} lacks {', '.join(missing)}")
        elif leading:
            there = "; ".join(str(each.keys) for each in leading[:_MOST_TOLD])
            yield Wrong(f"no entry takes {wish.keys} to {where} any more, only {there}")
        elif alike is not None and wish.road is Road.QUEUE:
            yield Wrong(f"entry {alike.id} is called as ours, but sends to {alike.arn}")
        else:
            yield Wrong(f"its notification holds no entry to {where} any more{_instead(document)}")

    def _eventbridge(self, wish: Wish, document: Document) -> Iterator[Wrong]:
        if not sends_to_eventbridge(document):
            yield Wrong("its delivery to EventBridge is switched off")
        wanted = [CREATED, DELETED, *([ACL_UPDATED] if ACL_EVENT in wish.events else [])]
        lost = [each for each in wanted if not self._working(wish.bucket, each)]
        if lost:
            yield self._why_no_rule(wish, lost)
            return
        for rule in {each.arn: each for kind in wanted for each in self._working(wish.bucket, kind)}.values():
            yield from self._kept_out(Caller(self.queue.account, rule.arn, EVENTBRIDGE))

    def _working(self, bucket: str, detail_type: str) -> list[Rule]:
        return [
            rule
            for rule in self.roads.rules
            if rule.enabled and rule.targeted and rule.takes(bucket, detail_type)
        ]

    def _why_no_rule(self, wish: Wish, lost: Sequence[str]) -> Wrong:
        mends = MENDS if wish.maker is Maker.STACK else ""
        for rule in self.roads.rules:
            if rule.takes(wish.bucket, lost[0]):
                if not rule.enabled:
                    fix = MENDS if rule.own else f"aws events enable-rule --name {rule.name}"
                    return Wrong(f"EventBridge rule {rule.name} is disabled", fix)
                if not rule.targeted:
                    return Wrong(f"EventBridge rule {rule.name} does not send to the queue any more", mends)
        named = next((rule.name for rule in self.roads.rules if rule.own), "")
        of_it = f"; the pattern of rule {named} does not" if named else "; the stack's rule is gone"
        way = "name the bucket in EventBridgeBuckets and deploy, or make a rule of yours"
        return Wrong(
            f"no EventBridge rule takes {', '.join(lost)} of this bucket to the queue{of_it}: {way}", mends
        )


def _fix(wish: Wish) -> str:
    if wish.maker is Maker.STACK:
        return "invalidator check --repair"
    options = "".join(
        f" --{name} {value!r}"
        for name, value in (("prefix", wish.keys.prefix), ("suffix", wish.keys.suffix))
        if value
    )
    if wish.road is Road.EVENTBRIDGE:
        return f"invalidator bucket connect {wish.bucket} --eventbridge"
    return f"invalidator bucket connect {wish.bucket}{options}"


def _takes(entry: Entry, event: str) -> bool:
    """Whether the entry takes every event of this type."""
    return any(
        each == event or (each.endswith(":*") and event.startswith(each[:-1])) for each in entry.events
    )


def _instead(document: Document) -> str:
    there = entries(document)
    if not there:
        return "; it is empty now" if not sends_to_eventbridge(document) else "; it holds no entry at all now"
    more = f" and {len(there) - _MOST_TOLD} more" if len(there) > _MOST_TOLD else ""
    return f"; it holds now: {'; '.join(describe(each) for each in there[:_MOST_TOLD])}{more}"


def _short(arn: str) -> str:
    return arn.rpartition(":")[2]
