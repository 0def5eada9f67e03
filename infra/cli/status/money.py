"""What a month's paths cost: so far, at this rate until its end, and at most. Pure.

The worker counts a path before it sends it, so the bound holds whatever comes: past the budget each distribution that
goes on changing is sent one path every OverBudgetSeconds, and past HardPathLimit nothing is sent.
"""

from dataclasses import dataclass

from invalidator.core.limits.account import Limits
from invalidator.core.limits.budget import PRICE_OF_A_PATH_USD, cost_usd, part_of_month_gone

DAY_SECONDS = 86_400.0
MONTH_SECONDS = 30 * DAY_SECONDS
# A month that has just begun says little: at least a day counts as gone.
LEAST_PART_GONE = 1 / 31


@dataclass(frozen=True, slots=True)
class Money:
    """A month's money, in US dollars past the free paths of the account.

    Attributes:
        spent: so far.
        forecast: at the month's end, if it goes on as until now.
        each_over_budget: what one distribution that changes all the time can cost in a month past the budget; None
            where nothing bounds that, 0 where it cannot come to that.
        bound: what the month can cost at most with so many distributions as there are; None where nothing bounds it.
    """

    spent: float
    forecast: float
    each_over_budget: float | None
    bound: float | None


def month(paths: int, limits: Limits, distributions: int, now: float) -> Money:
    """Return the money of the month of `now` (epoch seconds).

    Args:
        paths: what was sent so far in this month.
        limits: what the operator allows.
        distributions: how many distributions there are to be invalidated.
        now: epoch seconds.
    """
    gone = part_of_month_gone(now)
    each = _each(limits)
    most = _most_paths(limits, each, distributions)
    going_on = paths / max(gone, LEAST_PART_GONE)
    if each is not None and limits.monthly_budget and going_on > limits.monthly_budget:
        slowed = max(paths, limits.monthly_budget) + each * distributions * (1 - gone)
        going_on = min(going_on, slowed)
    if limits.hard_path_limit:
        going_on = min(going_on, max(paths, limits.hard_path_limit))
    return Money(
        cost_usd(paths),
        cost_usd(round(going_on)),
        None if each is None else round(each * PRICE_OF_A_PATH_USD, 2),
        None if most is None else cost_usd(max(paths, round(most))),
    )


def _each(limits: Limits) -> float | None:
    """The paths a month of one distribution past the budget."""
    if not limits.monthly_budget or not limits.over_budget_seconds:
        return None
    return MONTH_SECONDS / limits.over_budget_seconds


def _most_paths(limits: Limits, each: float | None, distributions: int) -> float | None:
    most = None if each is None else limits.monthly_budget + each * distributions
    if not limits.hard_path_limit:
        return most
    return limits.hard_path_limit if most is None else min(most, limits.hard_path_limit)
