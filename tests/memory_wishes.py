"""What is remembered of buckets, in memory; `tests/bucket_watch/test_wish_table.py` holds it to the table's."""

from collections.abc import Iterable

from bucket_subscription.errors import UnsettledError
from bucket_subscription.wishes.wish import Wish
from bucket_subscription.wishes.wish_table import IN_FORCE_SECONDS, Gap
from bucket_watch.standing import REPAIRS_APART_SECONDS, Standing


class MemoryWishes:
    """`Wishes`; `down` is how many of the next calls fail."""

    def __init__(self, *wishes: Wish) -> None:
        self.known: dict[tuple, Wish] = {}
        self.noted: dict[str, Gap] = {}
        self.down = 0
        for each in wishes:
            self.wish(each)

    def all(self) -> list[Wish]:
        self._answer()
        return sorted(self.known.values())

    def wish(self, wish: Wish) -> None:
        self._answer()
        self.known[self._key(wish)] = wish

    def forget(self, wishes: Iterable[Wish]) -> None:
        for each in wishes:
            self._answer()
            self.known.pop(self._key(each), None)

    def note_gap(self, bucket: str, since: float, now: float, why: str) -> None:
        self._answer()
        standing = self.noted.get(bucket)
        if standing is not None and not standing.covered:
            since = min(since, standing.since)
        self.noted[bucket] = Gap(bucket, since, now, now + IN_FORCE_SECONDS, why)

    def gaps(self) -> dict[str, Gap]:
        self._answer()
        return dict(self.noted)

    def _answer(self) -> None:
        if self.down:
            self.down -= 1
            raise UnsettledError("the stack's table did not answer")

    @staticmethod
    def _key(wish: Wish) -> tuple:
        return wish.bucket, wish.road, wish.maker, wish.through, wish.keys


class MemoryStandings:
    """`Standings`."""

    def __init__(self) -> None:
        self.known: dict[str, Standing] = {}
        self.tried: dict[str, float] = {}
        self.last = 0.0

    def all(self) -> dict[str, Standing]:
        return dict(self.known)

    def save(self, standing: Standing) -> None:
        self.known[standing.bucket] = standing

    def forget(self, bucket: str) -> None:
        self.known.pop(bucket, None)
        self.tried.pop(bucket, None)

    def ended(self, now: float) -> None:
        self.last = now

    def claim_repair(self, bucket: str, now: float) -> bool:
        tried = self.tried.get(bucket)
        if tried is not None and now - REPAIRS_APART_SECONDS < tried <= now:
            return False
        self.tried[bucket] = now
        return True
