"""The targets, in DynamoDB: their state, what they were sent, and which bucket has which.

| pk | sk | holds |
| --- | --- | --- |
| `target#ID` | `state` | its state, packed |

Routing records and the targets of a bucket stand in `routes.py`, what was sent in `sent_items.py`.
"""

import logging
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import chain, islice

from pydantic import TypeAdapter

from invalidator.aws.table.accounts import calls_key, read_account, spending_key
from invalidator.aws.table.dynamodb import DynamoDbTable, Item, key, place, text
from invalidator.aws.table.logs import head_key, is_digest_of, newest_dealt
from invalidator.aws.table.packed_values import UNREADABLE, digest_at, packed, unpacked
from invalidator.aws.table.routes import RoutesTable, bucket_partition, read_routes, routes_key, target_of
from invalidator.aws.table.sent_items import (
    read_all_sent,
    sent_items,
    sent_key,
    sent_partition,
    sent_sort_key,
)
from invalidator.core.limits.account import OWN_ACCOUNT
from invalidator.core.pending.entry import bucket_owner, target_owner
from invalidator.core.sent import Sent
from invalidator.core.target_state import TargetState
from invalidator.failures import UnreadableHead
from invalidator.ports import TargetView

VERSION = "1"
# Pages of at most 1 MB; older invalidations than fit are not looked at, and their paths are sent again.
MOST_PAGES = 3
# Nor those past so many characters of paths: what a page packs could fill the function's memory.
MOST_CHARACTERS = 48 * 1024 * 1024

_logger = logging.getLogger(__name__)
_validate = TypeAdapter(TargetState).validate_python


class TargetTable:
    """The port `Targets` over DynamoDB."""

    def __init__(self, table: DynamoDbTable) -> None:
        self._table = table

    def view(self, target: str, now: float) -> TargetView:
        """Return what is known of a target and of the worker's own account, strongly consistent, in one call.

        Raises UnreadableRoutes where its routing is of a version that is not known here: what waits for it waits on.
        """
        routes, state = routes_key(target), state_key(target)
        spending, calls = spending_key(OWN_ACCOUNT, now), calls_key(OWN_ACCOUNT)
        log = head_key(target_owner(target))
        found = self._table.get([routes, state, spending, calls, log])
        record = found.get(place(routes))
        return TargetView(
            None if record is None else read_routes(record)[0],
            read_state(found.get(place(state), {}), now),
            read_account(found.get(place(spending), {}), found.get(place(calls), {}), now),
            _own_dealt(found.get(place(log), {})),
        )

    def save(self, target: str, state: TargetState) -> None:
        """Remember a target's state."""
        self._table.put(state_item(target, state))

    def sent_since(self, target: str, since: float) -> list[Sent]:
        """Return the target's invalidations created at or after `since`, newest first."""
        pages = self._table.pages(sent_partition(target), since=sent_sort_key(since), newest_first=True)
        sent: list[Sent] = []
        characters = 0
        for each in read_all_sent(target, chain.from_iterable(islice(pages, MOST_PAGES))):
            characters += sum(map(len, each.paths))
            if characters > MOST_CHARACTERS:
                return sent
            sent.append(each)
        return sent

    def last_sent(self, target: str) -> Sent | None:
        """Return the target's newest invalidation, None where none is remembered."""
        return next(read_all_sent(target, self._newest_first(target)), None)

    def record(self, sent: Sent) -> None:
        """Remember an invalidation; a large one is written in parts."""
        for item in sent_items(sent):
            self._table.put(item)

    def mark_completed(self, sent: Sent) -> None:
        """Remember that CloudFront finished an invalidation; one that was never recorded stays so."""
        self._table.update(
            sent_key(sent), "SET #completed = :yes", {":yes": {"BOOL": True}}, "attribute_exists(#pk)"
        )

    def of_bucket(self, bucket: str) -> list[str]:
        """Return the ids of all targets that a bucket has; by all routing where its list and its head do not agree."""
        listed = [target_of(item) for item in self._table.items(bucket_partition(bucket))]
        head = self._table.get([head_key(bucket_owner(bucket))])
        if not head or _fits(next(iter(head.values())), bucket, listed):
            return listed
        _logger.warning(
            "the list of the targets of %s and the head of its log do not agree: by all routing", bucket
        )
        routed = [
            routes.target for routes, _ in RoutesTable(self._table).all_routes() if bucket in routes.buckets
        ]
        return sorted({*listed, *routed})

    def _newest_first(self, target: str) -> Iterator[Item]:
        return self._table.items(sent_partition(target), newest_first=True, most=1)


def _fits(head: Item, bucket: str, listed: list[str]) -> bool:
    """Whether a bucket's head was written with these targets; one without a digest, with so many."""
    if "listed" in head:
        return is_digest_of(head, bucket, listed)
    try:
        return len(listed) == (int(head["many"]["N"]) if "many" in head else len(head["targets"]["L"]))
    except UNREADABLE:
        return False


def _own_dealt(head: Item) -> int | None:
    try:
        return newest_dealt(head)
    except UnreadableHead as problem:
        _logger.warning("%s; it holds up what is redriven to this target, and nothing else", problem)
        return None


def state_key(target: str) -> Item:
    """Return the key of a target's state."""
    return key(f"target#{target}", "state")


def state_item(target: str, state: TargetState) -> Item:
    """Return the item of a target's state."""
    content = packed({**asdict(replace(state, settled={})), "settled": dict(state.settled)})
    item = {**state_key(target), "v": {"N": VERSION}, "state": content}
    return item | {"digest": text(digest_at(item, content["B"]))}


def read_state(item: Item, now: float) -> TargetState:
    """Read a target's state. One that cannot be read settled nothing: all is looked at again, as of `now`."""
    if not item:
        return TargetState()
    try:
        version = item["v"]["N"]
        if version != VERSION:
            raise ValueError(f"version {version} is not known here")
        if "digest" in item and item["digest"]["S"] != digest_at(item, item["state"]["B"]):
            raise ValueError("somebody edited it")
        return _validate(unpacked(item["state"]))
    except UNREADABLE as problem:
        _logger.warning(
            "%s cannot be read, and counts as new: %s",
            " ".join(place(item)),
            str(problem) or type(problem).__name__,
        )
        # What it was sent may cover all of that.
        return TargetState(answered=now)
