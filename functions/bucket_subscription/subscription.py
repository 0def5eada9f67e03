"""Connects a bucket to the queue, and disconnects it, without touching anyone else's notifications."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bucket_subscription.bucket_notifications import BucketNotifications
from bucket_subscription.document import (
    Document,
    entries,
    foreign_part,
    own_part,
    sends_to_eventbridge,
    with_eventbridge,
    with_own_part,
)
from bucket_subscription.errors import RefusedError, UnreachableError
from bucket_subscription.key_filter import KeyFilter, read_filter
from bucket_subscription.names import QueueArn, check_bucket_name
from bucket_subscription.owner import Owner
from bucket_subscription.queue_access import QueueAccess
from bucket_subscription.settle import Patience, Settled, Settler, Show, Wanted
from bucket_subscription.wanted import (
    connected_by_hand,
    connected_by_stack,
    disconnected,
    disconnected_by_stack,
)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one bucket.

    Attributes:
        bucket: its name.
        lines: the difference, one line an entry; empty where nothing needed a change.
        others: how many entries of others it holds, untouched.
        own_before: our entries as they were, so that they can be put back.
        switched_on: whether delivery to EventBridge was off before, and is on now.
        wider: whether our entries speak of keys now of which they did not before.
        validated: whether S3 sent its test event to the queue without an error; None where it was not asked.
        notes: what a person should know besides.
    """

    bucket: str
    lines: tuple[str, ...]
    others: int
    own_before: tuple[Mapping[str, Any], ...]
    switched_on: bool
    wider: bool
    validated: bool | None
    notes: tuple[str, ...]

    @property
    def is_new(self) -> bool:
        """Whether it sends what it did not before: nobody was told of what changed until now."""
        return self.switched_on or self.wider


@dataclass(frozen=True, slots=True)
class Subscription:
    """One stack's hold on buckets.

    Attributes:
        owner: whose entries are ours.
        notifications: S3.
        access: SQS and KMS.
        patience: gives how long AWS may take to settle, for each bucket anew.
        show: is given the difference before it is written.
        dry_run: whether nothing is written.
        fresh: whether rights and policies were set a moment ago: IAM and SQS may take a minute to see them (IAM user
            guide, eventual consistency; SQS API reference, SetQueueAttributes), so a "no" is asked again.
    """

    owner: Owner
    notifications: BucketNotifications
    access: QueueAccess
    patience: Callable[[], Patience]
    show: Show
    dry_run: bool = False
    fresh: bool = False

    def connect(self, bucket: str, queue: QueueArn, keys: KeyFilter) -> Result:
        """Make the bucket send its changes to the queue, as a person asks. Connected already: nothing is written.

        Raises RefusedError where it cannot be (nothing was changed), UnsettledError where a new try may help.
        """
        return self._connect(
            bucket, queue, lambda document: connected_by_hand(document, self.owner, queue.arn, keys)
        )

    def follow(
        self, bucket: str, queue: QueueArn, keys: Sequence[KeyFilter], before: Sequence[KeyFilter]
    ) -> Result:
        """Make the bucket send what the stack's parameters name (`keys`), where they named `before` until now.

        Raises as `connect` does.
        """
        return self._connect(
            bucket, queue, lambda document: connected_by_stack(document, self.owner, queue.arn, keys, before)
        )

    def connect_eventbridge(self, bucket: str, queue: QueueArn) -> Result:
        """Make the bucket send its events to EventBridge, whose rule in the stack takes them to the queue.

        Raises as `connect` does.
        """
        self._check_place(bucket, queue)
        settled = self._change(
            bucket, lambda document: with_eventbridge(document, on=True), self.patience(), None
        )
        notes = []
        if own_part(settled.after, self.owner):
            notes.append(
                "the bucket also sends to the queue directly, so each event comes twice; disconnect it"
            )
        return self._result(bucket, settled, notes, validated=None)

    def disconnect(self, bucket: str, keys: KeyFilter | None = None) -> Result:
        """Take our entries from the bucket (only those for `keys`, where given). None there: no write.

        Delivery to EventBridge stays on: it has no id, so others may rely on it.
        Raises UnreachableError for a bucket gone or closed to us, UnsettledError where a new try may help.
        """
        return self._disconnect(bucket, lambda document: disconnected(document, self.owner, keys))

    def let_go(self, bucket: str, keys: Sequence[KeyFilter]) -> Result:
        """Take from the bucket what the stack's parameters connected (`keys`); a person's entries stay.

        Raises as `disconnect` does.
        """
        return self._disconnect(bucket, lambda document: disconnected_by_stack(document, self.owner, keys))

    def put_back(self, result: Result) -> None:
        """Restore our entries and the switch to EventBridge as before `result`; what others changed since stays."""

        def as_before(document: Document) -> Document:
            restored = with_own_part(document, self.owner, result.own_before)
            return with_eventbridge(restored, on=False) if result.switched_on else restored

        self._change(result.bucket, as_before, self.patience(), None)

    def _connect(self, bucket: str, queue: QueueArn, wanted: Wanted) -> Result:
        self._check_place(bucket, queue)
        patience = self.patience()
        while (problem := self._problem(bucket, queue)) is not None:
            if not self.fresh or not patience.again():
                raise problem
        settled = self._change(bucket, wanted, patience, queue.arn)
        notes = list(self.access.doubts())
        if settled.rejected:
            notes.append(
                f"S3 cannot reach {', '.join(settled.rejected)}, which another's entry names; it was told to "
                "validate no destination, so the queue was checked by its policy only",
            )
        validated = None if self.dry_run or not settled.lines else not settled.rejected
        return self._result(bucket, settled, notes, validated=validated)

    def _disconnect(self, bucket: str, wanted: Wanted) -> Result:
        check_bucket_name(bucket)
        return self._result(bucket, self._change(bucket, wanted, self.patience(), None), [], validated=None)

    def _check_place(self, bucket: str, queue: QueueArn) -> None:
        check_bucket_name(bucket)
        region = self.notifications.region(bucket)
        if region is not None and region != queue.region:
            raise RefusedError(
                f"bucket {bucket!r} is in {region}, the queue in {queue.region}, and S3 sends within a "
                f"region only: deploy a stack to {region}, or bring the events over with SNS (stack parameter "
                "TopicArns)",
            )

    def _problem(self, bucket: str, queue: QueueArn) -> RefusedError | None:
        """Return why the two cannot be connected, if it is a matter of rights."""
        try:
            self.notifications.read(bucket)
        except UnreachableError as error:
            if not error.denied:
                raise
            return error
        problem = self.access.problem(queue, bucket)
        return None if problem is None else RefusedError(problem)

    def _change(self, bucket: str, wanted: Wanted, patience: Patience, destination: str | None) -> Settled:
        settler = Settler(bucket, wanted, destination, self.notifications, patience, self.show)
        return settler.look() if self.dry_run else settler.settle()

    def _result(self, bucket: str, settled: Settled, notes: list[str], *, validated: bool | None) -> Result:
        others = len(entries(foreign_part(settled.after, self.owner)))
        own_before = own_part(settled.before, self.owner)
        switched_on = sends_to_eventbridge(settled.after) and not sends_to_eventbridge(settled.before)
        known = [read_filter(entry) for entry in own_before]
        told = [read_filter(entry) for entry in own_part(settled.after, self.owner)]
        wider = any(not any(before.covers(each) for before in known) for each in told)
        return Result(bucket, settled.lines, others, own_before, switched_on, wider, validated, tuple(notes))
