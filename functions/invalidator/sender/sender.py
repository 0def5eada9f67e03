"""One wake of one target: look at what is pending for it, send what is due, settle what is done.

The wake is cleared before pending changes are read, and they are settled only after what they needed was accepted, was
found to be nothing, or lies in the dead-letter queue. So a run can die anywhere: what it did not settle is looked at
again, and what it sent is covered then.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from invalidator.core.limits.account import OWN_ACCOUNT, Limits
from invalidator.core.limits.pace import SMALL
from invalidator.core.outcome import Dead, Outcome
from invalidator.core.pending.entry import Times, entries, merged, target_owner
from invalidator.core.pending.wakes import LONGEST_DELAY_SECONDS, Gathering, Rest, Wake, due_after, rest_after
from invalidator.core.reasons import Reason
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.routing.target import TargetRoutes
from invalidator.core.sent import Sent
from invalidator.core.target_state import TargetState, believed
from invalidator.failures import UnreadableRoutes
from invalidator.logs import append
from invalidator.ports import (
    Accounts,
    Clock,
    CloudFront,
    DeadLetters,
    Listing,
    Log,
    Surveys,
    Targets,
    TargetView,
    WakeQueue,
    Wakes,
)
from invalidator.sender.forgetting import Forgetting
from invalidator.sender.history import History, needs_a_look
from invalidator.sender.pending import Pending, read_pending
from invalidator.sender.probing import Probing
from invalidator.sender.sending import Sending
from invalidator.sender.turns import MOST_WAIT_SECONDS, Turns

# A little longer than the function runs.
LEASE_SECONDS = 40.0
# While another run holds the target, it is asked for again after so long.
HELD_SECONDS = 2.0
# From so many entries on, what is left of a target's work is written anew as one.
MOST_ENTRIES = 500
# What another version wrote of a target is looked at again after so long.
UNREADABLE_SECONDS = 60.0
NOTHING_KNOWN = TargetState()
# A distribution that CloudFront does not know: the survey is given so long to see it too.
GONE_SECONDS = 30.0


Refreshing = Callable[[TargetRoutes, str, float], TargetRoutes]


def untold(_sent: Sent) -> None:
    """Nobody is told of an invalidation as soon as it is accepted."""


@dataclass(slots=True)
class Run:
    """What a run did, for the log and the metrics.

    Attributes:
        target: the target's id.
        held: whether another run had it: then nothing else was done.
        gone: whether no survey knows it.
        routes: its routing, None where it is gone or held.
        pending: what was read, None where it was not yet time to read.
        outcome: what became of it.
        due: when it is to be looked at again, epoch seconds; None where nothing is left.
        paths_this_month: what the account has spent with this run.
        accepted: told of each invalidation as soon as CloudFront has accepted it, whatever fails after that.
        mended: what the table said and cannot be, in words for people.
    """

    target: str
    held: bool = False
    gone: bool = False
    routes: TargetRoutes | None = None
    pending: Pending | None = None
    outcome: Outcome = field(default_factory=lambda: Outcome(""))
    due: float | None = None
    paths_this_month: int | None = None
    accepted: Callable[[Sent], None] = untold
    mended: list[str] = field(default_factory=list)


def as_known(routes: TargetRoutes, _applied: str, _deadline: float) -> TargetRoutes:
    """Ask nobody again: the routing is as the survey left it."""
    return routes


@dataclass(slots=True)
class Sender:
    """The sender, wired to the outside world.

    Attributes:
        limits: what the operator allows.
        gathering: how long changes are gathered.
        routing: what the operator says of the sites.
        listing: lists buckets, None where the stack was not allowed to.
        listing_calls: the most listings for one run.
        refresh: asks for another account's distribution again, where its routing is old: (its routing, the version
            that was worked by, deadline) → its routing.
        forgetting: lets the memories of buckets forget what is given up, None where no bucket is remembered.
    """

    log: Log
    wakes: Wakes
    targets: Targets
    accounts: Accounts
    cloudfront: CloudFront
    wake_queue: WakeQueue
    dead_letters: DeadLetters
    surveys: Surveys
    clock: Clock
    limits: Limits
    gathering: Gathering
    routing: RoutingSettings
    listing: Listing | None = None
    listing_calls: int = 0
    refresh: Refreshing = as_known
    forgetting: Forgetting | None = None

    def run(self, target: str, token: str, deadline: float, accepted: Callable[[Sent], None] = untold) -> Run:
        """Look at a target; no call to CloudFront begins after `deadline` (epoch seconds).

        Args:
            target: its id.
            token: names this run, one of a kind.
            deadline: as above.
            accepted: as of a `Run`.

        Raises:
            TableUnavailable: the table cannot be asked; the wake is to be tried again.
            QueueUnavailable: what is given up could not be handed over; likewise.
        """
        name = target_owner(target)
        now = self.clock.now()
        wake = self.wakes.begin(name, now, now + LEASE_SECONDS, token)
        if wake is None:
            # Its holder may have read what is pending before the change that this wake is for. That a look is asked for
            # already does not help: it may be this very message that was sent for it.
            self.wakes.wake(name, now + HELD_SECONDS, now, now)
            self.wake_queue.call([(name, HELD_SECONDS)])
            return Run(target, held=True)
        run = Run(target, outcome=Outcome(target), accepted=accepted)
        rest = wake.rest
        try:
            view = self.targets.view(target, now)
        except UnreadableRoutes as problem:
            # Of another version, or edited by hand: a survey of this one writes it anew.
            self.surveys.start()
            run.mended.append(str(problem))
            run.outcome.wait({}, str(problem), now + UNREADABLE_SECONDS, failing=True)
            run.due = run.outcome.not_before
            self._end(name, token, wake, run, rest)
            return run
        if view.routes is not None and view.routes.role is not None:
            view = replace(view, routes=self.refresh(view.routes, view.state.routing, deadline))
        run.routes = view.routes
        if view.routes is None:
            self._give_up_unknown(target, view, run)
        else:
            rest = self._look(view, view.routes, wake, run, deadline)
        self._end(name, token, wake, run, rest)
        return run

    def _look(self, view: TargetView, routes: TargetRoutes, wake: Wake, run: Run, deadline: float) -> Rest:
        now = self.clock.now()
        account = routes.role or OWN_ACCOUNT
        known = view.account if account == OWN_ACCOUNT else self.accounts.known(account, now)
        state, mended = believed(
            view.state,
            dealt=known.calls.dealt,
            over_seconds=self.limits.longest_over_seconds,
            now=now,
        )
        run.mended += [f"target#{routes.target} state: {each}" for each in mended]
        view = replace(view, state=state)
        turns = Turns(routes.target, account, known, state.ticket, self.accounts, self.clock, run.mended)
        early = max(state.not_before, turns.expected() - MOST_WAIT_SECONDS / 2)
        if early > now:
            run.outcome.wait({}, state.reason or f"its turn among {turns.calls.queued} calls", early)
            run.due = early
            return wake.rest
        pending = run.pending = read_pending(self.log, routes, view, self.routing, now)
        run.mended += pending.mended
        if pending.entries:
            many = wake.rest.lasts(pending.oldest) and len(pending.paths) > SMALL.paths
            due = due_after((pending.oldest, pending.newest), wake.rest, self.gathering, now, many=many)
            if due > now:
                run.outcome.wait(pending.paths, "", due)
                run.due = due
                return wake.rest
        changed = dict(pending.paths)
        history = History(routes.target, routes.role, self.cloudfront, self.targets, self.clock, run.mended)
        oldest = min((first for first, _ in changed.values()), default=now)
        # Without a state, and with more than this change in its logs: it is new, or its state is gone and what it was
        # sent is not.
        unknown = view.state == NOTHING_KNOWN and pending.entries > 1
        if changed and (unknown or needs_a_look(state, oldest, now)):
            history.look(oldest)
            changed = history.uncovered(changed)
        run.outcome.covered = len(pending.paths) - len(changed)
        if changed:
            sending = Sending(
                changed=changed,
                size=len(pending.paths),
                floors=pending.floors(),
                role=routes.role,
                state=state,
                turns=turns,
                history=history,
                deadline=deadline,
                limits=self.limits,
                cloudfront=self.cloudfront,
                targets=self.targets,
                accounts=self.accounts,
                clock=self.clock,
                outcome=run.outcome,
                accepted=run.accepted,
                probing=self._probing(routes, changed),
            )
            sending.run()
            state = sending.state
        run.paths_this_month = turns.known.spending.month if account == OWN_ACCOUNT else None
        self._settle(routes, replace(state, ticket=turns.ticket), view.state, pending, run)
        return rest_after(wake.rest, self.gathering, self.clock.now()) if run.outcome.sent else wake.rest

    def _probing(self, routes: TargetRoutes, changed: Mapping[str, Times]) -> Probing | None:
        if self.listing is None:
            return None
        return Probing(routes, changed, self.listing, self.clock, self.listing_calls, self.routing)

    def _settle(
        self, routes: TargetRoutes, state: TargetState, before: TargetState, pending: Pending, run: Run
    ) -> None:
        """Hand over what is given up, then settle all that nothing is left of."""
        outcome, now = run.outcome, self.clock.now()
        state = self._doubt_gone(routes, state, outcome, now)
        taken_in = {**pending.taken_in, **self._untried(outcome, before, now)}
        self._give_up_old(outcome, taken_in, now)
        if self.forgetting is not None:
            # Before it is settled: uploaded again as it was, it must not seem to need nothing.
            self.forgetting.forget(routes, before, [path for dead in outcome.dead for path in dead.paths])
        for dead in outcome.dead:
            self.dead_letters.give_up(routes.target, routes.buckets, dead.paths, dead.reason, dead.detail)
        left = outcome.left
        anew = outcome.dead or pending.doubts or pending.folded or len(taken_in) > len(pending.taken_in)
        if left and (anew or pending.entries > MOST_ENTRIES):
            # Written anew: what was given up does not come again, and the next run has less to read.
            for entry in entries(left, "", now, taken_in=taken_in):
                append(self.log, target_owner(routes.target), entry)
            settled = True
        else:
            settled = not left
        if settled:
            state = replace(state, settled={**before.settled, **pending.through}, routing=routes.version)
        failing = outcome.failing and bool(left)
        state = replace(
            state,
            not_before=outcome.not_before or 0.0 if failing else 0.0,
            failing_since=(state.failing_since or (now if failing else 0.0)) if left else 0.0,
            ticket=state.ticket if left else 0,
            reason=outcome.reason if left else "",
        )
        if state != before or run.mended:
            self.targets.save(routes.target, state)
        run.due = (outcome.not_before or now) if left else None

    def _doubt_gone(
        self, routes: TargetRoutes, state: TargetState, outcome: Outcome, now: float
    ) -> TargetState:
        """Let a survey say whether a distribution that CloudFront does not know was deleted, or a pin is wrong.

        Deleted, it serves nothing any more, and its record goes. Another account's is not seen by the survey.
        """
        gone = [dead for dead in outcome.dead if dead.reason is Reason.DISTRIBUTION_GONE]
        if not gone or routes.role is not None:
            return state
        # Remembered: the next run asks for a survey that is younger than this one's refusal, and not than its own.
        began = state.failing_since or now
        if self.surveys.state().completed > began:
            return state
        self.surveys.start()
        outcome.dead = [dead for dead in outcome.dead if dead not in gone]
        left = dict(outcome.left)
        for dead in gone:
            merged(left, ((path, (at, at)) for path, at in dead.paths.items()))
        outcome.wait(left, f"CloudFront does not know it: {gone[0].detail}", now + GONE_SECONDS, failing=True)
        return replace(state, failing_since=began)

    def _untried(self, outcome: Outcome, before: TargetState, now: float) -> dict[str, float]:
        """What is old enough to be given up although nobody has tried it: the sender was paused. It counts from now."""
        if not outcome.failing or before.failing_since:
            return {}
        limit = now - self.limits.give_up_seconds
        return {path: now for path, (first, _) in outcome.left.items() if before.asked < first <= limit}

    def _give_up_old(self, outcome: Outcome, taken_in: Mapping[str, float], now: float) -> None:
        """Give up what could not be sent since `give_up_seconds` after its first change, or after it was taken in."""
        if not outcome.failing:
            return
        limit = now - self.limits.give_up_seconds
        old = {
            path: newest
            for path, (first, newest) in outcome.left.items()
            if taken_in.get(path, first) <= limit
        }
        if old:
            outcome.dead.append(Dead(old, Reason.UNAVAILABLE, outcome.reason))
            outcome.left = {path: times for path, times in outcome.left.items() if path not in old}

    def _give_up_unknown(self, target: str, view: TargetView, run: Run) -> None:
        """A target that no survey knows: what its own log holds is given up with that reason, the rest is not its."""
        run.gone = True
        state = view.state
        routes = TargetRoutes(target, (), state.routing, 0.0)
        pending = run.pending = read_pending(self.log, routes, view, self.routing, self.clock.now())
        run.mended += pending.mended
        if pending.paths:
            newest = {path: times[1] for path, times in pending.paths.items()}
            run.outcome.dead.append(
                Dead(newest, Reason.DISTRIBUTION_GONE, "no survey knows this distribution")
            )
        self._settle(routes, state, state, pending, run)

    def _end(self, name: str, token: str, wake: Wake, run: Run, rest: Rest) -> None:
        now = self.clock.now()
        outcome = run.outcome
        left = run.due is not None
        since: float | None = None
        if left:
            since = min((first for first, _ in outcome.left.values()), default=wake.since or now)
        delay = max(0.0, (run.due or now) - now)
        asked = self.wakes.end(
            name,
            token,
            Wake(
                name,
                due=run.due,
                called=now if left else 0.0,
                since=since,
                rest=rest,
                waiting=len(outcome.left) or (wake.waiting if left else 0),
                reason=outcome.reason,
            ),
        )
        if asked and delay <= LONGEST_DELAY_SECONDS:
            self.wake_queue.call([(name, delay)])
