"""The worker's memory, in DynamoDB: who serves which bucket, what was sent, what was spent, what was learned.

How each item looks stands in `table_items` and `account_items`; how the table is asked, in `dynamodb_table`.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import TYPE_CHECKING

from invalidator.aws import account_items
from invalidator.aws import table_items as items
from invalidator.aws.dynamodb_table import DynamoDbTable, Item, number, place
from invalidator.core.limits.pace import FURTHEST_SLOT_SECONDS, Pace
from invalidator.core.routing.pins import Pin
from invalidator.core.sent import Sent
from invalidator.ports import Account, StoredRoutes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_logger = logging.getLogger(__name__)
# Pages of at most 1 MB; older invalidations than fit are not looked at, and their paths are sent again.
MOST_PAGES = 3
# Nor those past so many characters of paths: what a page packs could fill the function's memory.
MOST_CHARACTERS = 48 * 1024 * 1024


class MemoryTable:
    """The worker's memory, in DynamoDB. Every method raises MemoryUnavailable where the table cannot be asked."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = DynamoDbTable(client, table)

    def recall(
        self, buckets: Iterable[str], account: str, now: float
    ) -> tuple[dict[str, StoredRoutes], Account]:
        """Return what is known of the buckets (absent: nothing readable) and of an account."""
        keys = {bucket: items.routes_key(bucket) for bucket in buckets}
        spending, pace = account_items.spending_key(account, now), account_items.pace_key(account)
        found = self._table.get([*keys.values(), spending, pace])
        routes = {
            bucket: stored
            for bucket, key in keys.items()
            if (item := found.get(place(key))) and (stored := items.read_routes(item)) is not None
        }
        return routes, account_items.read_account(
            found.get(place(spending), {}), found.get(place(pace), {}), now
        )

    def all_routes(self) -> dict[str, StoredRoutes]:
        """Return what is known of every bucket that was ever asked for or served, stale answers included."""
        return {
            item["sk"]["S"]: stored
            for item in self._partition("routes")
            if (stored := items.read_routes(item)) is not None
        }

    def store_routes(self, routes: Mapping[str, StoredRoutes]) -> None:
        """Remember who serves which bucket."""
        self._table.put_all([items.routes_item(bucket, stored) for bucket, stored in routes.items()])

    def pins(self) -> list[Pin]:
        """Return what people have pinned; one that cannot be read is logged as an error, as its changes stay unsent."""
        pins = []
        for item in self._partition("pins"):
            pin = items.read_pin(item)
            if pin is None:
                _logger.error(
                    "a pin cannot be read, and what it serves stays as it is: %s", ascii(item["sk"]["S"])
                )
            else:
                pins.append(pin)
        return pins

    def pin(self, pin: Pin) -> None:
        """Remember a pin; the same pin again replaces it."""
        self._table.put(items.pin_item(pin))

    def unpin(self, pin: Pin) -> None:
        """Forget a pin."""
        self._table.delete(items.pin_key(pin))

    def sent_since(self, distribution: str, since: float) -> list[Sent]:
        """Return the distribution's invalidations created at or after `since`, newest first."""
        sent: list[Sent] = []
        characters = 0
        pages = self._table.pages(
            items.sent_partition(distribution), since=items.sent_sort_key(since), newest_first=True
        )
        for item in chain.from_iterable(islice(pages, MOST_PAGES)):
            each = items.read_sent(distribution, item)
            if each is None:
                continue
            characters += sum(map(len, each.paths))
            if characters > MOST_CHARACTERS:
                return sent
            sent.append(each)
        return sent

    def last_sent(self, distribution: str) -> Sent | None:
        """Return the distribution's newest invalidation, None where none is remembered."""
        page = next(self._table.pages(items.sent_partition(distribution), newest_first=True, most=1))
        return next((items.read_sent(distribution, item) for item in page), None)

    def record(self, sent: Sent, account: str, now: float) -> None:
        """Remember an invalidation, and add its paths to what the account has spent, in one call."""
        self._table.put_and_update(
            items.sent_item(sent), account_items.spending_update(account, len(sent.paths), now)
        )

    def mark_completed(self, sent: Sent) -> None:
        """Remember that CloudFront finished an invalidation; one that was never recorded stays so."""
        self._table.update_if(
            items.sent_key(sent),
            "SET completed = :yes",
            "attribute_exists(pk)",
            {":yes": {"BOOL": True}},
        )

    def learn(self, account: str, pace: Pace) -> None:
        """Remember what CloudFront accepts."""
        self._table.update(account_items.pace_update(account, pace))

    def reserve_call(self, account: str, now: float, gap: float, latest: float) -> float | None:
        """Take the account's next call slot, `gap` seconds after the one before; None where that is too late.

        Both attempts are conditional writes on one number, so two workers never get the same slot. No worker
        reserves far ahead: a slot that is further off was not written by one, and would stop all of them.
        """
        if now > latest:
            return None
        pace = account_items.pace_key(account)
        free_now = self._table.update_if(
            pace,
            "SET next_call = :next",
            "attribute_not_exists(next_call) OR next_call <= :now OR next_call > :absurd",
            {
                ":next": number(now + gap),
                ":now": number(now),
                ":absurd": number(now + FURTHEST_SLOT_SECONDS),
            },
        )
        if free_now is not None:
            return now
        taken = self._table.update_if(
            pace,
            "SET next_call = next_call + :gap",
            "next_call <= :latest",
            {":gap": number(gap), ":latest": number(latest)},
        )
        return None if taken is None else float(taken["next_call"]["N"])

    def _partition(self, pk: str) -> Iterator[Item]:
        return chain.from_iterable(self._table.pages(pk))
