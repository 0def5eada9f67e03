"""What the bucket commands work with: the stack's subscription, over the SDK, and words for its results."""

import functools
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bucket_subscription.bucket_notifications import S3Notifications
from bucket_subscription.errors import SubscriptionError, UnreachableError
from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.names import QueueArn, read_queue_arn
from bucket_subscription.owner import ACL_EVENT, EVENTS, Owner
from bucket_subscription.queue_access import SqsQueueAccess
from bucket_subscription.reading.lookout import Lookout
from bucket_subscription.reading.roads import AwsRoads
from bucket_subscription.settle import Patience
from bucket_subscription.subscription import Result, Subscription
from bucket_subscription.wishes.wish import Maker, Road, Wish
from infra.cli.bucket.remembering import Memory
from infra.cli.bucket.state import BROKEN, NOT_CONNECTED, UNKNOWN, BucketState, read_state
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
        except SubscriptionError as error:
            return BucketState(name, UNKNOWN, str(error), (), eventbridge=False)
        found = read_state(name, document, self._owner, problem=problem, rules_for=self._rules_for)
        wishes = [wish for wish in self._wishes if wish.bucket == name]
        return self._as_wished(found, wishes) if found.state == NOT_CONNECTED and wishes else found

    def _as_wished(self, found: BucketState, wishes: Sequence[Wish]) -> BucketState:
        """Say of a bucket without an entry of ours how it stands by what is remembered: it may be lost."""
        topics = [wish.through for wish in wishes if wish.through]
        roads = AwsRoads(self._session.client, self.queue.arn, "", topics)
        lookout = Lookout(self._owner, self.queue, self._notifications, self._access, roads)
        watch = lookout.look(found.bucket, wishes).watch
        if watch.unknown:
            return replace(found, reason=f"it was connected ({watch.road}); {watch.unknown}")
        if watch.wrong:
            told = f"lost ({watch.road}): {'; '.join(watch.wrong)}; type: {watch.fix}"
            return replace(found, state=BROKEN, reason=told)
        return replace(found, state="works", reason=watch.road)

    @functools.cached_property
    def _wishes(self) -> list[Wish]:
        return self._memory.wishes()

    def _rules_for(self, name: str) -> Sequence[str]:
        """Return the rules that take the bucket's events from EventBridge to the queue."""
        return [rule for rule, pattern in self._rules.items() if speaks_of(pattern, name)]

    @functools.cached_property
    def _rules(self) -> dict[str, dict[str, Any]]:
        events = self._session.client("events")
        names = events.list_rule_names_by_target(TargetArn=self.queue.arn)["RuleNames"]
        rules = [events.describe_rule(Name=name) for name in names]
        return {
            each["Name"]: json.loads(each["EventPattern"]) for each in rules if each["State"] == "ENABLED"
        }

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


def speaks_of(pattern: dict[str, Any], name: str) -> bool:
    """Whether an EventBridge rule's pattern matches events of the bucket."""
    sources = pattern.get("source", ["aws.s3"])
    names = pattern.get("detail", {}).get("bucket", {}).get("name", [name])
    return "aws.s3" in sources and name in names
