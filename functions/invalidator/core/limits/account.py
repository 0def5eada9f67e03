"""What the operator allows an account: the most of one invalidation, the month's budget, and what follows past it."""

from dataclasses import dataclass

from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.budget import Spending, spendable, within_budget

# The worker's own account; another account's name is the role that the worker assumes there.
OWN_ACCOUNT = "self"


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator allows.

    Attributes:
        ceiling: the most paths and wildcards in one invalidation.
        monthly_budget: paths a calendar month; 0 is no budget.
        over_budget_seconds: past the budget, a target is sent one path at most every so many seconds; 0 is as often
            as it changes.
        hard_path_limit: paths a calendar month past which nothing is sent at all; 0 is no limit.
        give_up_seconds: a change that could not be sent for so long is given up.
    """

    ceiling: Allowance
    monthly_budget: int
    over_budget_seconds: float = 900.0
    hard_path_limit: int = 0
    give_up_seconds: float = 86_400.0

    def over_budget(self, spending: Spending, now: float) -> bool:
        """Tell whether nothing of the budget may be spent at `now` (epoch seconds)."""
        return self.monthly_budget > 0 and spendable(self.monthly_budget, spending, now) < 1

    def allow(self, spending: Spending, now: float, changed: int) -> Allowance:
        """Return what one invalidation for so many changed viewer paths may hold at `now` (epoch seconds)."""
        return within_budget(self.ceiling, self.monthly_budget, spending, now, changed)
