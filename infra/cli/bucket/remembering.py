"""What a person connects is remembered in the stack's table, so that the watch looks after it."""

import time
from collections.abc import Callable
from typing import Any

from bucket_subscription.errors import SubscriptionError
from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.subscription import Result
from bucket_subscription.wishes.wish import Maker, Road, Wish
from bucket_subscription.wishes.wish_table import Wishes, WishTable
from infra.cli.session import Session

OLD_STACK = "the stack has no table to remember it in: deploy it anew (make deploy)"


class Memory:
    """The wishes of one stack, as its people change them.

    Args:
        session: the shared options.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def connected(self, wish: Wish, result: Result) -> list[str]:
        """Remember what was connected, and that nobody was told of what changed before; return notes for people."""

        def remember(wishes: Wishes) -> None:
            known = [each for each in wishes.all() if (each.bucket, each.road) == (wish.bucket, wish.road)]
            if not any(each.maker is Maker.STACK and each.keys == wish.keys for each in known):
                narrower = (
                    each for each in known if each.maker is not Maker.STACK and wish.keys.covers(each.keys)
                )
                wishes.wish(wish)
                wishes.forget(each for each in narrower if each != wish)
            if result.is_new:
                wishes.note_gap(wish.bucket, 0.0, time.time(), "it was connected by hand")

        return self._try(remember, "the watch does not look after it")

    def disconnected(self, bucket: str, keys: KeyFilter | None) -> tuple[int, list[str]]:
        """Forget what brought a bucket's changes, or those of some keys; return how many, and notes for people."""
        forgotten: list[Wish] = []

        def forget(wishes: Wishes) -> None:
            gone = [
                each
                for each in wishes.all()
                if each.bucket == bucket and (keys is None or (each.keys == keys and each.road is Road.QUEUE))
            ]
            wishes.forget(gone)
            forgotten.extend(gone)

        notes = self._try(forget, "the watch does not know of it and may call it lost")
        return len(forgotten), notes

    def wishes(self) -> list[Wish]:
        """Return what is remembered of all buckets; nothing where that cannot be read."""
        found: list[Wish] = []
        self._try(lambda wishes: found.extend(wishes.all()), "")
        return found

    def _try(self, step: Callable[[Wishes], None], otherwise: str) -> list[str]:
        table = self._session.outputs.get("TableName")
        if table is None:
            return [f"{otherwise}: {OLD_STACK}"]
        client: Any = self._session.client("dynamodb")
        try:
            step(WishTable(client, table))
        except SubscriptionError as error:
            return [f"{otherwise}: {error}"]
        return []
