"""The worker's memory, in memory: what the DynamoDB table does, for the simulator and for tests.

A contract test runs the same cases against this and against the table's own adapter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from invalidator.core.limits.account import Account
from invalidator.core.limits.budget import Spending, day_of, month_of
from invalidator.core.limits.pace import FURTHEST_SLOT_SECONDS, Pace
from invalidator.core.routing.pins import Pin
from invalidator.core.sent import Sent
from invalidator.ports import StoredRoutes


class InMemoryTable:
    """The table's items as Python values."""

    def __init__(self) -> None:
        self.routes: dict[str, StoredRoutes] = {}
        self.pinned: list[Pin] = []
        self.sent: dict[str, list[Sent]] = {}
        self.spent: dict[tuple[str, str, str], int] = {}
        self.paces: dict[str, Pace] = {}
        self.next_calls: dict[str, float] = {}

    def recall(
        self, buckets: Iterable[str], account: str, now: float
    ) -> tuple[dict[str, StoredRoutes], Account]:
        """Return what is known of the buckets and of an account."""
        month, day = month_of(now), day_of(now)
        in_month = sum(
            paths for (who, when, _), paths in self.spent.items() if (who, when) == (account, month)
        )
        known = Account(
            Spending(in_month, self.spent.get((account, month, day), 0)),
            self.paces.get(account),
            self.next_calls.get(account, 0.0),
        )
        return {bucket: self.routes[bucket] for bucket in buckets if bucket in self.routes}, known

    def store_routes(self, routes: Mapping[str, StoredRoutes]) -> None:
        """Remember who serves which bucket."""
        self.routes.update(routes)

    def pins(self) -> list[Pin]:
        """Return what people have pinned."""
        return list(self.pinned)

    def sent_since(self, distribution: str, since: float) -> list[Sent]:
        """Return the distribution's invalidations created at or after `since`, newest first."""
        found: list[Sent] = []
        for each in reversed(self.sent.get(distribution, [])):
            if each.created < since:
                break
            found.append(each)
        return found

    def record(self, sent: Sent, account: str, now: float) -> None:
        """Remember an invalidation, and add its paths to what the account has spent."""
        listed = self.sent.setdefault(sent.distribution, [])
        listed[:] = [each for each in listed if each.id != sent.id]
        listed.append(sent)
        if len(listed) > 1 and listed[-2].created > sent.created:
            listed.sort(key=lambda each: each.created)
        spent = (account, month_of(now), day_of(now))
        self.spent[spent] = self.spent.get(spent, 0) + len(sent.paths)

    def mark_completed(self, sent: Sent) -> None:
        """Remember that CloudFront finished an invalidation."""
        listed = self.sent.get(sent.distribution, [])
        listed[:] = [replace(each, completed=True) if each.id == sent.id else each for each in listed]

    def learn(self, account: str, pace: Pace) -> None:
        """Remember what CloudFront accepts."""
        self.paces[account] = pace

    def reserve_call(self, account: str, now: float, gap: float, latest: float) -> float | None:
        """Take the account's next call slot; None where it is after `latest`."""
        slot = max(now, self.next_calls.get(account, 0.0))
        if slot > now + FURTHEST_SLOT_SECONDS:
            slot = now
        if slot > latest:
            return None
        self.next_calls[account] = slot + gap
        return slot
