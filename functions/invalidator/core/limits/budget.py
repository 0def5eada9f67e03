"""Paces a month's free paths, so that one early deploy does not eat them all.

Freshness wins over budget: as the budget runs low the allowance shrinks towards one wildcard for each
invalidation, and never below.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from invalidator.core.limits.allowance import Allowance

# A month opens with this part of its budget; the rest is earned evenly until its end.
HEAD_START = 0.25
# No day takes more than this part of the month's budget.
DAY_SHARE = 0.4
# Changes that fit into this part of what may be spent now are sent exactly.
EXACT_SHARE = 0.5
# A bulk upload gets wildcards anyway, batch after batch: each takes only this part, and leaves the rest to the
# small changes that follow, where an exact path saves the most.
BULK_SHARE = 0.04
LONGER_THAN_A_MONTH = 32
PRICE_OF_A_PATH_USD = 0.005
FREE_PATHS_A_MONTH = 1000
# Nobody pays for so many: what says so was written by hand.
ABSURD_PATHS = 10**12


@dataclass(frozen=True, slots=True)
class Spending:
    """Paths that one account has spent.

    Attributes:
        month: in the calendar month (UTC), as CloudFront bills it.
        day: in the calendar day (UTC).
        mended: what was counted and cannot be, in words for people.
    """

    month: int = 0
    day: int = 0
    mended: tuple[str, ...] = ()


def month_of(now: float) -> str:
    """Return the calendar month that `now` (epoch seconds) is billed in, "2026-11"."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m")


def day_of(now: float) -> str:
    """Return the day of the month that `now` (epoch seconds) lies in, "23"."""
    return datetime.fromtimestamp(now, UTC).strftime("%d")


def believed(month: float, days: Mapping[str, float], today: str) -> tuple[Spending, dict[str, int]]:
    """Return spending as it is to be taken, and each of its days likewise.

    Each path is counted in the month and in its day: a month of less than its days was not counted so. One of more may
    be meant: somebody counts what another tool sends.

    Args:
        month: paths counted in the month; what is no number at all is NaN.
        days: likewise in those of its days that have any (`day_of`).
        today: the day.
    """
    possible = {day: _paths(paths) for day, paths in days.items()}
    least = sum(possible.values())
    whole = max(_paths(month), least)
    told = [f"day {day} is {paths}: taken for {possible[day]}" for day, paths in days.items()]
    mended = [each for each, day in zip(told, days, strict=True) if possible[day] != days[day]]
    if whole != month:
        mended.append(f"paths_sent is {month}: taken for {whole}, the sum of its days is {least}")
    return Spending(whole, possible.get(today, 0), tuple(mended)), possible


def _paths(counted: float) -> int:
    return math.ceil(counted) if 0 <= counted <= ABSURD_PATHS else 0


def spendable(budget: int, spending: Spending, now: float) -> float:
    """Return how many paths may be spent now; 0 or less when the budget has run dry.

    Args:
        budget: paths a calendar month.
        spending: what this month and day have cost already.
        now: epoch seconds.
    """
    earned = budget * (HEAD_START + (1 - HEAD_START) * part_of_month_gone(now))
    return min(earned - spending.month, budget * DAY_SHARE - spending.day)


def within_budget(ceiling: Allowance, budget: int, spending: Spending, now: float, changed: int) -> Allowance:
    """Return the allowance of one invalidation: `ceiling`, or less where the budget asks for it.

    Args:
        ceiling: the most that one invalidation may hold.
        budget: paths a calendar month; 0 is no budget.
        spending: what this month and day have cost already.
        now: epoch seconds.
        changed: how many viewer paths changed.
    """
    if budget <= 0:
        return ceiling
    left = spendable(budget, spending, now)
    exact = int(left * EXACT_SHARE)
    paths = exact if changed <= exact else max(1, int(left * BULK_SHARE))
    return Allowance(min(ceiling.paths, paths), min(ceiling.wildcards, paths))


def cost_usd(paths: int, spent_this_month: int = 0) -> float:
    """Return what `paths` more cost, in US dollars, after `spent_this_month` in the same account."""
    paid = max(0, spent_this_month + paths - FREE_PATHS_A_MONTH) - max(
        0, spent_this_month - FREE_PATHS_A_MONTH
    )
    return round(paid * PRICE_OF_A_PATH_USD, 6)


def part_of_month_gone(now: float) -> float:
    """Return how much of the calendar month (UTC) is over at `now` (epoch seconds), 0 to 1."""
    moment = datetime.fromtimestamp(now, UTC)
    start = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = (start + timedelta(days=LONGER_THAN_A_MONTH)).replace(day=1)
    return (moment - start) / (end - start)
