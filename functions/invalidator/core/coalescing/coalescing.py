"""Coalescing: the paths to send for those that changed, within an allowance, purging least besides."""

from bisect import bisect_left
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import accumulate, groupby

from invalidator.core.coalescing.bounds import Bounds
from invalidator.core.coalescing.collateral import Unchanged, collateral
from invalidator.core.coalescing.escapes import whole
from invalidator.core.coalescing.multipliers import Points
from invalidator.core.coalescing.prefix_tree import AFTER, PrefixTree, prefix_tree
from invalidator.core.coalescing.selection import QUICK, THOROUGH, select
from invalidator.core.limits.allowance import Allowance


@dataclass(frozen=True, slots=True)
class Coalesced:
    """What to send.

    Attributes:
        exact: paths without a wildcard, sorted.
        wildcards: paths that end in `*`, sorted.
    """

    exact: tuple[str, ...]
    wildcards: tuple[str, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """All of them, sorted."""
        return tuple(sorted(self.exact + self.wildcards))


def coalesce(
    paths: Iterable[str],
    allowance: Allowance,
    unchanged: Unchanged | None = None,
    floors: Collection[str] | None = None,
) -> Coalesced:
    """Cover all `paths` within the allowance, purging least besides; among equals, with fewest paths.

    No wildcard is put above the floors: where the allowance would need one, those of the floors that hold its
    paths are sent in its place, and the allowance is exceeded by as many. A path that lies below no floor is the
    exception: of several that do not fit, one wildcard covers all.

    Args:
        paths: viewer paths that changed, in any order, repeated or not; one that ends in `*` is a wildcard,
            which is kept (and uses one of the allowance's) or covered by another; one that begins with `#` is a
            cache tag, which is kept; where there are too many, `/*` covers all.
        allowance: the most to send. One that cannot cover all (no path; no wildcard where one is needed) is
            raised to one path, or one wildcard: everything is always covered, at last by `/*`.
        unchanged: what is known of the objects that did not change; without it, their number is estimated.
        floors: the wildcards above which other origins' cached pages lie (`Router.floors`); without them,
            everything lies below `/*`.

    Raises:
        ValueError: a path does not start with `/`.
    """
    exact, prefixes, tags = _distinct(paths)
    if tags:
        allowance = Allowance(allowance.paths - len(tags), allowance.wildcards)
        if allowance.paths < (1 if exact or prefixes else 0):
            # A tag cannot be widened: only a wildcard over everything stands for several.
            return Coalesced((), ("/*",))
    most, slots = max(1, allowance.paths), max(1, allowance.wildcards)
    if len(exact) + len(prefixes) > most or len(prefixes) > slots:
        bounds = Bounds(("/*",) if floors is None else floors)
        exact, prefixes = _covering(exact, prefixes, Allowance(most, slots), unchanged, bounds)
    return Coalesced((*tags, *exact), tuple(sorted(f"{prefix}*" for prefix in prefixes)))


def _distinct(paths: Iterable[str]) -> tuple[list[str], list[str], list[str]]:
    """The exact paths and the prefixes of the wildcards, sorted, without what a wildcard covers; and the tags."""
    distinct = [path for path, _ in groupby(_side_by_side(sorted(_side_by_side(list(paths)))))]
    tags: list[str] = []
    if distinct and distinct[0].startswith("#"):
        first = bisect_left(distinct, "$")  # the character after "#"; a path's slash comes later still
        tags, distinct = distinct[:first], distinct[first:]
    for outermost in (*distinct[:1], *distinct[-1:]):  # what sorts between two that start with "/" does too
        if not outermost.startswith("/"):
            raise ValueError(f"not a viewer path, it does not start with '/': {outermost!r}")
    given = {path for path in distinct if path[-1] == "*"}
    exact = [path for path in distinct if path not in given] if given else distinct
    prefixes: list[str] = []
    for prefix in sorted({whole(path[:-1]) for path in given}):
        if not prefixes or not prefix.startswith(prefixes[-1]):
            prefixes.append(prefix)
    for prefix in prefixes:
        del exact[bisect_left(exact, prefix) : bisect_left(exact, prefix + AFTER)]
    return exact, prefixes, tags


def _side_by_side(paths: list[str]) -> list[str]:
    """Copies of the paths that lie in memory in this order.

    A million of them are sorted, and gone through many times: scattered over memory, that takes half as long
    again, and grows much faster than their number.
    """
    copies = "\n".join(paths).split("\n")
    return copies if len(copies) == len(paths) else paths  # one holds a line feed, or there is none


def _covering(
    exact: list[str], prefixes: list[str], allowance: Allowance, unchanged: Unchanged | None, bounds: Bounds
) -> tuple[list[str], list[str]]:
    """The exact paths and the prefixes that cover what is more than the allowance."""
    items = sorted(exact + prefixes)
    asked = set(prefixes)
    most, slots = allowance.paths, allowance.wildcards
    effort = QUICK if unchanged is None else THOROUGH
    # Too few wildcards is a need too: even where the paths would fit, at least one must be saved.
    need = max(1, len(items) - most)
    tree = prefix_tree(items, smallest=max(2, need // (effort.fineness * slots)))
    too_wide = bounds.too_wide(tree)
    points, kept = _points(tree, asked, collateral(tree, unchanged), unchanged, too_wide)
    left: list[str] = []
    wildcards: list[str] = []
    here = 0
    for point in select(points, need, slots - len(prefixes), effort):
        first, last = tree.first[kept[point]], tree.last[kept[point]]
        left += items[here:first]
        here = last
        if kept[point] in too_wide:
            below, loose = bounds.within(items[first:last])
            wildcards += below
            left += loose
        else:
            wildcards.append(tree.prefix(kept[point]))
    left += items[here:]
    wildcards += [path for path in left if path in asked]
    return [path for path in left if path not in asked], wildcards


def _points(
    tree: PrefixTree,
    asked: set[str],
    purged: list[float],
    unchanged: Unchanged | None,
    too_wide: Collection[int],
) -> tuple[Points, list[int]]:
    """The tree's points as the choice sees them, without those that one above beats; and which those are.

    Each path counts less than any object purged, so that it only decides among equals. Wildcards that came in
    (`asked`) are leaves like the others: kept, they purge what they purge, so a point is charged for what it
    purges besides, and uses a slot less for each that it covers. One above the floors is dear.
    """
    scale = len(tree.paths)
    gains = [last - first - 1 for first, last in zip(tree.first, tree.last, strict=True)]
    slots = [1] * len(tree)
    if asked:
        before = list(accumulate((int(path in asked) for path in tree.paths), initial=0))
        slots = [1 - before[last] + before[first] for first, last in zip(tree.first, tree.last, strict=True)]
        purged = _besides(tree, asked, purged, unchanged)
    costs = [round(cost * scale) - gain for cost, gain in zip(purged, gains, strict=True)]
    if too_wide:
        dear = 1 + sum(map(abs, costs))  # dearer than all others together: the last resort
        for point in too_wide:
            costs[point] += dear
    points = Points(costs, gains, slots, tree.start)
    kept = _unbeaten(points)
    return points.only(kept), kept


def _besides(
    tree: PrefixTree, asked: set[str], purged: list[float], unchanged: Unchanged | None
) -> list[float]:
    """What each point purges besides what wildcards that came in purge anyway, as far as is known."""
    if unchanged is None:
        return purged
    anyway = list(
        accumulate((unchanged(path).at_least if path in asked else 0.0 for path in tree.paths), initial=0.0)
    )
    return [
        cost - anyway[last] + anyway[first]
        for cost, first, last in zip(purged, tree.first, tree.last, strict=True)
    ]


def _unbeaten(points: Points) -> list[int]:
    """The points that the next kept one above does not beat in cost and slots; it covers more anyway."""
    kept: list[int] = []
    around: list[int] = []  # kept points around, outermost first
    for point in range(len(points) - 1, -1, -1):
        while around and points.start[around[-1]] > point:
            around.pop()
        above = around[-1] if around else None
        if (
            above is None
            or points.cost[above] > points.cost[point]
            or points.slots[above] > points.slots[point]
        ):
            kept.append(point)
            around.append(point)
    kept.reverse()
    return kept
