"""Tells others of invalidations that have completed; only where the stack has a bus.

The sweep's list holds a target for ten minutes after its last invalidation: none slips past. It is noted after it was
told, so an event may come twice, and none is left out. Distributions of other accounts trust the worker alone, not the
sweep: of those nothing is told.
"""

from collections.abc import Iterable, Iterator

from invalidator.core.limits.room import SHORTEST_SECONDS
from invalidator.core.pending.wakes import Wake
from invalidator.core.sent import Sent
from invalidator.failures import Failure
from invalidator.ports import Clock, CloudFront, Targets, Told

# An invalidation completes within seconds; one of a quarter of an hour ago is no news.
MOST_SECONDS = 900.0
# So many are asked for in a sweep at most; the rest with the next.
MOST_ASKED = 40


def completions(
    wakes: Iterable[Wake], targets: Targets, told: Told, cloudfront: CloudFront, clock: Clock
) -> Iterator[Sent]:
    """Yield each invalidation that has completed and that nobody was told of yet. Raises TableUnavailable."""
    since = clock.now() - MOST_SECONDS
    known = told.since(since)
    asked = 0
    for wake in wakes:
        target = wake.name.removeprefix("target:")
        if target == wake.name:
            continue
        for sent in targets.sent_since(target, since):
            if sent.id in known or asked == MOST_ASKED or clock.now() - sent.created < SHORTEST_SECONDS:
                continue
            asked += 1
            if sent.completed or _has_completed(cloudfront, sent):
                yield sent


def _has_completed(cloudfront: CloudFront, sent: Sent) -> bool:
    try:
        return cloudfront.completed(sent.distribution, sent.id, None)
    except Failure:
        return False  # asked again with the next minute
