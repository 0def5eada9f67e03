"""What the bucket commands work with: the stack's subscription, over the SDK, and words for its results."""

import functools
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bucket_subscription.bucket_notifications import S3Notifications
from bucket_subscription.document import Document
from bucket_subscription.errors import SubscriptionError, UnreachableError
from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.names import QueueArn, read_queue_arn
from bucket_subscription.owner import ACL_EVENT, EVENTS, Owner
from bucket_subscription.queue_access import SqsQueueAccess
from bucket_subscription.reading.lookout import Lookout
from bucket_subscription.reading.roads import CREATED, DELETED, AwsRoads
from bucket_subscription.settle import Patience
from bucket_subscription.subscription import Result, Subscription
from bucket_subscription.wishes.wish import Maker, Road, Wish
from infra.cli.bucket.own_rule import own_rule
from infra.cli.bucket.remembering import Memory
from infra.cli.bucket.state import BROKEN, NOT_CONNECTED, UNKNOWN, BucketState, Through, read_state
from infra.cli.printing import print_text
from infra.cli.session import Session, output

_PATIENCE_SECONDS = 15.0
_ARRIVAL_SECONDS = 5.0


class BucketDesk:
    """One stack's hold on buckets, for one run of a command.

    Args:
        session: the shared options.
        dry_run: whether nothing is written.
    """

    def __init__(self, session: Session, *, dry_run: bool) -> None:
        self._session = session
        self._dry_run = dry_run

    @functools.cached_property
    def queue(self) -> QueueArn:
        """The stack's queue."""
        return read_queue_arn(output(self._session, "QueueArn"))

    @functools.cached_property
    def _owner(self) -> Owner:
        """Our entries ask for new ACLs too where the stack's own do (parameter AclChanges)."""
        events = (*EVENTS, ACL_EVENT) if self._session.parameters.get("AclChanges") == "yes" else EVENTS
        return Owner(self._session.stack, (self.queue.arn,), events)

    @functools.cached_property
    def _notifications(self) -> S3Notifications:
        return S3Notifications(self._session.client("s3"), self.queue.account)

    @functools.cached_property
    def _access(self) -> SqsQueueAccess:
        return SqsQueueAccess(self._session.client("sqs"), lambda: self._session.client("kms"))

    @functools.cached_property
    def _subscription(self) -> Subscription:
        return Subscription(
            self._owner,
            self._notifications,
            self._access,
            lambda: patience(_PATIENCE_SECONDS),
            self._show,
            self._dry_run,
        )

    def connect(self, name: str, keys: KeyFilter) -> dict[str, Any]:
        """Connect a bucket; return what became of it, with `validated` and `arrival_seen`."""
        before = self._access.messages(self.queue)
        named = [
            wish.keys
            for wish in self._wishes
            if (wish.bucket, wish.road, wish.maker) == (name, Road.QUEUE, Maker.STACK)
        ]
        if keys in named:
            # The stack's own: an entry that is called a person's would outlive the stack.
            result = self._subscription.follow(name, self.queue, named, ())
        else:
            result = self._subscription.connect(name, self.queue, keys)
        notes = self._remember(Wish(name, Road.QUEUE, Maker.PERSON, keys), result)
        seen = self._arrival(before) if result.validated else None
        if not result.lines:
            summary = "connected already; nothing was changed"
        elif self._dry_run:
            summary = "would be connected"
        else:
            summary = f"connected; {_tested(result, seen=seen)}"
        return {**self._told(result, summary, notes), "validated": result.validated, "arrival_seen": seen}

    def connect_eventbridge(self, name: str) -> dict[str, Any]:
        """Switch on a bucket's delivery to EventBridge; return what became of it."""
        result = self._subscription.connect_eventbridge(name, self.queue)
        notes = self._remember(Wish(name, Road.EVENTBRIDGE, Maker.PERSON), result)
        if not result.lines:
            summary = "sends to EventBridge already; nothing was changed"
        elif self._dry_run:
            summary = "would send to EventBridge"
        else:
            summary = (
                "sends to EventBridge; the stack's rule takes it on if EventBridgeBuckets names the bucket"
            )
        return self._told(result, summary, notes)

    def disconnect(self, name: str, keys: KeyFilter | None) -> dict[str, Any]:
        """Take our entries from a bucket, and forget it; return what became of it. One that is gone is forgotten."""
        # First: the watch, coming in between, would call it lost.
        forgotten, notes = (0, []) if self._dry_run else self._memory.disconnected(name, keys)
        try:
            result = self._subscription.disconnect(name, keys)
        except UnreachableError as error:
            if not forgotten:
                raise
            summary = f"the watch looks after it no more; it could not be reached ({error})"
            return {
                "bucket": name,
                "changed": False,
                "difference": [],
                "others": None,
                "summary": summary,
                "notes": notes,
            }
        if not result.lines:
            summary = "was not connected; nothing was changed"
        else:
            summary = "would be disconnected" if self._dry_run else "disconnected"
        return self._told(result, summary, notes)

    def all_names(self) -> list[str]:
        """Return the names of the account's buckets in the queue's region."""
        pages = (
            self._session.client("s3").get_paginator("list_buckets").paginate(BucketRegion=self.queue.region)
        )
        return [each["Name"] for page in pages for each in page["Buckets"]]

    def state(self, name: str) -> BucketState:
        """Return what a bucket sends, and whether it works."""
        try:
            document = self._notifications.read(name)
            problem = self._access.problem(self.queue, name)
            found = read_state(
                name,
                document,
                self._owner,
                problem=problem,
                through=lambda: self._through_eventbridge(name, document),
            )
            wishes = [wish for wish in self._wishes if wish.bucket == name]
            return self._as_wished(found, wishes) if found.state == NOT_CONNECTED and wishes else found
        except SubscriptionError as error:
            return BucketState(name, UNKNOWN, str(error), (), eventbridge=False)

    def doubts(self) -> tuple[str, ...]:
        """Say what could not be looked at, so that "works" was said without it."""
        return self._access.doubts()

    def _as_wished(self, found: BucketState, wishes: Sequence[Wish]) -> BucketState:
        """Say of a bucket without an entry of ours how it stands by what is remembered: it may be lost."""
        topics = [wish.through for wish in wishes if wish.through]
        roads = AwsRoads(self._session.client, self.queue.arn, self._own_rule, topics)
        watch = self._lookout(roads).look(found.bucket, wishes).watch
        if watch.unknown:
            return replace(found, reason=f"it was connected ({watch.road}); {watch.unknown}")
        if watch.wrong:
            told = f"lost ({watch.road}): {'; '.join(watch.wrong)}; type: {watch.fix}"
            return replace(found, state=BROKEN, reason=told)
        return replace(found, state="works", reason=watch.road)

    @functools.cached_property
    def _wishes(self) -> list[Wish]:
        return self._memory.wishes()

    def _through_eventbridge(self, name: str, document: Document) -> Through:
        """Say what EventBridge does with a bucket's events, where a rule is meant to take them to the queue."""
        rules = [
            rule.name for rule in self._roads.rules if rule.takes(name, CREATED) or rule.takes(name, DELETED)
        ]
        if not rules:
            return Through()
        wish = Wish(name, Road.EVENTBRIDGE, Maker.PERSON)
        wrong = self._lookout(self._roads).judge(wish, document).wrong
        return Through(wrong=wrong) if wrong else Through(rules)

    def _lookout(self, roads: AwsRoads) -> Lookout:
        return Lookout(self._owner, self.queue, self._notifications, self._access, roads)

    @functools.cached_property
    def _roads(self) -> AwsRoads:
        return AwsRoads(self._session.client, self.queue.arn, self._own_rule)

    @functools.cached_property
    def _own_rule(self) -> str:
        return own_rule(self._session)

    def _show(self, lines: tuple[str, ...]) -> None:
        # On a dry run the difference is what was asked for.
        for line in lines:
            print_text(line, err=self._session.as_json or not self._dry_run)

    def _remember(self, wish: Wish, result: Result) -> list[str]:
        return [] if self._dry_run else self._memory.connected(wish, result)

    @functools.cached_property
    def _memory(self) -> Memory:
        return Memory(self._session)

    def _told(self, result: Result, summary: str, notes: Sequence[str]) -> dict[str, Any]:
        return {
            "bucket": result.bucket,
            "changed": bool(result.lines) and not self._dry_run,
            "difference": list(result.lines),
            "others": result.others,
            "summary": f"{summary} (entries of others, untouched: {result.others})",
            "notes": [*result.notes, *notes],
        }

    def _arrival(self, before: int | None) -> bool | None:
        """Return whether the queue was seen to grow; None where its count may not be read.

        The count only: receiving S3's test event would take it from the worker, with whatever lies beside it.
        """
        waiting = patience(_ARRIVAL_SECONDS)
        while (now := self._access.messages(self.queue)) is not None and before is not None:
            if now > before:
                return True
            if not waiting.again():
                return False
        return None


def patience(seconds: float) -> Patience:
    """Return how long AWS may take to settle."""
    return Patience(time.monotonic() + seconds, time.monotonic, time.sleep)


def _tested(result: Result, *, seen: bool | None) -> str:
    if not result.validated:
        return "not tested by S3"
    told = "S3 sent its test event without an error"
    if seen:
        return f"{told}, and the queue grew"
    if seen is None:
        return f"{told}; the queue's count could not be read"
    return f"{told}; the queue's count did not show it, as the worker may have taken it"
