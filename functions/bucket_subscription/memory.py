"""What a deployment remembers for the watch: what the stack's parameters want, and what was connected just now."""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from bucket_subscription.errors import SubscriptionError, UnsettledError
from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.owner import Owner
from bucket_subscription.settle import Patience
from bucket_subscription.stack_event import Properties
from bucket_subscription.subscription import Result
from bucket_subscription.wishes.wish import Maker, Road, Wish
from bucket_subscription.wishes.wish_table import Wishes

Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class Memory:
    """The stack's part of what is remembered.

    Attributes:
        wishes: where; None for a stack of version 0.1.0, which remembers nothing.
        owner: whose entries are ours.
        patience: gives how long rights that were given a moment ago are waited for, for each step anew.
        now: tells the time, epoch seconds.
    """

    wishes: Wishes | None
    owner: Owner
    patience: Callable[[], Patience]
    now: Callable[[], float] = time.time

    def wanted(self, properties: Properties) -> list[Wish]:
        """Return what the parameters want."""
        events = self.owner.events
        direct = [
            Wish(bucket, Road.QUEUE, Maker.STACK, each, events)
            for bucket, keys in properties.buckets.items()
            for each in keys
        ]
        switched = [
            Wish(bucket, Road.EVENTBRIDGE, Maker.STACK, KeyFilter(), events)
            for bucket in properties.eventbridge_buckets
        ]
        return [*direct, *switched]

    def of_stack(self) -> list[Wish]:
        """Return what the parameters wanted until now. Raises UnsettledError, as all that follow but `put_back`."""
        if self.wishes is None:
            return []
        wishes = self.wishes
        return self._patiently(lambda: [wish for wish in wishes.all() if wish.maker is Maker.STACK])

    def forget(self, gone: Iterable[Wish]) -> None:
        """Forget what is not wanted any more."""
        if self.wishes is not None:
            wishes, listed = self.wishes, list(gone)
            self._patiently(lambda: wishes.forget(listed))

    def remember(self, wanted: Sequence[Wish], written: Sequence[Result]) -> None:
        """Remember what is wanted, and a gap of each bucket that sends since just now, for the first time or again."""
        if self.wishes is None:
            return
        wishes = self.wishes
        for result in written:
            if result.is_new:
                self._patiently(
                    partial(
                        wishes.note_gap, result.bucket, 0.0, self.now(), "it was connected by a deployment"
                    )
                )
        for wish in wanted:
            self._patiently(partial(wishes.wish, wish))

    def forget_all(self) -> list[str]:
        """Forget all that the parameters want; return why that failed: a stack must be deletable without its table."""
        try:
            self.forget(self.of_stack())
        except SubscriptionError as error:
            return [f"not forgotten: {error}"]
        return []

    def put_back(self, remembered: Sequence[Wish]) -> None:
        """Remember again what was remembered before. Where that fails, the next deployment does."""
        if self.wishes is None:
            return
        with suppress(SubscriptionError):
            self.wishes.forget(wish for wish in self.of_stack() if wish not in remembered)
            for wish in remembered:
                self.wishes.wish(wish)

    def _patiently(self, step: Callable[[], Told]) -> Told:
        """Take a step again while rights may not be seen yet (IAM user guide, eventual consistency)."""
        patience = self.patience()
        while True:
            try:
                return step()
            except UnsettledError:
                if not patience.again():
                    raise
