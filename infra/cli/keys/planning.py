"""What a set of changed keys would send to each distribution, and what that would purge besides. Pure."""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from invalidator.core.coalescing.coalescing import Coalesced, coalesce
from invalidator.core.coalescing.collateral import Inventory
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.budget import FREE_PATHS_A_MONTH, cost_usd
from invalidator.core.routing.paths.joined_router import JoinedRouter
from invalidator.core.routing.paths.viewer_paths import Router


@dataclass(frozen=True, slots=True)
class Purges:
    """What one wildcard purges.

    Attributes:
        changed: how many of the changed keys.
        besides: how many objects of the inventory whose key did not change; None without an inventory.
    """

    changed: int
    besides: int | None


@dataclass(frozen=True, slots=True)
class DistributionPlan:
    """What one distribution would be sent.

    Attributes:
        distribution: the distribution's id.
        sent: the paths.
        collateral: how many objects of the inventory the paths purge although their key did not change; None
            without an inventory.
        unserved: the keys that this distribution does not serve, in the order they were given.
        notes: what a person should know of it, a line each.
        purges: what each of the wildcards purges.
        unneeded: how many of the new keys need no path here.
    """

    distribution: str
    sent: Coalesced
    collateral: int | None
    unserved: tuple[str, ...]
    notes: tuple[str, ...] = ()
    purges: Mapping[str, Purges] = field(default_factory=dict)
    unneeded: int = 0

    @property
    def cost_usd(self) -> float:
        """The paths' price in US dollars, as if the account's free paths of the month were used up."""
        return cost_usd(len(self.sent.paths), FREE_PATHS_A_MONTH)


def plan_for(
    routers: Sequence[Router],
    keys: Collection[str],
    allow: Callable[[int], Allowance],
    inventory: Iterable[str] | None = None,
    new: Collection[str] = frozenset(),
) -> DistributionPlan:
    """Plan for one distribution.

    Args:
        routers: the distribution's routings for the bucket: at least one, and one more for each further pin.
        keys: the changed keys, each once.
        allow: the most to send, told from how many viewer paths changed.
        inventory: every key in the bucket after the change; None where that is not known.
        new: those of the changed keys that the bucket did not hold before.
    """
    name = routers[0].distribution.id
    joined = JoinedRouter(tuple(routers))
    paths_of = joined.paths if len(routers) > 1 else routers[0].paths
    served: list[tuple[str, ...]] = []
    unserved = []
    uncached = unneeded = 0
    for key in keys:
        paths = joined.paths_if_new(key) if key in new else paths_of(key)
        if not paths and key in new and joined.serves(key):
            unneeded += 1
        elif paths:
            served.append(paths)
        elif joined.serves(key):
            uncached += 1
        else:
            unserved.append(key)
    changed = set(chain.from_iterable(served))
    notes = _notes(joined, keys, uncached)
    floors = joined.floors()
    if inventory is None:
        sent = coalesce(changed, allow(len(changed)), floors=floors)
        purges = {path: Purges(count, None) for path, count in _counted(sent, served).items()}
        return DistributionPlan(name, sent, None, tuple(unserved), notes, purges, unneeded)
    changed_keys = frozenset(keys)
    unchanged = [paths for key in inventory if key not in changed_keys and (paths := paths_of(key))]
    sent = coalesce(changed, allow(len(changed)), Inventory(_outermost(unchanged)), floors)
    purged = _Purged(sent)
    collateral = sum(any(map(purged, paths)) for paths in unchanged)
    besides = _counted(sent, unchanged)
    purges = {path: Purges(count, besides[path]) for path, count in _counted(sent, served).items()}
    return DistributionPlan(name, sent, collateral, tuple(unserved), notes, purges, unneeded)


def _counted(sent: Coalesced, objects: Iterable[tuple[str, ...]]) -> dict[str, int]:
    """Return how many of the objects each wildcard purges, in the order of the wildcards."""
    counts = dict.fromkeys(sent.wildcards, 0)
    purged = _Purged(sent)
    for paths in objects:
        for wildcard in {found for path in paths if (found := purged.wildcard(path))}:
            counts[wildcard] += 1
    return counts


def _notes(router: JoinedRouter, keys: Iterable[str], uncached: int) -> tuple[str, ...]:
    pages = {key: page for key in keys if (page := router.error_page(key))}
    notes = [f"{key}: {page}" for key, page in pages.items()]
    if uncached:
        notes.append(f"{uncached} of the keys need no path: where they are served, caching is disabled")
    return tuple(notes)


def _outermost(objects: Iterable[tuple[str, ...]]) -> Iterable[str]:
    """The paths by which objects are counted: a wildcard that purges one object should count it once.

    A wildcard that covers `/docs` or `/docs/` covers `/docs/index.html` too, so these two are not counted
    besides it; nor are the other forms of a path with a space or a plus.
    """
    for paths in objects:
        if len(paths) == 1:
            yield paths[0]
            continue
        stems = {path.removesuffix("*") for path in paths}
        # Of the forms of one name, which differ in how a space and a plus are typed, one.
        stems = set({stem.replace("%20", "+").replace("%2B", "+"): stem for stem in sorted(stems)}.values())
        for stem in stems:
            if not any(other != stem and other.startswith(stem) for other in stems):
                yield stem


class _Purged:
    """Tells whether sent paths purge what is cached under a viewer path."""

    def __init__(self, sent: Coalesced) -> None:
        self._exact = frozenset(sent.exact)
        # None begins with another, so the one that sorts last before a path is the only one that may cover it.
        self._prefixes = sorted(path[:-1] for path in sent.wildcards)

    def __call__(self, path: str) -> bool:
        return path.removesuffix("*") in self._exact or self.wildcard(path) is not None

    def wildcard(self, path: str) -> str | None:
        """Return the wildcard that purges it."""
        stem = path.removesuffix("*")
        at = bisect_right(self._prefixes, stem)
        return f"{self._prefixes[at - 1]}*" if at > 0 and stem.startswith(self._prefixes[at - 1]) else None
