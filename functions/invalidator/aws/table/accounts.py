"""The accounts, in DynamoDB: what each spends, and its queue of calls.

| pk | sk | holds |
| --- | --- | --- |
| `account#NAME` | `spending#2026-11` | paths spent in the month, and in each of its days |
| `account#NAME` | `calls` | `gap`, `learned`, `lesson`, `last_call`, `dealt`, `served`, and who was refused last |
"""

import logging
import math
from collections.abc import Mapping
from typing import Any

from invalidator.aws.table.dynamodb import DAY, DynamoDbTable, Item, key, number, place, text
from invalidator.aws.table.packed_values import UNREADABLE
from invalidator.core.limits.account import Account
from invalidator.core.limits.budget import Spending, believed, day_of, month_of
from invalidator.core.limits.slots import Calls

SPENDING_DAYS = 400
# Others count meanwhile; each time the item is read again.
MOST_MENDS = 3
_DAYS = [f"{day:02}" for day in range(1, 32)]
_logger = logging.getLogger(__name__)


class AccountTable:
    """The port `Accounts` over DynamoDB."""

    def __init__(self, table: DynamoDbTable) -> None:
        self._table = table

    def count(self, account: str, paths: int, now: float, limit: int) -> Spending | None:
        """Count paths before they are sent; return the sum, None where it would pass `limit` (0: there is none)."""
        limited = paths > 0 and limit > 0
        if limited and paths > limit:
            return None
        item = self._table.update(
            spending_key(account, now),
            f"SET #expires = :expires ADD #paths_sent :paths, #day{day_of(now)} :paths",
            {":paths": number(paths), ":expires": number(int(now) + SPENDING_DAYS * DAY)}
            | ({":most": number(limit - paths)} if limited else {}),
            "attribute_not_exists(#paths_sent) OR #paths_sent <= :most" if limited else "",
        )
        return None if item is None else read_spending(item, now)

    def mend_spending(self, account: str, now: float) -> Spending:
        """Put right what cannot have been counted, again where another run counts just now; return what is spent."""
        asked = spending_key(account, now)
        for _ in range(MOST_MENDS):
            item = self._table.get([asked]).get(place(asked), {})
            month, days = _counted(item)
            spending, possible = believed(month, days, day_of(now))
            right = {"paths_sent": spending.month, **{f"day{day}": paths for day, paths in possible.items()}}
            mended = self._table.update(
                asked,
                "SET " + ", ".join(f"#{name} = :{name}" for name in right),
                {f":{name}": number(paths) for name, paths in right.items()}
                | ({":was": item["paths_sent"]} if "paths_sent" in item else {}),
                "#paths_sent = :was" if "paths_sent" in item else "attribute_not_exists(#paths_sent)",
            )
            if mended is not None:
                break
        return spending

    def draw(self, account: str) -> Calls:
        """Draw a ticket: return the queue, whose `dealt` is the ticket."""
        return read_calls(
            self._table.update(calls_key(account), "ADD #dealt :one", {":one": number(1)}) or {}
        )

    def take_turn(self, account: str, ticket: int, last: float, now: float) -> bool:
        """Take a ticket's turn; False where another call was made since `last`: look at the queue again."""
        same = "#last_call = :last" if last else "(attribute_not_exists(#last_call) OR #last_call = :last)"
        values = {":now": number(now), ":last": number(last), ":ticket": number(ticket)}
        # The greatest ticket counts: one that passed its turn on, and is used all the same, takes nothing back.
        for change, condition in (
            (
                "SET #last_call = :now, #served = :ticket",
                "(attribute_not_exists(#served) OR #served < :ticket)",
            ),
            ("SET #last_call = :now", "#served >= :ticket"),
        ):
            if self._table.update(calls_key(account), change, values, f"{same} AND {condition}") is not None:
                return True
        return False

    def learn(self, account: str, calls: Calls, learned: float) -> None:
        """Remember gap, lesson and refusal of a queue, unless another run learned a wider gap since `learned`."""
        if calls.unreadable:
            # None of it can be compared with, and what is not written stays unreadable.
            self._table.put(calls_item(account, calls))
            return
        self._table.update(
            calls_key(account),
            "SET #gap = :gap, #learned = :learned, #lesson = :lesson,"
            " #refused_target = :target, #refused_at = :at",
            {
                ":gap": number(calls.gap),
                ":learned": number(calls.learned),
                ":lesson": number(calls.lesson),
                ":target": text(calls.refused_target),
                ":at": number(calls.refused_at),
                ":was": number(learned),
            },
            "attribute_not_exists(#learned) OR #learned <= :was OR #gap <= :gap",
        )

    def known(self, account: str, now: float) -> Account:
        """Return what is known of an account, strongly consistent."""
        spending, calls = spending_key(account, now), calls_key(account)
        found = self._table.get([spending, calls])
        return read_account(found.get(place(spending), {}), found.get(place(calls), {}), now)


def spending_key(account: str, now: float) -> Item:
    """Return the key of what an account spends in the month of `now`."""
    return key(f"account#{account}", f"spending#{month_of(now)}")


def calls_key(account: str) -> Item:
    """Return the key of an account's queue of calls."""
    return key(f"account#{account}", "calls")


def calls_item(account: str, calls: Calls) -> Item:
    """Return the item of an account's queue of calls."""
    return {
        **calls_key(account),
        "gap": number(calls.gap),
        "learned": number(calls.learned),
        "lesson": number(calls.lesson),
        "last_call": number(calls.last),
        "dealt": number(calls.dealt),
        "served": number(calls.served),
        "refused_target": text(calls.refused_target),
        "refused_at": number(calls.refused_at),
    }


def read_account(spending: Mapping[str, Any], calls: Mapping[str, Any], now: float) -> Account:
    """Read what is known of an account at `now` from its two items; one that cannot be read counts as empty."""
    return Account(read_spending(spending, now), read_calls(calls))


def read_spending(item: Mapping[str, Any], now: float) -> Spending:
    """Read what an account spent in the month and day of `now`."""
    month, days = _counted(item)
    return believed(month, days, day_of(now))[0]


def read_calls(item: Mapping[str, Any]) -> Calls:
    """Read a queue of calls."""
    try:
        return Calls(
            gap=_number(item, "gap"),
            learned=_number(item, "learned"),
            lesson=_whole(item, "lesson"),
            last=_number(item, "last_call"),
            dealt=_whole(item, "dealt"),
            served=_whole(item, "served"),
            refused_target=item["refused_target"]["S"] if "refused_target" in item else "",
            refused_at=_number(item, "refused_at"),
        )
    except UNREADABLE as problem:
        _logger.warning(
            "%s cannot be read, and counts as new: %s", " ".join(place(dict(item))), type(problem).__name__
        )
        return Calls(unreadable=True)


def _counted(item: Mapping[str, Any]) -> tuple[float, dict[str, float]]:
    """Return what was counted in the month and in each of its days; NaN for what is no number."""
    days = {day: f"day{day}" for day in _DAYS if f"day{day}" in item}
    return _count(item, "paths_sent"), {day: _count(item, name) for day, name in days.items()}


def _count(item: Mapping[str, Any], name: str) -> float:
    try:
        return _number(item, name)
    except UNREADABLE:
        return math.nan


def _whole(item: Mapping[str, Any], name: str) -> int:
    return int(item[name]["N"]) if name in item else 0


def _number(item: Mapping[str, Any], name: str) -> float:
    return float(item[name]["N"]) if name in item else 0.0
