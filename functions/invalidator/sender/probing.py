"""Looks at what lies under a candidate wildcard, by listing the bucket, where the stack was allowed to.

A wildcard that purges nothing but what changed is free; one listing of at most 1,000 keys tells. Listing is
capped in calls and seconds: what is not known is estimated from the tree's shape.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from invalidator.core.coalescing.collateral import UNKNOWN, Count
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.routing.target import TargetRoutes
from invalidator.failures import Failure
from invalidator.ports import Clock, Listing

MOST_SECONDS = 5.0


@dataclass(slots=True)
class Probing:
    """What is known of the unchanged objects under prefixes of one target's viewer paths.

    It is the `unchanged` that `coalesce` asks; `probe` finds out more.

    Attributes:
        routes: the target's routing.
        changed: its viewer paths that changed.
        listing: lists a bucket.
        clock: time.
        calls: how many listings are left.
        routing: what the operator says of the sites.
    """

    routes: TargetRoutes
    changed: Container[str]
    listing: Listing
    clock: Clock
    calls: int
    routing: RoutingSettings
    _known: dict[str, Count] = field(default_factory=dict)
    _until: float = field(init=False)

    def __post_init__(self) -> None:
        self._until = self.clock.now() + MOST_SECONDS

    def __call__(self, prefix: str) -> Count:
        """Return what is known of the objects under a prefix ("/img/", without the star)."""
        return self._known.get(prefix, UNKNOWN)

    def probe(self, wildcards: Iterable[str]) -> bool:
        """List what lies under wildcards not looked at yet; tell whether anything was learned."""
        learned = False
        for wildcard in wildcards:
            prefix = wildcard[:-1]
            if prefix in self._known:
                continue
            places = self._places(prefix)
            if len(places) > self.calls or self.clock.now() > self._until:
                return learned
            self._known[prefix] = self._count(places)
            learned = True
        return learned

    def collateral(self, wildcards: Iterable[str]) -> int | None:
        """Return how many unchanged objects these wildcards purge, None where that is not known for all."""
        counts = [self(wildcard[:-1]) for wildcard in wildcards]
        if any(count.at_least != count.at_most for count in counts):
            return None
        return round(sum(count.at_least for count in counts))

    def _places(self, prefix: str) -> list[tuple[Router, str]]:
        """Where in which bucket the objects under a viewer prefix lie."""
        below = unquote(prefix, errors="surrogateescape").removeprefix("/")
        return [
            (
                Router(route, origin.bucket, self.routing),
                f"{origin.folder}{below}",
            )
            for route in self.routes.routes
            for origin in route.origins
            if origin.bucket is not None
        ]

    def _count(self, places: Iterable[tuple[Router, str]]) -> Count:
        unchanged, complete = 0, True
        for router, key_prefix in places:
            self.calls -= 1
            try:
                keys, truncated = self.listing.below(router.bucket, key_prefix)
            except Failure:
                return UNKNOWN
            unchanged += sum(_is_unchanged(router.paths(key), self.changed) for key in keys)
            complete = complete and not truncated
        return Count(unchanged, unchanged if complete else UNKNOWN.at_most)


def _is_unchanged(paths: Iterable[str], changed: Container[str]) -> bool:
    served = list(paths)
    return bool(served) and not any(path in changed for path in served)
