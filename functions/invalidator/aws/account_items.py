"""The items of an account: what it spent and what CloudFront accepts from it, written and read again.

| pk | sk | holds |
| --- | --- | --- |
| `account#NAME` | `spending#2026-11` | paths spent in the month, and in each of its days |
| `account#NAME` | `pace` | what CloudFront accepts, and when it may be asked next |
"""

from collections.abc import Mapping
from typing import Any

from invalidator.aws.dynamodb_table import Item, key, number
from invalidator.aws.table_items import DAY, UNREADABLE
from invalidator.core.limits.account import Account
from invalidator.core.limits.budget import Spending, day_of, month_of
from invalidator.core.limits.pace import LONGEST_GAP_SECONDS, Pace

SPENDING_DAYS = 400


def spending_key(account: str, now: float) -> Item:
    """Return the key of what an account spends in the month of `now`."""
    return key(f"account#{account}", f"spending#{month_of(now)}")


def spending_update(account: str, paths: int, now: float) -> Item:
    """Return the update that adds `paths` to what an account spent in the month and day of `now`."""
    return {
        "Key": spending_key(account, now),
        "UpdateExpression": "SET expires = :expires ADD paths_sent :paths, #day :paths",
        "ExpressionAttributeNames": {"#day": f"day{day_of(now)}"},
        "ExpressionAttributeValues": {
            ":paths": number(paths),
            ":expires": number(int(now) + SPENDING_DAYS * DAY),
        },
    }


def pace_key(account: str) -> Item:
    """Return the key of what CloudFront accepts from an account."""
    return key(f"account#{account}", "pace")


def pace_update(account: str, pace: Pace) -> Item:
    """Return the update that keeps what CloudFront accepts; the time of the next call stays as it is."""
    return {
        "Key": pace_key(account),
        "UpdateExpression": (
            "SET request_paths = :paths, request_wildcards = :wildcards, gap = :gap, learned = :learned"
        ),
        "ExpressionAttributeValues": {
            ":paths": number(pace.paths),
            ":wildcards": number(pace.wildcards),
            ":gap": number(pace.gap),
            ":learned": number(pace.learned),
        },
    }


def read_account(spending: Mapping[str, Any], pace: Mapping[str, Any], now: float) -> Account:
    """Read what is known of an account at `now` from its two items; one that cannot be read counts as empty."""
    try:
        spent = Spending(_whole(spending, "paths_sent"), _whole(spending, f"day{day_of(now)}"))
    except UNREADABLE:
        spent = Spending()
    try:
        next_call = float(pace["next_call"]["N"]) if "next_call" in pace else 0.0
        return Account(spent, _pace(pace), next_call)
    except UNREADABLE:
        return Account(spent)


def _pace(item: Mapping[str, Any]) -> Pace | None:
    if "request_paths" not in item:
        return None
    return Pace(
        max(1, _whole(item, "request_paths")),
        max(1, _whole(item, "request_wildcards")),
        # No worker learns a longer gap; one read from a damaged item would stop all of them.
        min(max(0.0, float(item["gap"]["N"])), LONGEST_GAP_SECONDS),
        float(item["learned"]["N"]),
    )


def _whole(item: Mapping[str, Any], name: str) -> int:
    return int(item[name]["N"]) if name in item else 0
