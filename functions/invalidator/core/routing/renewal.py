"""What the survey keeps of a target, and how a new look at CloudFront renews it.

A routing change is a change: the keys that changed since are routed again by the new rules, and wildcards are sent
where other content stands behind unchanged viewer paths. The record says so (`reroute_since`, `purge`) together with a
new version; the sender does it, and notes the version. So nothing is lost where a survey dies in between.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace

from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.documents.listed import Listed
from invalidator.core.routing.documents.origin_hosts import bucket_of
from invalidator.core.routing.paths.behavior_wildcards import outermost
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.routing_change import RoutingChange, changed_routing
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.routing.target import IN_PROGRESS, NOT_SEEN, Seen, TargetRoutes

# What this version reads of a configuration. Another number makes the survey ask for every distribution once more.
READS = 2
# Edges may hold what each of these said until the newest is deployed, which takes minutes.
MOST_EARLIER = 8


@dataclass(frozen=True, slots=True)
class Surveying:
    """How surveys are made.

    Attributes:
        interval: seconds between two (setting SurveyMinutes).
        history: for how many seconds changes can be read again.
        routing: the operator's settings by which keys become viewer paths.
    """

    interval: float
    history: float
    routing: RoutingSettings


@dataclass(frozen=True, slots=True)
class Moment:
    """When a survey looks. Times are epoch seconds.

    Attributes:
        now: when it began.
        confirmed: when the last complete survey began; 0 where there was none: then nothing is known to be a change.
        interval: seconds between two surveys.
        history: for how many seconds changes can be read again.
        answered: when CloudFront had answered; until then edges may have filled by what was before.
    """

    now: float
    confirmed: float
    interval: float
    history: float
    answered: float


@dataclass(frozen=True, slots=True)
class Renewed:
    """A target's record, renewed.

    Attributes:
        routes: what the sender reads.
        seen: what the next survey reads beside.
        change: what changed for viewers, None where nothing did.
    """

    routes: TargetRoutes
    seen: Seen
    change: RoutingChange | None = None


def basis_of(settings: RoutingSettings, pins: Iterable[Pin]) -> str:
    """Return a digest of what routing is made of beside CloudFront's own words.

    Args:
        settings: the operator's settings by which keys become viewer paths.
        pins: the pins of the target.
    """
    parts = (READS, repr(settings), *sorted(repr(pin) for pin in pins))
    return hashlib.sha256(repr(parts).encode(errors="surrogateescape")).hexdigest()[:16]


def as_listed(known: Renewed, listed: Listed, basis: str) -> bool:
    """Whether a target is as it was when its record was made, as far as CloudFront's list tells.

    A cache policy changes without its distributions: what it says of query strings is compared too. A list without
    ETags, as stand-ins for CloudFront give it, tells nothing.
    """
    seen = known.seen
    if seen.doubt or seen.basis != basis or listed.routing is None or not listed.etag:
        return False
    if (seen.etag, seen.modified) != (listed.etag, listed.modified):
        return False
    main = next(iter(current_routes(known)), None)
    return main is None or listed.unsure or main.behaviors == listed.routing.behaviors


def current_routes(known: Renewed) -> tuple[Distribution, ...]:
    """A target's routing as configured now, without what edges may still hold."""
    return known.routes.routes[: len(known.routes.routes) - known.seen.earlier]


def doubted(known: Renewed, why: str, at: Moment) -> Renewed:
    """Return the record of a target that could not be read: as it was, with the reason and how old it is."""
    if known.seen.doubt:
        return known
    learned = max(known.routes.learned, at.confirmed)
    return Renewed(replace(known.routes, learned=learned), replace(known.seen, doubt=why))


def renewed(
    target: str,
    known: Renewed | None,
    routes: tuple[Distribution, ...],
    seen: Seen,
    at: Moment,
    *,
    applied: bool,
) -> Renewed:
    """Return a target's record after a look at CloudFront.

    Args:
        target: its id.
        known: its record so far, None where there is none.
        routes: its routing now; () where it serves nothing any more.
        seen: what CloudFront's list says of it, with `basis`.
        at: when.
        applied: whether the sender has worked by the record so far; else what that asks for is still to be done.
    """
    if known is None:
        return _new(target, routes, seen, at)
    current = current_routes(known)
    asleep = not any(each.enabled for each in current)
    if asleep and not any(each.enabled for each in routes):
        # Since when it serves nothing is what counts once it is enabled again, whatever is edited meanwhile.
        seen = replace(seen, modified=known.seen.modified or seen.modified)
    basis_changed = known.seen.basis != seen.basis
    change = changed_routing(current, routes, settings_changed=basis_changed)
    if change is None:
        return _as_it_was(known, routes, seen, at, applied=applied)
    modified = seen.modified if (known.seen.etag, known.seen.modified) != (seen.etag, seen.modified) else 0.0
    # One that was never read before may have changed at any time: its record was a wider guess.
    dated = modified if known.seen.modified else 0.0
    # Of several edits CloudFront tells the last one's time; the first came after the routing was known to be so.
    since = min(dated or math.inf, _known_until(known, at)) - at.interval
    if asleep and known.seen.modified:
        # What edges hold may be as old as the end of what was served last.
        since = min(since, known.seen.modified - at.interval)
    if seen.status == IN_PROGRESS:
        # What could not be purged while it was disabled is so now, and again once all edges have it.
        moved = (*change.moved, *known.seen.again) if asleep else change.moved
        purge = dict.fromkeys(moved, dated or at.answered)
        earlier = _earlier(known, routes)
        again = outermost((*known.seen.again, *change.moved))
        seen = replace(seen, earlier=len(earlier), again=again)
        return _changed(known, (*routes, *earlier), seen, at, _Work(change, since, purge, applied=applied))
    # By now all edges have it: what was purged before then, by anyone, an edge may have filled again as it was.
    purge = dict.fromkeys((*change.moved, *known.seen.again), at.answered)
    return _changed(known, routes, seen, at, _Work(change, since, purge, applied=applied))


def _known_until(known: Renewed, at: Moment) -> float:
    """Until when a target's routing is known to have been that of its record."""
    learned = known.routes.learned
    return learned if known.seen.doubt else max(learned, at.confirmed)


def _new(target: str, routes: tuple[Distribution, ...], seen: Seen, at: Moment) -> Renewed:
    """A target without a record. Before a first complete survey that says nothing; later it is new for its buckets."""
    nothing = Renewed(TargetRoutes(target, (), "", 0.0), NOT_SEEN)
    if not at.confirmed:
        if seen.status == IN_PROGRESS:
            # Nobody knows what edges still answer by: of a new stack, or a table restored to before its first survey.
            seen = replace(seen, again=_all_paths(routes))
        return _changed(nothing, routes, seen, at, _Work())
    # One that a pin alone reveals may be old, and is new here since the pin: later than the survey before.
    pinned = not any(
        bucket_of(origin.domain, origin.path).bucket for each in routes for origin in each.origins
    )
    dated = at.confirmed if pinned or not seen.modified else min(seen.modified, at.confirmed)
    return _changed(nothing, routes, seen, at, _Work(RoutingChange(("new",)), dated - at.interval))


def _as_it_was(
    known: Renewed, routes: tuple[Distribution, ...], seen: Seen, at: Moment, *, applied: bool
) -> Renewed:
    """A target of which viewers get the same; it may be only now that all edges have its newest configuration."""
    old = known.seen
    serves = any(each.enabled for each in routes)
    if seen.status != IN_PROGRESS and (old.earlier or (old.again and serves)):
        change = RoutingChange(("deployed everywhere",), old.again)
        work = _Work(change, None, dict.fromkeys(old.again, at.answered), applied=applied)
        return _changed(known, routes, seen, at, work)
    kept = replace(seen, earlier=old.earlier, again=old.again, left=old.left, told=old.told)
    # Names that are no routing, such as aliases, are kept for people; the version stays, so nobody has to work by it.
    named = (*routes, *known.routes.routes[len(current_routes(known)) :])
    return Renewed(replace(known.routes, routes=named), kept)


def _earlier(known: Renewed, routes: tuple[Distribution, ...]) -> tuple[Distribution, ...]:
    """What edges may still answer by, newest first."""
    still = dict.fromkeys(each for each in known.routes.routes if each.enabled and each not in routes)
    return tuple(still)[:MOST_EARLIER]


@dataclass(frozen=True, slots=True)
class _Work:
    """What a change asks the sender for, and whether it did what the one before asked for."""

    change: RoutingChange | None = None
    since: float | None = None
    purge: Mapping[str, float] = field(default_factory=dict)
    _: KW_ONLY
    applied: bool = True


def _changed(
    known: Renewed, routes: tuple[Distribution, ...], seen: Seen, at: Moment, work: _Work
) -> Renewed:
    since, purge = work.since, dict(work.purge)
    old = known.routes
    if not work.applied:
        since = min((each for each in (since, old.reroute_since) if each is not None), default=None)
        for wildcard, moved in old.purge.items():
            purge[wildcard] = max(moved, purge.get(wildcard, moved))
    if since is not None and since < at.now - at.history:
        # What changed since cannot be read again: all that may have is purged.
        purge |= dict.fromkeys(_all_paths(routes), at.now)
        since = None
    if not any(each.enabled for each in routes):
        # Edges keep what they hold: what is left to do is done once it serves again.
        seen = replace(seen, again=outermost((*seen.again, *purge)))
        if not work.applied and old.reroute_since is not None:
            seen = replace(seen, modified=min(seen.modified or at.now, old.reroute_since + at.interval))
        since, purge = None, {}
    version = f"{round(at.now * 1000):x}.{seen.basis[:8]}"
    new = TargetRoutes(old.target, routes, version, at.now, since, purge)
    left = {*old.buckets, *known.seen.left} - {*new.buckets}
    return Renewed(new, replace(seen, left=tuple(sorted(left)), told=False, doubt=""), work.change)


def _all_paths(routes: Iterable[Distribution]) -> tuple[str, ...]:
    buckets = {(each, origin.bucket) for each in routes for origin in each.origins if origin.bucket}
    return outermost(path for each, bucket in buckets for path in Router(each, bucket).floors())
