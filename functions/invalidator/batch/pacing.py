"""One account at CloudFront: when its next call may go out, and what its answers teach about the calls after it."""

from dataclasses import dataclass, replace

from invalidator.core.limits.account import Account
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.budget import Spending
from invalidator.core.limits.pace import Pace, after_refusal, after_success, unhurried
from invalidator.core.request import Request
from invalidator.core.sent import Sent
from invalidator.failures import MemoryUnavailable
from invalidator.ports import Clock, Memory


@dataclass(slots=True)
class Pacing:
    """The pace and the spending of one account, for all its distributions of a batch.

    Without the table it goes by what this batch has seen.

    Attributes:
        account: whose quotas and budget they are.
        known: what is known of the account; kept up to date.
        ceiling: the most that the operator allows in one invalidation.
    """

    account: str
    known: Account
    ceiling: Allowance
    memory: Memory
    clock: Clock

    @property
    def pace(self) -> Pace:
        """How requests are sized and spaced now."""
        return self.known.pace or unhurried(self.ceiling)

    def turn(self, deadline: float) -> bool:
        """Wait for the account's turn while calls are spaced; False when it comes after `deadline` (epoch seconds)."""
        now = self.clock.now()
        if now >= deadline:
            return False
        gap = self.pace.gap
        if gap == 0:
            return True
        try:
            slot = self.memory.reserve_call(self.account, now, gap, deadline)
        except MemoryUnavailable:
            slot = now + gap if now + gap < deadline else None
        if slot is None:
            return False
        if slot > now:
            self.clock.sleep(slot - now)
        return True

    def refused(self, request: Request, *, too_large: bool) -> None:
        """Learn from a refusal; `too_large` is whether the request's size can be the cause."""
        now = self.clock.now()
        self._learn(after_refusal(self.pace, len(request.paths), request.wildcards, now, too_large=too_large))

    def accepted(self, sent: Sent) -> None:
        """Count what was sent, and learn that it was taken."""
        spent, before = len(sent.paths), self.known.spending
        self.known = replace(self.known, spending=Spending(before.month + spent, before.day + spent))
        self._learn(after_success(self.pace, self.ceiling, self.clock.now()))

    def _learn(self, pace: Pace) -> None:
        if pace == self.pace:
            return
        self.known = replace(self.known, pace=pace)
        try:
            self.memory.learn(self.account, pace)
        except MemoryUnavailable:
            return  # this batch keeps to it; the next learns it again
