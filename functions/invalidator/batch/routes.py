"""Who serves a bucket: from the table, or from one scan that answers for all buckets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from invalidator.core.routing.distribution import Distribution
from invalidator.failures import Failure, MemoryUnavailable
from invalidator.ports import Discovery, Memory, StoredRoutes

# A write holds 25 answers. A batch of forged messages can name 80,000 buckets that nobody serves, and remembering each
# would take longer than the function has; those that are not remembered are asked for again.
MOST_EMPTY_ANSWERS = 1000


@dataclass(slots=True)
class Routes:
    """Who serves the buckets of a batch.

    Attributes:
        serving: bucket → its distributions; none when no distribution serves it.
        unknown: bucket → why nobody can tell, or not all: neither the table nor CloudFront answered, or the table
            does not say what is pinned. In the second case the bucket is in `serving` too.
        stale: buckets whose answer is past its expiry, because CloudFront could not be asked.
        scanned: whether CloudFront was asked.
    """

    serving: dict[str, tuple[Distribution, ...]] = field(default_factory=dict)
    unknown: dict[str, Failure] = field(default_factory=dict)
    stale: set[str] = field(default_factory=set)
    scanned: bool = False


def find_routes(
    buckets: Iterable[str],
    stored: Mapping[str, StoredRoutes],
    *,
    discovery: Discovery,
    memory: Memory,
    now: float,
    mapping_seconds: float,
) -> Routes:
    """Answer from what is stored; scan when something is missing or past its expiry.

    Args:
        buckets: the buckets asked for.
        stored: what the table knows of them.
        discovery: asks CloudFront.
        memory: where a scan is kept.
        now: epoch seconds.
        mapping_seconds: how long a scan counts as fresh. An answer "nobody serves it" is kept as long.
    """
    asked = list(buckets)
    if all(bucket in stored and stored[bucket].fresh(now) for bucket in asked):
        return Routes({bucket: stored[bucket].distributions for bucket in asked})
    try:
        found = scan(discovery, memory, now + mapping_seconds, asked)
    except MemoryUnavailable as failure:
        return _without_pins(asked, stored, discovery, failure)
    except Failure as failure:
        return _without_scan(asked, stored, failure)
    return Routes({bucket: found[bucket].distributions for bucket in asked}, scanned=True)


def _without_scan(asked: Iterable[str], stored: Mapping[str, StoredRoutes], failure: Failure) -> Routes:
    """Answer as well as is possible when there is no new answer: a stale one is better than none."""
    routes = Routes(scanned=True)
    for bucket in asked:
        if bucket in stored:
            routes.serving[bucket] = stored[bucket].distributions
            routes.stale.add(bucket)
        else:
            routes.unknown[bucket] = failure
    return routes


def _without_pins(
    asked: Iterable[str], stored: Mapping[str, StoredRoutes], discovery: Discovery, failure: MemoryUnavailable
) -> Routes:
    """Answer when the table cannot say what is pinned.

    What a scan finds is served at once; the bucket counts as unknown all the same, so that its changes come
    again and reach pinned distributions when the table is back. Asked for twice, CloudFront sees the same
    reference twice, which costs nothing.
    """
    routes = _without_scan(asked, stored, failure)
    if routes.unknown:
        try:
            found = discovery.scan(())
        except Failure as unanswered:
            return _without_scan(asked, stored, unanswered)
        routes.serving |= {bucket: found.get(bucket, ()) for bucket in routes.unknown}
    return routes


def scan(
    discovery: Discovery, memory: Memory, fresh_until: float, asked: Iterable[str] = ()
) -> dict[str, StoredRoutes]:
    """Ask CloudFront who serves which bucket, and remember the answer for all buckets.

    Args:
        discovery: asks CloudFront.
        memory: where pins are read and the answer is kept.
        fresh_until: until when the answer counts as fresh, epoch seconds.
        asked: buckets that get an answer even when nobody serves them.

    Raises:
        Failure: CloudFront cannot be asked, or (MemoryUnavailable) the table for what is pinned: an answer without
            pins would leave their distributions stale until it expires.
    """
    found = discovery.scan(memory.pins())
    routes = answers(found, fresh_until, asked)
    unserved = (bucket for bucket in sorted(routes) if not routes[bucket].distributions)
    kept = {*islice(unserved, MOST_EMPTY_ANSWERS)}
    try:
        memory.store_routes(
            {bucket: each for bucket, each in routes.items() if each.distributions or bucket in kept}
        )
    except MemoryUnavailable:
        return routes  # the next batch scans again
    return routes


def answers(
    found: Mapping[str, tuple[Distribution, ...]], fresh_until: float, asked: Iterable[str]
) -> dict[str, StoredRoutes]:
    """Return what a scan says of every bucket it found, and of every bucket `asked` for: an empty answer is one."""
    return {
        bucket: StoredRoutes(found.get(bucket, ()), fresh_until) for bucket in dict.fromkeys((*found, *asked))
    }
