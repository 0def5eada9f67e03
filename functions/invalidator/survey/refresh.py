"""Refreshes a pinned distribution of another account: its role trusts the worker's role alone, so the sender does it.

Nobody in that account has to change anything for the survey. What a listing tells of the own account's distributions,
when they changed and whether all edges have it, is not known here: a change is taken to be on its way to the edges
until the next look.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.pinned_routes import routes_of
from invalidator.core.routing.renewal import Moment, Renewed, Surveying, basis_of, doubted, renewed
from invalidator.core.routing.target import IN_PROGRESS, Seen, TargetRoutes
from invalidator.failures import BackPressure, Permanent, Transient, UnreadablePin
from invalidator.ports import Clock, RoutesStore


class Configurations(Protocol):
    """Distributions of every account that the worker may ask."""

    def configuration(self, target: str, role: str | None, deadline: float) -> tuple[Distribution, str]:
        """Return a distribution and its ETag. Raises Failure."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """Refreshes pinned distributions of other accounts. Whoever calls it holds the target's lease.

    Attributes:
        store: where routing is kept.
        configurations: CloudFront.
        surveying: how surveys are made.
        clock: time.
    """

    store: RoutesStore
    configurations: Configurations
    surveying: Surveying
    clock: Clock

    def __call__(self, known: TargetRoutes, applied: str, deadline: float) -> TargetRoutes:
        """Return a target's routing, asked for again where it is another account's and older than a survey interval.

        Args:
            known: its routing as stored.
            applied: the version of the routing that the sender has worked by (`TargetState.routing`).
            deadline: no call is made later, epoch seconds.

        Raises:
            TableUnavailable: it cannot be kept.
        """
        now = self.clock.now()
        if known.role is None or now - known.learned < self.surveying.interval:
            return known
        try:
            pins = [pin for pin in self.store.pins() if pin.distribution == known.target]
        except UnreadablePin:
            # The survey fails of it, loudly; what is known goes on serving.
            return known
        stored = self.store.routes_of(known.target)
        if stored is None or not pins:
            return known
        record = Renewed(*stored)
        at = Moment(now, known.learned, self.surveying.interval, self.surveying.history, now)
        try:
            configured, etag = self.configurations.configuration(known.target, known.role, deadline)
        except Permanent as refused:
            new = doubted(record, str(refused), at)
        except (BackPressure, Transient):
            return known
        else:
            moving = record.seen.etag not in {"", etag}
            routes = routes_of(configured, pins)
            # Once it serves again, what counts is until when it did: at least until it was seen to last.
            served = 0.0 if any(each.enabled for each in routes) else record.routes.learned
            seen = Seen(etag, served, IN_PROGRESS if moving else "", basis_of(self.surveying.routing, pins))
            at = replace(at, answered=self.clock.now())
            new = renewed(known.target, record, routes, seen, at, applied=applied == record.routes.version)
            new = replace(new, routes=replace(new.routes, learned=now))
        if (new.routes, new.seen) != (record.routes, record.seen):
            self.store.store_routes(new.routes, new.seen)
        return new.routes
