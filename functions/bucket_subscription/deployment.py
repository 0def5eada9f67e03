"""All buckets of a stack at once: what deploying, changing and deleting the stack does to them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from bucket_subscription.errors import RefusedError, SubscriptionError, UnsettledError
from bucket_subscription.memory import Memory
from bucket_subscription.stack_event import KeysByBucket, Properties
from bucket_subscription.subscription import Result, Subscription
from bucket_subscription.wishes.wish_table import Wishes

OutOfTime = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Deployment:
    """One change of a stack's buckets.

    Attributes:
        subscription: the stack's hold on buckets.
        late: whether CloudFormation has its answer already.
        wishes: where what is connected is remembered for the watch; None for a stack of version 0.1.0.
        left: filled with buckets that held nothing of ours before, and may be connected now; what is put back is taken
            out again. So a failed change leaves here what is still to be undone, at any moment.
    """

    subscription: Subscription
    late: OutOfTime
    wishes: Wishes | None = None
    left: dict[str, None] = field(default_factory=dict)

    def connect(self, properties: Properties, before: KeysByBucket) -> str:
        """Connect the buckets as the properties say, where they said `before` until now; return what was done.

        All are looked at before one is written, and each that cannot be connected is named. Where writing fails, what
        was written before is put back. Raises SubscriptionError.
        """
        looked = self._look(properties, before)
        gone = {bucket: keys for bucket, keys in before.items() if bucket not in properties.buckets}
        memory = Memory(self.wishes, self.subscription.owner, self.subscription.patience)
        remembered = memory.of_stack()
        written: list[Result] = []
        try:
            # First forgotten, then let go: else the watch, coming in between, would connect them again.
            wanted = memory.wanted(properties)
            memory.forget(wish for wish in remembered if wish not in wanted)
            self._write(properties, before, looked, written)
            notes = self._let_go(gone, written)
            memory.remember(wanted, [each for each in written if each.bucket not in gone])
        except SubscriptionError as failure:
            memory.put_back(remembered)
            self._put_back(written, failure)
            raise
        same = [each for each in looked if not each.lines]
        notes += [
            f"{each.bucket}: {note}"
            for each in (*same, *written)
            if each.bucket not in gone
            for note in each.notes
        ]
        told = (
            ("connected", len(properties.buckets)),
            ("sending to EventBridge", len(properties.eventbridge_buckets)),
            ("disconnected", len(gone)),
        )
        said = _sentence([*(f"{what}: {count}" for what, count in told if count), *notes])
        return said or "no buckets are named"

    def disconnect(self, buckets: KeysByBucket) -> str:
        """Disconnect the buckets; return what was done.

        A bucket that is gone or closed to us is passed over and named: a stack must be deletable without it.
        Raises UnsettledError where S3 failed; deleting the stack again then finishes.
        """
        done: list[Result] = []
        memory = Memory(self.wishes, self.subscription.owner, self.subscription.patience)
        told = memory.forget_all()
        notes = self._let_go(buckets, done)
        return _sentence([f"disconnected: {len(done)}", *notes, *told])

    def _look(self, properties: Properties, before: KeysByBucket) -> list[Result]:
        """Say what would be done, and write nothing. Raises for all buckets that cannot be connected."""
        # Rights that were given a moment ago are waited for once, not for each bucket anew.
        patience = self.subscription.patience()
        trial = replace(self.subscription, dry_run=True, show=lambda _: None, patience=lambda: patience)
        refused: dict[str, RefusedError] = {}
        looked = []
        for bucket, step in steps(properties, before, trial):
            with self._collecting(bucket, refused):
                looked.append(step())
        _raise_all(refused)
        return looked

    def _write(
        self, properties: Properties, before: KeysByBucket, looked: Iterable[Result], written: list[Result]
    ) -> None:
        refused: dict[str, RefusedError] = {}
        for (bucket, step), seen in zip(steps(properties, before, self.subscription), looked, strict=True):
            if not seen.lines:
                continue
            if bucket in properties.buckets and not seen.own_before:
                self.left[bucket] = None
            with self._collecting(bucket, refused):
                written.append(step())
            if bucket in refused:
                self.left.pop(bucket, None)
        _raise_all(refused)

    def _let_go(self, buckets: KeysByBucket, done: list[Result]) -> list[str]:
        """Disconnect the buckets; return a line for each that is gone or closed to us."""
        passed_over: dict[str, RefusedError] = {}
        for bucket, keys in buckets.items():
            with self._collecting(bucket, passed_over):
                done.append(self.subscription.let_go(bucket, keys))
        return [f"passed over: {_named(bucket, error)}" for bucket, error in passed_over.items()]

    def _put_back(self, written: Sequence[Result], failure: SubscriptionError) -> None:
        """Put back what was written, the last first. Raises UnsettledError, after all were tried, where one stays."""
        stays = []
        for result in reversed(written):
            try:
                self.subscription.put_back(result)
            except SubscriptionError as error:
                stays.append(_named(result.bucket, error))
            else:
                self.left.pop(result.bucket, None)
        if stays:
            raise UnsettledError(_sentence([str(failure), "not put back as it was", *stays])) from failure

    @contextmanager
    def _collecting(self, bucket: str, refused: dict[str, RefusedError]) -> Iterator[None]:
        """Do something to a bucket; keep its refusal, and let what is unsettled pass, with what was refused before."""
        if self.late():
            raise UnsettledError(
                f"time ran out before bucket {bucket!r}: run it again, or name fewer buckets at once"
            )
        try:
            yield
        except RefusedError as error:
            refused[bucket] = error
        except UnsettledError as error:
            raise UnsettledError(_sentence([_named(bucket, error), *_lines(refused)])) from error


def steps(
    properties: Properties, before: KeysByBucket, subscription: Subscription
) -> Iterator[tuple[str, Callable[[], Result]]]:
    """Each bucket, with what makes it as the properties say."""
    queue = properties.queue
    for bucket, keys in properties.buckets.items():
        yield bucket, partial(subscription.follow, bucket, queue, keys, before.get(bucket, ()))
    for bucket in properties.eventbridge_buckets:
        yield bucket, partial(subscription.connect_eventbridge, bucket, queue)


def _raise_all(refused: Mapping[str, RefusedError]) -> None:
    """Raise for the buckets that were refused, each with why."""
    lines = _lines(refused)
    if len(lines) > 1:
        # The names come first: CloudFormation cuts a long reason.
        names = ", ".join(refused)
        raise RefusedError(_sentence([f"{len(lines)} buckets cannot be connected: {names}", *lines]))
    if lines:
        raise RefusedError(lines[0]) from next(iter(refused.values()))


def _lines(refused: Mapping[str, RefusedError]) -> list[str]:
    return [_named(bucket, error) for bucket, error in refused.items()]


def _named(bucket: str, error: SubscriptionError) -> str:
    """The error's line, which names the bucket."""
    return str(error) if repr(bucket) in str(error) else f"bucket {bucket!r}: {error}"


def _sentence(parts: Iterable[str]) -> str:
    return "; ".join(parts)
