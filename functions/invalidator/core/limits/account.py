"""What the operator allows an account: the most of one invalidation, the month's budget, and what follows past it."""

from dataclasses import dataclass

from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.budget import Spending, spendable, within_budget
from invalidator.core.limits.pace import Pace, unhurried, within_pace
from invalidator.core.limits.slots import Calls

# The worker's own account; another account's name is the role that the worker assumes there.
OWN_ACCOUNT = "self"
_NOTHING_SPENT = Spending()
_NO_CALLS = Calls()


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of an account.

    Attributes:
        spending: paths that it has spent this month and day.
        calls: its queue of calls.
    """

    spending: Spending = _NOTHING_SPENT
    calls: Calls = _NO_CALLS


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

    @property
    def longest_over_seconds(self) -> float:
        """How long one invalidation past the budget can keep a target from the next, seconds."""
        return self.over_budget_seconds * self.ceiling.paths

    def over_budget(self, spending: Spending, now: float) -> bool:
        """Tell whether nothing of the budget may be spent at `now` (epoch seconds)."""
        return self.monthly_budget > 0 and spendable(self.monthly_budget, spending, now) < 1

    def allow(self, spending: Spending, pace: Pace | None, now: float, changed: int) -> Allowance:
        """Return the most that one plan may send: the ceiling, within the month's budget, then the learned pace.

        What is in progress is not part of it (`limits.room`).

        Args:
            spending: what the account that pays has spent.
            pace: what the target's refusals taught, None where there were none.
            now: epoch seconds.
            changed: how many viewer paths changed.
        """
        allowance = within_budget(self.ceiling, self.monthly_budget, spending, now, changed)
        return within_pace(allowance, pace or unhurried(self.ceiling))
