"""Mends a bucket's subscription, where that is allowed: it merges again and never touches others' entries."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from bucket_subscription.names import QueueArn
from bucket_subscription.subscription import Result, Subscription
from bucket_subscription.wishes.wish import Maker, Road, Wish


class Repairs(StrEnum):
    """The parameter RepairSubscriptions: which buckets are repaired."""

    NAMED = "named"
    """Those that the stack's parameters name."""
    ALL = "all"
    """Those that people connected, too."""
    NO = "no"


@dataclass(frozen=True, slots=True)
class Repair:
    """Mends buckets, for one stack.

    Attributes:
        subscription: the stack's hold on buckets.
        queue: its queue.
        repairs: which buckets may be mended.
    """

    subscription: Subscription
    queue: QueueArn
    repairs: Repairs

    def why_not(self, wishes: Sequence[Wish]) -> str:
        """Return why a bucket is not to be mended; "" where it is."""
        if self.repairs is Repairs.NO:
            return "RepairSubscriptions is no"
        if any(self._may(wish) for wish in wishes):
            return ""
        if any(wish.maker is Maker.PERSON for wish in wishes):
            return "it was connected by hand, and RepairSubscriptions is named"
        return "the stack did not make what brought its changes"

    def mend(self, bucket: str, wishes: Sequence[Wish]) -> None:
        """Make the bucket as wished, as far as it may be mended. Raises SubscriptionError: what is in the way."""
        for step in self._steps(bucket, [wish for wish in wishes if self._may(wish)]):
            step()

    def _steps(self, bucket: str, wishes: Sequence[Wish]) -> Iterator[Callable[[], Result]]:
        named = [wish.keys for wish in wishes if (wish.road, wish.maker) == (Road.QUEUE, Maker.STACK)]
        if named:
            yield partial(self.subscription.follow, bucket, self.queue, named, ())
        for wish in wishes:
            if (wish.road, wish.maker) == (Road.QUEUE, Maker.PERSON):
                yield partial(self.subscription.connect, bucket, self.queue, wish.keys)
        if any(wish.road is Road.EVENTBRIDGE for wish in wishes):
            yield partial(self.subscription.connect_eventbridge, bucket, self.queue)

    def _may(self, wish: Wish) -> bool:
        makers = {
            Repairs.NO: (),
            Repairs.NAMED: (Maker.STACK,),
            Repairs.ALL: (Maker.STACK, Maker.PERSON),
        }
        return wish.maker in makers[self.repairs] and wish.road is not Road.TOPIC
