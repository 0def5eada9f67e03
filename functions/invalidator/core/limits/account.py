"""What one invalidation may hold now: the operator's limits, and what is remembered of the account they are for."""

from dataclasses import dataclass

from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.budget import Spending, within_budget
from invalidator.core.limits.pace import Pace, unhurried, within_pace

# The worker's own account in the table; another's stands under the role by which it is reached.
OWN_ACCOUNT = "self"
_NOTHING_SPENT = Spending()


@dataclass(frozen=True, slots=True)
class Account:
    """What is remembered of an account: what it spent, what CloudFront took from it, when it may be asked next.

    Attributes:
        spending: paths spent this month and day.
        pace: what was learned of its quotas, None while it was never refused.
        next_call: the earliest time for the next call while calls are spaced, epoch seconds.
    """

    spending: Spending = _NOTHING_SPENT
    pace: Pace | None = None
    next_call: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator allows.

    Attributes:
        ceiling: the most paths and wildcards in one invalidation.
        monthly_budget: paths a calendar month; 0 is no budget.
    """

    ceiling: Allowance
    monthly_budget: int

    def allow(self, account: Account, now: float, changed: int) -> Allowance:
        """Return the most that one plan may send: the ceiling, within the month's budget, then the learned pace.

        What is in progress is not part of it: it differs from one distribution to the next (`limits.room`).

        Args:
            account: what is remembered of the account that pays.
            now: epoch seconds.
            changed: how many viewer paths changed.
        """
        allowance = within_budget(self.ceiling, self.monthly_budget, account.spending, now, changed)
        return within_pace(allowance, account.pace or unhurried(self.ceiling))
