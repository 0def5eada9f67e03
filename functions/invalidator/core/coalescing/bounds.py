"""How far up a wildcard may stand: never above those that lead to the bucket, or it empties others' caches."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence

from invalidator.core.coalescing.escapes import whole
from invalidator.core.coalescing.prefix_tree import AFTER, PrefixTree


class Bounds:
    """The floors, ready to be compared with sorted paths.

    Args:
        floors: wildcards; exact paths among them bound nothing, as nothing lies below them.
    """

    def __init__(self, floors: Collection[str]) -> None:
        self._exact = frozenset(path for path in floors if not path.endswith("*"))
        self._prefixes: list[str] = []
        for prefix in sorted(path[:-1] for path in floors if path.endswith("*")):
            if not self._prefixes or not prefix.startswith(self._prefixes[-1]):
                self._prefixes.append(prefix)

    def too_wide(self, tree: PrefixTree) -> Collection[int]:
        """Return the points of the tree that stand above a floor or beside all of them."""
        if self._prefixes == ["/"]:
            return ()
        starts = [bisect_left(tree.paths, prefix) for prefix in self._prefixes]
        ends = [bisect_left(tree.paths, prefix + AFTER) for prefix in self._prefixes]
        found = set()
        for point, (first, last) in enumerate(zip(tree.first, tree.last, strict=True)):
            # Paths that all lie below one floor share all of it; it has whole characters, as their prefix has.
            floor = bisect_right(starts, first) - 1
            if floor < 0 or last > ends[floor]:
                found.add(point)
        return found

    def within(self, paths: Sequence[str]) -> tuple[list[str], list[str]]:
        """What covers these paths in the place of a wildcard above them.

        Args:
            paths: sorted, none covered by another; exact ones, and prefixes of wildcards that came in.

        Returns:
            The floors that hold paths, without their stars, and of several paths that lie below none what they
            share; and what stays as it came.
        """
        below = []
        loose = list(paths)
        for prefix in self._prefixes:
            first, last = bisect_left(loose, prefix), bisect_left(loose, prefix + AFTER)
            if first < last:
                below.append(prefix)
                del loose[first:last]
        stray = [path for path in loose if path not in self._exact]
        if len(stray) > 1:
            shared = whole(_shared(stray[0], stray[-1]))
            below = [*(prefix for prefix in below if not prefix.startswith(shared)), shared]
            loose = [path for path in loose if not path.startswith(shared)]
        return below, loose


def _shared(one: str, other: str) -> str:
    """What two different paths begin with; of sorted ones, the first and the last share what all do."""
    return next(
        (one[:at] for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right),
        min(one, other, key=len),
    )
