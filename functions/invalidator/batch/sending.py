"""Sends one distribution's work: what is not covered yet, coalesced, in as few requests as CloudFront takes.

Plan → request → outcome. Nothing here gives up on a quota: what does not fit the time left is handed back as
waiting, and comes again with whatever has arrived meanwhile.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from invalidator.batch.history import History
from invalidator.batch.pacing import Pacing
from invalidator.batch.probing import Probing
from invalidator.core.coalescing.coalescing import Coalesced, coalesce
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.budget import within_budget
from invalidator.core.limits.pace import within_pace
from invalidator.core.limits.room import fits, within_room
from invalidator.core.outcome import Dead, Outcome
from invalidator.core.reasons import Reason
from invalidator.core.request import Request, requests, with_times
from invalidator.core.sent import Sent
from invalidator.core.work import Work
from invalidator.failures import BackPressure, InvalidPaths, MemoryUnavailable, Permanent, Transient
from invalidator.ports import Clock, CloudFront, Memory

# After this many refusals in one go the rest waits on the queue, where it merges with what arrives.
MOST_REFUSALS = 5
# While nothing more fits beside what is in progress, statuses are asked for this often.
STATUS_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator allows.

    Attributes:
        ceiling: the most paths and wildcards in one invalidation.
        monthly_budget: paths a calendar month; 0 is no budget.
    """

    ceiling: Allowance
    monthly_budget: int


@dataclass(slots=True)
class Sending:
    """One distribution's work on its way to CloudFront.

    Attributes:
        work: what has to be sent.
        pacing: the pace and the spending of the account that it is billed to and limited in.
        deadline: when to stop, epoch seconds.
        probing: looks at what wildcards would purge, None where listing is not allowed.
    """

    work: Work
    pacing: Pacing
    deadline: float
    cloudfront: CloudFront
    memory: Memory
    clock: Clock
    limits: Limits
    probing: Probing | None = None
    outcome: Outcome = field(init=False)
    _history: History = field(init=False)

    def __post_init__(self) -> None:
        self.outcome = Outcome(self.work.distribution.id)
        self._history = History(self.work, self.cloudfront, self.memory, self.clock)

    def run(self) -> Outcome:
        """Send what is not covered yet, and say what became of it."""
        self._history.look()
        digest = self.work.digest()
        if self._history.ended(digest):
            self.outcome.covered = len(self.work.paths)
            return self.outcome
        changed = self._history.uncovered()
        self.outcome.covered = len(self.work.paths) - len(changed)
        if changed:
            plan = self._plan(changed)
            if plan is None:
                self._wait(changed, "no room beside the invalidations in progress")
            else:
                self._send(plan, digest)
        return self.outcome

    def _plan(self, changed: dict[str, float]) -> dict[str, float] | None:
        """Coalesce within budget, pace and room; None when nothing more may be in progress until the deadline."""
        # The covered ones count too: in the midst of a bulk upload, exact paths save little.
        size = len(self.work.paths)
        budget, spent = self.limits.monthly_budget, self.pacing.known.spending
        allowance = within_budget(self.limits.ceiling, budget, spent, self.clock.now(), size)
        allowance = within_pace(allowance, self.pacing.pace)
        free = self._history.room()
        while True:
            coalesced = self._coalesce(changed, within_room(allowance, free))
            if fits(len(coalesced.paths), len(coalesced.wildcards), free):
                return with_times(coalesced, changed)
            fresh = self._history.ask_room()
            if fresh == free:
                if self.clock.now() + STATUS_SECONDS > self.deadline:
                    return None
                self.clock.sleep(STATUS_SECONDS)
            free = fresh

    def _coalesce(self, changed: dict[str, float], allowance: Allowance) -> Coalesced:
        """Coalesce; where listing is allowed, look at what each chosen wildcard would purge and choose again."""
        coalesced = coalesce(changed, allowance, self.probing, self.work.floors)
        while self.probing is not None and self.probing.probe(coalesced.wildcards):
            coalesced = coalesce(changed, allowance, self.probing, self.work.floors)
        if self.probing is not None:
            self.outcome.collateral = self.probing.collateral(coalesced.wildcards)
        return coalesced

    def _send(self, plan: dict[str, float], digest: str) -> None:
        waiting = deque(self._cut(plan))
        while waiting:
            if not self.pacing.turn(self.deadline):
                self._wait(_paths(waiting), "no time left in this batch")
                return
            request = waiting.popleft()
            try:
                sent = self.cloudfront.create(request, self.work.distribution.role)
            except BackPressure as refusal:
                self._learn_refusal(request, refusal)
                waiting.appendleft(request)
                if self.outcome.refused >= MOST_REFUSALS:
                    self._wait(_paths(waiting), str(refusal))
                    return
                waiting = deque(self._cut(self._narrow(_paths(waiting))))
            except InvalidPaths as refusal:
                waiting.extendleft(self._halve(request, str(refusal)))
            except Permanent as refusal:
                waiting.appendleft(request)
                self.outcome.dead.append(Dead(_paths(waiting), refusal.reason, str(refusal)))
                return
            except Transient as passing:
                waiting.appendleft(request)
                self._wait(_paths(waiting), str(passing))
                self.outcome.failed = True
                return
            else:
                if not sent.id:
                    # Sent before and paid for then; there is nothing to date it by.
                    self.outcome.covered += len(sent.paths)
                    continue
                last = not waiting and not self.outcome.dead
                self._record(replace(sent, work=digest) if last else sent)

    def _narrow(self, plan: dict[str, float]) -> dict[str, float]:
        """Coalesce the rest of a plan again, to as many wildcards as a few requests at this pace can carry."""
        most = within_pace(self.limits.ceiling, self.pacing.pace).wildcards
        if sum(path.endswith("*") for path in plan) <= most:
            return plan
        return with_times(coalesce(plan, Allowance(len(plan), most), self.probing, self.work.floors), plan)

    def _cut(self, plan: Mapping[str, float]) -> list[Request]:
        return list(
            requests(self.work.distribution.id, plan, self.pacing.pace.paths, self.pacing.pace.wildcards)
        )

    def _wait(self, paths: Mapping[str, float], reason: str) -> None:
        self.outcome.waiting = paths
        self.outcome.waiting_reason = reason

    def _learn_refusal(self, request: Request, refusal: BackPressure) -> None:
        self.outcome.refused += 1
        # With too much of ours still in progress the size teaches nothing: it is the room that lacks. The other
        # worker may have taken it since this one looked.
        if refusal.too_large:
            self._history.look()
        by_size = refusal.too_large and fits(len(request.paths), request.wildcards, self._history.ask_room())
        self.pacing.refused(request, too_large=by_size)

    def _halve(self, request: Request, detail: str) -> list[Request]:
        """Cut a request that holds an invalid path in two; a single path is found and given up."""
        if len(request.paths) == 1:
            self.outcome.dead.append(Dead(request.paths, Reason.PATH_REFUSED, detail))
            return []
        items = list(request.paths.items())
        middle = len(items) // 2
        halves = dict(items[:middle]), dict(items[middle:])
        return [Request(request.distribution, half) for half in reversed(halves)]

    def _record(self, sent: Sent) -> None:
        self.outcome.sent.append(sent)
        self._history.add(sent)
        self.pacing.accepted(sent)
        try:
            self.memory.record(sent, self.pacing.account, self.clock.now())
        except MemoryUnavailable:
            self.outcome.unrecorded += 1


def _paths(waiting: deque[Request]) -> dict[str, float]:
    return {path: at for request in waiting for path, at in request.paths.items()}
