"""Sends what is not covered yet of a target's work, coalesced, in as few requests as CloudFront takes.

Plan → request → outcome. Nothing here waits for long: what does not fit this run is left, and stays pending.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from invalidator.core.coalescing.coalescing import Coalesced, coalesce
from invalidator.core.limits.account import Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.budget import Spending
from invalidator.core.limits.pace import (
    LONGEST_GAP_SECONDS,
    SMALL,
    Pace,
    after_refusal,
    after_success,
    unhurried,
    within_pace,
)
from invalidator.core.limits.patience import LONGEST_SECONDS, next_try
from invalidator.core.limits.room import fits, within_room
from invalidator.core.outcome import Dead, Outcome
from invalidator.core.pending.entry import Times
from invalidator.core.reasons import Reason
from invalidator.core.request import Request, requests, with_times
from invalidator.core.sent import Sent
from invalidator.core.target_state import TargetState
from invalidator.failures import BackPressure, InvalidPaths, Permanent, Transient
from invalidator.ports import Accounts, Clock, CloudFront, Targets
from invalidator.sender.history import History
from invalidator.sender.probing import Probing
from invalidator.sender.turns import MOST_WAIT_SECONDS, Turns

# While nothing more fits beside what is in progress, statuses are asked for this often.
STATUS_SECONDS = 5.0
# At a limit that only the operator, or the next month, moves, the target is looked at this often.
HOLD_SECONDS = 300.0
# After so many refusals for its size in one run a target waits for the next.
MOST_REFUSALS = 4


@dataclass(slots=True)
class Sending:
    """One target's work on its way to CloudFront.

    Attributes:
        changed: what has to be sent: viewer path → first and newest change, epoch seconds.
        size: how many paths the work had, those that are covered included.
        floors: no wildcard reaches above these.
        role: the role to ask the target's account with, None for the own.
        state: what the target learned; kept up to date.
        deadline: no call begins later, epoch seconds.
        accepted: told of each invalidation as soon as CloudFront has accepted it.
        probing: looks at what wildcards would purge, None where listing is not allowed.
    """

    changed: Mapping[str, Times]
    size: int
    floors: tuple[str, ...]
    role: str | None
    state: TargetState
    turns: Turns
    history: History
    deadline: float
    limits: Limits
    cloudfront: CloudFront
    targets: Targets
    accounts: Accounts
    clock: Clock
    outcome: Outcome
    accepted: Callable[[Sent], None]
    probing: Probing | None = None
    _over: bool = field(init=False, default=False)
    _counted_at: float = field(init=False, default=0.0)
    _accounts_limit: bool = field(init=False, default=False)

    @property
    def pace(self) -> Pace:
        """How the target's requests are sized and spaced now."""
        return self.state.pace or unhurried(self.limits.ceiling)

    def run(self) -> None:
        """Send; `outcome` says what became of it, `state` what was learned. Raises TableUnavailable."""
        now = self.clock.now()
        spending = self._spending(now)
        self._over = self.limits.over_budget(spending, now)
        if self._over and now < self.state.over_until:
            self.outcome.wait(
                self.changed, "the month's budget is spent: one path at a time", self.state.over_until
            )
            return
        if self.limits.hard_path_limit and spending.month >= self.limits.hard_path_limit:
            self._hold("HardPathLimit is reached")
            return
        plan = self._plan(spending)
        if plan is None:
            self.outcome.wait(
                self.changed,
                "no room beside the invalidations in progress",
                now + STATUS_SECONDS,
                failing=True,
            )
        else:
            self._send(plan)

    def _spending(self, now: float) -> Spending:
        spending = self.turns.known.spending
        if spending.mended:
            self.turns.mended += [
                f"account#{self.turns.account} spending: {each}" for each in spending.mended
            ]
            # Before anything is counted: no limit holds what is added to a negative number.
            spending = self.accounts.mend_spending(self.turns.account, now)
        return spending

    def _plan(self, spending: Spending) -> dict[str, float] | None:
        """Coalesce within budget, pace and room; None when nothing more may be in progress now."""
        # The covered ones count too: in the midst of a bulk upload, exact paths save little.
        allowance = self.limits.allow(spending, self.state.pace, self.clock.now(), self.size)
        pace = self.pace
        if self.turns.crowded:
            allowance = Allowance(min(allowance.paths, pace.paths), min(allowance.wildcards, pace.wildcards))
        if self.turns.long:
            allowance = Allowance(
                min(allowance.paths, SMALL.paths), min(allowance.wildcards, SMALL.wildcards)
            )
        free = self.history.room()
        for look_again in (True, False):
            coalesced = self._coalesce(within_room(allowance, free))
            if fits(len(coalesced.paths), len(coalesced.wildcards), free):
                return with_times(coalesced, self._newest())
            if look_again:
                free = self.history.ask_room()
        return None

    def _newest(self) -> dict[str, float]:
        return {path: newest for path, (_, newest) in self.changed.items()}

    def _coalesce(self, allowance: Allowance) -> Coalesced:
        """Coalesce; where listing is allowed, look at what each chosen wildcard would purge and choose again."""
        coalesced = coalesce(self.changed, allowance, self.probing, self.floors)
        while self.probing is not None and self.probing.probe(coalesced.wildcards):
            coalesced = coalesce(self.changed, allowance, self.probing, self.floors)
        if self.probing is not None:
            self.outcome.collateral = self.probing.collateral(coalesced.wildcards)
        return coalesced

    def _send(self, plan: dict[str, float]) -> None:
        waiting = deque(requests(self.turns.target, plan, self.pace.paths, self.pace.wildcards))
        while waiting:
            if not self._turn():
                self._leave(f"its turn among {self.turns.calls.queued} calls", self._next_turn())
                return
            request = waiting.popleft()
            if not self._count(len(request.paths)):
                waiting.appendleft(request)
                self._hold("HardPathLimit would be passed")
                return
            try:
                sent = self.cloudfront.create(request, self.role)
            except BackPressure as refusal:
                self._give_back(request)
                waiting.appendleft(request)
                if not self._learn_refusal(request, refusal):
                    # The account's own queue is the patience with a limit of the account.
                    longest = LONGEST_GAP_SECONDS if self._accounts_limit else LONGEST_SECONDS
                    self._leave(str(refusal), self._patience(longest), failing=True)
                    return
                waiting = deque(
                    requests(
                        self.turns.target, self._narrow(_paths(waiting)), self.pace.paths, self.pace.wildcards
                    )
                )
            except InvalidPaths as refusal:
                self._give_back(request)
                waiting.extendleft(self._halve(request, str(refusal)))
            except Permanent as refusal:
                self._give_back(request)
                waiting.appendleft(request)
                self.outcome.dead.append(Dead(_paths(waiting), refusal.reason, str(refusal)))
                return
            except Transient as passing:
                # Whether it took effect is not known: it stays counted, and its reference makes the next try free.
                waiting.appendleft(request)
                self._leave(str(passing), self._patience(), failing=True)
                return
            else:
                self._accepted(request, sent)

    def _turn(self) -> bool:
        """Wait for the target's own gap and for its turn in the account's queue; False where that takes too long."""
        now = self.clock.now()
        own = self._own_turn(now)
        if own > min(self.deadline, now + MOST_WAIT_SECONDS):
            return False
        if own > now:
            self.clock.sleep(own - now)
        taken = self.turns.take(self.deadline)
        if taken:
            self.state = replace(self.state, asked=self.clock.now())
        return taken

    def _next_turn(self) -> float:
        now = self.clock.now()
        return max(self._own_turn(now), self.turns.expected(), now)

    def _own_turn(self, now: float) -> float:
        # Nobody asked later than now: what says so was written by a clock that is off.
        return min(self.state.asked, now) + self.pace.gap if self.pace.gap else 0.0

    def _count(self, paths: int) -> bool:
        now = self._counted_at = self.clock.now()
        spending = self.accounts.count(self.turns.account, paths, now, self.limits.hard_path_limit)
        if spending is None:
            return False
        self.turns.known = replace(self.turns.known, spending=spending)
        return True

    def _give_back(self, request: Request) -> None:
        # To the day that it was counted in: that day, or month, may have ended meanwhile.
        self.accounts.count(self.turns.account, -len(request.paths), self._counted_at, 0)

    def _accepted(self, request: Request, sent: Sent) -> None:
        if sent.id:
            self.accepted(sent)
        now = self.clock.now()
        answered = max(request.paths.values())
        pace = after_success(self.pace, self.limits.ceiling, now)
        over = now + self.limits.over_budget_seconds * len(request.paths) if self._over else 0.0
        self.state = replace(
            self.state,
            pace=None if pace == unhurried(self.limits.ceiling) else pace,
            failing_since=0.0,
            over_until=max(self.state.over_until, over),
            answered=max(self.state.answered, answered),
            sent=max(self.state.sent, sent.created),
        )
        self.turns.accepted()
        if not sent.id:
            # Sent before and paid for then; there is nothing to date it by.
            self._give_back(request)
            self.outcome.covered += len(sent.paths)
            return
        self.outcome.sent.append(sent)
        self.history.add(sent)
        self.targets.record(sent)

    def _learn_refusal(self, request: Request, refusal: BackPressure) -> bool:
        """Learn from a refusal; tell whether another try in this run makes sense."""
        self.outcome.refused += 1
        now = self.clock.now()
        if not self.state.failing_since:
            self.state = replace(self.state, failing_since=now)
        self._accounts_limit = not refusal.too_large
        if self._accounts_limit:
            self.turns.throttled()
            return False
        # With too much of ours still in progress the size teaches nothing: it is the room that lacks.
        self.history.look(now)
        if not fits(len(request.paths), request.wildcards, self.history.ask_room()):
            return False
        small = fits(len(request.paths), request.wildcards, SMALL)
        self._accounts_limit = self.turns.refused_for_size(small=small)
        pace = after_refusal(self.pace, len(request.paths), request.wildcards, now, too_large=True)
        self.state = replace(self.state, pace=pace)
        return not self._accounts_limit and self.outcome.refused < MOST_REFUSALS and len(request.paths) > 1

    def _narrow(self, plan: dict[str, float]) -> dict[str, float]:
        """Coalesce the rest of a plan again, to as many wildcards as a few requests at this pace can carry."""
        most = within_pace(self.limits.ceiling, self.pace).wildcards
        if sum(path.endswith("*") for path in plan) <= most:
            return plan
        return with_times(coalesce(plan, Allowance(len(plan), most), self.probing, self.floors), plan)

    def _halve(self, request: Request, detail: str) -> list[Request]:
        """Cut a request that holds an invalid path in two; a single path is found and given up."""
        if len(request.paths) == 1:
            self.outcome.dead.append(Dead(request.paths, Reason.PATH_REFUSED, detail))
            return []
        items = list(request.paths.items())
        middle = len(items) // 2
        halves = dict(items[:middle]), dict(items[middle:])
        return [Request(request.distribution, half) for half in reversed(halves)]

    def _patience(self, longest: float = LONGEST_SECONDS) -> float:
        """When to try again what fails, at most so many seconds from now."""
        now = self.clock.now()
        if not self.state.failing_since:
            self.state = replace(self.state, failing_since=now)
        return max(min(next_try(self.state.failing_since, now), now + longest), self._next_turn())

    def _hold(self, reason: str) -> None:
        self.outcome.at_limit = self.limits.hard_path_limit
        self.outcome.wait(self.changed, reason, self.clock.now() + HOLD_SECONDS, failing=True)

    def _leave(self, reason: str, until: float, *, failing: bool = False) -> None:
        """Leave what was not sent: the changed paths that none of the accepted wildcards or paths stands for."""
        ended = [path for sent in self.outcome.sent for path in sent.paths]
        ended += [path for dead in self.outcome.dead for path in dead.paths]
        self.outcome.wait(_without(self.changed, ended), reason, until, failing=failing)


def _paths(waiting: deque[Request]) -> dict[str, float]:
    return {path: at for request in waiting for path, at in request.paths.items()}


def _without(changed: Mapping[str, Times], ended: list[str]) -> Mapping[str, Times]:
    """Return what none of the ended paths stands for."""
    exact = set(ended)
    prefixes = tuple(path[:-1] for path in ended if path.endswith("*"))
    if not exact:
        return changed
    return {
        path: times
        for path, times in changed.items()
        if path not in exact and not (prefixes and path.startswith(prefixes))
    }
