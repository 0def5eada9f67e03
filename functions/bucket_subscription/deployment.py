"""All buckets of a stack at once: what deploying, changing and deleting the stack does to them."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bucket_subscription.errors import RefusedError, SubscriptionError, UnsettledError
from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.stack_event import Properties
from bucket_subscription.subscription import Result, Subscription

if TYPE_CHECKING:
    from collections.abc import Iterator

OutOfTime = Callable[[], bool]


def connect_all(
    properties: Properties, gone: Sequence[str], subscription: Subscription, late: OutOfTime
) -> str:
    """Connect the buckets of the properties and disconnect those that `gone` names; return what was done.

    Where one fails, those done before are put back, and its SubscriptionError is raised.
    """
    done: list[Result] = []
    notes: list[str] = []
    with _put_back_on_failure(done, subscription):
        for bucket in properties.buckets:
            _in_time(late, bucket)
            done.append(subscription.connect(bucket, properties.queue, KeyFilter()))
        for bucket in properties.eventbridge_buckets:
            _in_time(late, bucket)
            done.append(subscription.connect_eventbridge(bucket, properties.queue))
        for bucket in gone:
            _in_time(late, bucket)
            notes += _let_go(bucket, subscription, done)
    notes += [
        f"{result.bucket}: {note}" for result in done if result.bucket not in gone for note in result.notes
    ]
    told = (
        ("connected", len(properties.buckets)),
        ("sending to EventBridge", len(properties.eventbridge_buckets)),
        ("disconnected", len(gone)),
    )
    return (
        _sentence([*(f"{what}: {count}" for what, count in told if count), *notes]) or "no buckets are named"
    )


def disconnect_all(buckets: Iterable[str], subscription: Subscription, late: OutOfTime) -> str:
    """Disconnect the buckets; return what was done.

    A bucket that is gone or closed to us is passed over and named: a stack must be deletable without it.
    Raises UnsettledError where S3 failed; deleting the stack again then finishes.
    """
    done: list[Result] = []
    notes: list[str] = []
    for bucket in buckets:
        _in_time(late, bucket)
        notes += _let_go(bucket, subscription, done)
    return _sentence([f"disconnected: {len(done)}", *notes])


def _let_go(bucket: str, subscription: Subscription, done: list[Result]) -> list[str]:
    try:
        done.append(subscription.disconnect(bucket))
    except RefusedError as error:
        return [f"passed over: {error}"]
    return []


def _in_time(late: OutOfTime, bucket: str) -> None:
    if late():
        raise UnsettledError(
            f"time ran out before bucket {bucket!r}: run it again, or name fewer buckets at once"
        )


@contextmanager
def _put_back_on_failure(done: Sequence[Result], subscription: Subscription) -> "Iterator[None]":
    try:
        yield
    except SubscriptionError as failure:
        left = []
        for result in reversed(done):
            try:
                subscription.put_back(result)
            except SubscriptionError as error:
                left.append(str(error))
        if left:
            raise UnsettledError(_sentence([str(failure), "not put back as it was", *left])) from failure
        raise


def _sentence(parts: Iterable[str]) -> str:
    return "; ".join(parts)
