"""Refreshes a pinned distribution of another account: its role trusts the worker's role alone, so the sender does it.

Nobody in that account has to change anything for the survey. What a listing tells of the own account's distributions,
when they changed and whether all edges have it, is not known here: a change is taken to be on its way to the edges
until the next look.
"""

from dataclasses import replace
from typing import Protocol

from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.pinned_routes import routes_of
from invalidator.core.routing.renewal import Moment, Renewed, basis_of, doubted, renewed
from invalidator.core.routing.target import IN_PROGRESS, Seen, TargetRoutes
from invalidator.failures import Failure, Permanent, TableUnavailable
from invalidator.ports import RoutesStore
from invalidator.survey.survey import Surveying


class Configurations(Protocol):
    """Distributions of every account that the worker may ask."""

    def configuration(self, target: str, role: str | None, deadline: float) -> tuple[Distribution, str]:
        """Return a distribution and its ETag. Raises Failure."""


def refresh_pinned(
    known: TargetRoutes,
    applied: str,
    *,
    store: RoutesStore,
    configurations: Configurations,
    surveying: Surveying,
    now: float,
    deadline: float,
) -> TargetRoutes:
    """Return a target's routing, asked for again where it is another account's and older than a survey interval.

    Args:
        known: its routing as stored.
        applied: the version of the routing that the sender has worked by (`TargetState.routing`).
        store: where it is kept. Whoever calls holds the target's lease.
        configurations: CloudFront.
        surveying: how surveys are made.
        now: epoch seconds.
        deadline: no call is made later, epoch seconds.

    Raises:
        TableUnavailable: it cannot be kept.
    """
    if known.role is None or now - known.learned < surveying.interval:
        return known
    stored = store.routes_of(known.target)
    pins = [pin for pin in store.pins() if pin.distribution == known.target]
    if stored is None or not pins:
        return known
    record, at = Renewed(*stored), Moment(now, known.learned, surveying.interval, surveying.history)
    try:
        configured, etag = configurations.configuration(known.target, known.role, deadline)
    except TableUnavailable:
        raise
    except Permanent as refused:
        new = doubted(record, str(refused), at)
    except Failure:
        return known
    else:
        moving = record.seen.etag not in {"", etag}
        seen = Seen(etag, 0.0, IN_PROGRESS if moving else "", basis_of(surveying.routing, pins))
        new = renewed(
            known.target,
            record,
            routes_of(configured, pins),
            seen,
            at,
            applied=applied == record.routes.version,
        )
        new = replace(new, routes=replace(new.routes, learned=now))
    if (new.routes, new.seen) != (record.routes, record.seen):
        store.store_routes(new.routes, new.seen)
    return new.routes
