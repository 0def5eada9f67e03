"""The survey: what CloudFront says of its distributions becomes routes in the table, and a routing change a change.

One round lists all distributions, asks for the configuration of those that matter and changed, and keeps each answer
as it comes (`records.py`); a round that is cut short loses nothing, and the next one asks for what is left.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from invalidator.core.pending.entry import UNKNOWN, target_owner
from invalidator.core.reasons import Reason
from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.documents.listed import Listed
from invalidator.core.routing.pinned_routes import everywhere, is_guess, routes_of
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.renewal import (
    Moment,
    Renewed,
    Surveying,
    as_listed,
    basis_of,
    current_routes,
)
from invalidator.core.routing.target import IN_PROGRESS, Seen
from invalidator.failures import Failure, Permanent, TableUnavailable, UnreadableEntry
from invalidator.ports import (
    Clock,
    Distributions,
    Log,
    RoutesStore,
    SurveyState,
    Targets,
)
from invalidator.survey.lease import LEASE_SECONDS, Lease, LostLeaseError
from invalidator.survey.records import Records
from invalidator.survey.summary import Outcome, Summary
from invalidator.waking import Waking

# For writing what was learned, once no more is asked for (time_left.py: CloudFront is asked until 19 s before the end).
WRITING_SECONDS = 20.0
# Unknown buckets that a complete survey found nobody to serve; the newest are remembered.
MOST_UNSERVED = 1000
# Tenants of one distribution that are invalidated. A change that all of them show is a path for each: a thousand is the
# month's free paths in one upload. Each is asked for when its distribution changes: 20 s for a thousand.
MOST_TENANTS = 1000


@dataclass(frozen=True, slots=True)
class Survey:
    """Surveys CloudFront.

    Attributes:
        distributions: CloudFront.
        store: the table, as the survey writes it.
        log: the table's logs.
        targets: the table's targets.
        waking: asks for looks.
        clock: time.
        surveying: how.
    """

    distributions: Distributions
    store: RoutesStore
    log: Log
    targets: Targets
    waking: Waking
    clock: Clock
    surveying: Surveying

    def run(self, token: str, deadline: float, *, asked: bool) -> Summary:
        """Do one round, where one is due or asked for.

        Args:
            token: names this run among others.
            deadline: when the function's time ends, epoch seconds.
            asked: whether somebody asks for it now.

        Raises TableUnavailable; what was learned until then is kept.
        """
        now = self.clock.now()
        state = self.store.survey_state()
        if not asked and not is_due(state, now, self.surveying.interval):
            return Summary(Outcome.NOT_DUE, _age(state, now))
        begun = self.store.begin_survey(now, now + LEASE_SECONDS, token)
        if begun is None:
            return Summary(Outcome.HELD, _age(state, now))
        # Read before the list: a change that came later may concern a distribution that came later too.
        covers = self.log.newest(UNKNOWN)
        at = Moment(now, begun.completed, self.surveying.interval, self.surveying.history, now)
        lease = Lease(self.store, self.clock, token, begun, now)
        summary = Summary()
        records = Records(self.store, self.log, self.targets, self.waking, self.clock, at, lease, summary)
        a_round = _Round(self, records, max(now, deadline - WRITING_SECONDS))
        try:
            a_round.work(begun.covers)
        except LostLeaseError:
            summary.outcome = Outcome.HELD
            return summary
        complete = summary.outcome is Outcome.COMPLETE
        state = a_round.state_after(begun, covers) if complete else begun
        self.store.save_survey(token, state)
        if covers > begun.covers:
            self.waking.ask([UNKNOWN], now, now)
        summary.routes_age = _age(state, self.clock.now())
        return summary


def is_due(state: SurveyState, now: float, interval: float) -> bool:
    """Whether a survey is due: by the clock, or because the last one is not complete, or one was asked for."""
    return state.started != state.completed or not 0 <= now - state.completed < interval


def _age(state: SurveyState, now: float) -> float | None:
    return max(0.0, now - state.completed) if state.completed else None


@dataclass(slots=True)
class _Round:
    """One round at work: what is known so far, and what is still to be asked for."""

    survey: Survey
    records: Records
    deadline: float
    pins: dict[str, list[Pin]] = field(default_factory=dict)
    wanted: dict[str, Listed | None] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    asked_for: list[str] = field(default_factory=list)

    @property
    def summary(self) -> Summary:
        """What the round did so far."""
        return self.records.summary

    @property
    def known(self) -> Mapping[str, Renewed]:
        """What is known of each target."""
        return self.records.known

    def work(self, covers: int) -> None:
        """Look, ask, tell; then mend the lists of buckets whose changes came as of unknown ones since `covers`."""
        self.records.read()
        for pin in self.survey.store.pins():
            self.pins.setdefault(pin.distribution, []).append(pin)
        seen = self._look_at_all()
        self._look_at_pins(seen)
        self._ask()
        late = self.deadline + WRITING_SECONDS / 2
        # First: the log of unknown buckets may be long.
        told = self.records.tell(late)
        if told:
            self.asked_for = self._asked_for(covers)
            told = self.records.mend_lists(self.asked_for, late)
        if self.summary.error:
            self.summary.outcome = Outcome.FAILED
        elif told and not self.summary.left:
            self.summary.outcome = Outcome.COMPLETE

    def state_after(self, begun: SurveyState, covers: int) -> SurveyState:
        """Return how far the survey is after this round, a complete one."""
        serving = self.records.serving()
        asked_for = {**dict.fromkeys(begun.unserved), **dict.fromkeys(self.asked_for)}
        unserved = [bucket for bucket in asked_for if bucket not in serving]
        return replace(
            begun, completed=self.records.at.now, covers=covers, unserved=frozenset(unserved[-MOST_UNSERVED:])
        )

    def _look_at_all(self) -> set[str]:
        """Look at every distribution that CloudFront lists; what a whole list lacks is gone."""
        seen: set[str] = set()
        try:
            for listed in self.survey.distributions.listed(self.pins.keys(), self.deadline):
                self.records.lease.keep()
                self.summary.listed += 1
                if listed.tenants:
                    seen |= self._look_at_tenants(listed)
                else:
                    seen.add(listed.id)
                    self._look(listed)
        except TableUnavailable:
            raise
        except Failure as failure:
            self.summary.error = str(failure)
            return seen
        for target in sorted(self.known.keys() - seen - (self.pins.keys() - self.shared)):
            self.records.forget(target)
        return seen

    def _look_at_tenants(self, shared: Listed) -> set[str]:
        """Look at the tenants of a multi-tenant distribution, each a target; the distribution itself never is one.

        CloudFront takes no invalidation for it [aws-behaviour.md, Distributions]. Where its tenants cannot be listed,
        those that are known count as seen: their records go on serving.
        """
        self.shared.add(shared.id)
        if shared.id in self.pins:
            self.summary.unread[shared.id] = (
                "multi-tenant: CloudFront takes no invalidation for it; pin a tenant: --distribution dt_…"
            )
        if shared.routing is None:
            self.summary.unread[shared.id] = shared.why
            known = self._tenants_of(shared.id)
            self._doubt_all(known, shared.why)
            return known
        self.summary.add_unresolved(shared.routing, ())
        seen: set[str] = set()
        if not shared.reveals:
            return seen
        try:
            for tenant in self.survey.distributions.tenants(shared, self.deadline):
                self.records.lease.keep()
                if len(seen) == MOST_TENANTS:
                    self.summary.unread[shared.id] = (
                        f"has more than {MOST_TENANTS} tenants: only the first {MOST_TENANTS} that CloudFront lists "
                        "are invalidated; spread them over several multi-tenant distributions"
                    )
                    break
                seen.add(tenant.id)
                self._look(tenant)
        except TableUnavailable:
            raise
        except Failure as failure:
            unseen = self._tenants_of(shared.id) - seen
            if isinstance(failure, Permanent):
                self.summary.unread[shared.id] = str(failure)
                self._doubt_all(unseen, str(failure))
            else:
                self.summary.left += 1
            return seen | unseen
        return seen

    def _doubt_all(self, targets: Iterable[str], why: str) -> None:
        for target in targets:
            self.records.doubt(target, why)

    def _tenants_of(self, shared: str) -> set[str]:
        """The known targets that are tenants of a distribution."""
        return {
            target
            for target, known in self.known.items()
            if any(route.tenant_of == shared for route in known.routes.routes)
        }

    def _look(self, listed: Listed) -> None:
        """Look at one distribution; what has to be asked for is noted."""
        pins = self.pins.get(listed.id, [])
        known = self.known.get(listed.id)
        if not listed.id:
            self._doubt("", listed.why, listed)
        elif not listed.enabled:
            # Kept also where it was never seen to serve: once it is enabled, since when it did not is what counts.
            told = () if listed.routing is None else routes_of(listed.routing, pins)
            routes = told if known is None else current_routes(known)
            if routes or known is not None:
                off = tuple(replace(each, enabled=False) for each in routes)
                self.records.keep(listed.id, off, self._seen(listed))
        elif listed.routing is None:
            self._doubt(listed.id, listed.why, listed)
        else:
            if not listed.routing.tenant_of:
                self.summary.add_unresolved(listed.routing, pins)
            if not listed.reveals and not pins:
                if known is not None:
                    # Kept as it is now: where other content took the bucket's place, edges hold what is no longer true.
                    main = next(iter(current_routes(known)), None)
                    told = () if main is None else (replace(listed.routing, root_object=main.root_object),)
                    self.records.keep(listed.id, told, self._seen(listed))
            elif known is not None and as_listed(known, listed, self._basis(listed.id)):
                self.records.keep(listed.id, current_routes(known), self._seen(listed))
            elif listed.unsure:
                self.summary.left += 1
            else:
                self.wanted[listed.id] = listed

    def _look_at_pins(self, seen: Iterable[str]) -> None:
        """Look at pinned distributions that the list does not hold.

        Those of other accounts are asked for by the sender, whose role they trust: they get a record to begin with,
        and are woken to be looked at again.
        """
        for target, pins in self.pins.items():
            if target in seen or target in self.shared:
                continue
            if not any(pin.role for pin in pins):
                self.wanted[target] = None
                continue
            known = self.known.get(target)
            if known is None:
                self.records.keep(target, routes_of(None, pins), Seen(basis=self._basis(target)))
            elif known.seen.basis != self._basis(target):
                # What the sender has read of it stays true beside other pins or settings, and what is still to be done.
                read = next((each for each in current_routes(known) if not is_guess(each)), None)
                self.records.keep(
                    target, routes_of(read, pins), replace(known.seen, basis=self._basis(target))
                )
            elif known.routes.learned <= self.records.at.now - self.records.at.interval:
                self.survey.waking.ask([target_owner(target)], self.records.at.now, self.records.at.now)

    def _ask(self) -> None:
        """Ask for what is wanted, and keep each answer as it comes."""
        for target, answer in self.survey.distributions.configured(self.wanted, self.deadline):
            self.records.lease.keep()
            listed = self.wanted[target]
            if isinstance(answer, Distribution):
                self.summary.asked += 1
                seen = Seen(basis=self._basis(target)) if listed is None else self._seen(listed)
                self.records.keep(target, routes_of(answer, self.pins.get(target, [])), seen)
            elif isinstance(answer, Permanent):
                self.summary.asked += 1
                if answer.reason is Reason.DISTRIBUTION_GONE and not (
                    target in self.known or target in self.pins
                ):
                    # Deleted since it was listed, and never was one that changes are kept for.
                    continue
                self._doubt(target, str(answer), listed)
            else:
                self.summary.left += 1

    def _seen(self, listed: Listed) -> Seen:
        status = "Deployed" if listed.deployed else IN_PROGRESS
        return Seen(listed.etag, listed.modified, status, self._basis(listed.id))

    def _basis(self, target: str) -> str:
        return basis_of(self.survey.surveying.routing, self.pins.get(target, ()))

    def _doubt(self, target: str, why: str, listed: Listed | None) -> None:
        """Note that a distribution cannot be read: its record stays, or else all that can be told counts, wide."""
        self.summary.unread[target] = why
        pins = self.pins.get(target, [])
        known = self.known.get(target)
        if not target or (known is not None and known.seen.basis == self._basis(target)):
            if known is not None:
                self.records.doubt(target, why)
            return
        told: tuple[Distribution, ...] = tuple(everywhere(pin, None, pin.role) for pin in pins)
        if listed is not None and listed.routing is not None:
            # Only its configuration has the root object; this name is what nearly all have.
            told = routes_of(replace(listed.routing, root_object="index.html"), pins)
        elif listed is not None:
            told = (*listed.apparent, *told)
        if known is not None:
            role = next((pin.role for pin in pins if pin.role), None)
            configured = (replace(each, role=role) for each in current_routes(known) if not is_guess(each))
            told = tuple(dict.fromkeys((*configured, *told)))
        if told:
            self.records.keep(target, told, Seen(basis=self._basis(target)), doubt=why)

    def _asked_for(self, covers: int) -> list[str]:
        """The buckets of the changes that came to the log of unknown buckets since a number."""
        names: dict[str, None] = {}
        try:
            for _, entry in self.survey.log.read(UNKNOWN, covers):
                self.records.lease.keep()
                if entry is not None:
                    names[entry.bucket] = None
        except UnreadableEntry:
            # Whoever works that log off says so; here it costs a start of the survey at most.
            pass
        return list(names)
