"""What a wildcard purges although it did not change: counted, bounded by probes, or estimated."""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import accumulate

from invalidator.core.prefix_tree import AFTER, PrefixTree

_CHARACTERS = 10  # open characters that stand for one unchanged object
_LEVEL = 30  # characters that a further directory level counts for


@dataclass(frozen=True, slots=True)
class Count:
    """How many objects under a prefix did not change, as far as is known: `at_least` to `at_most`."""

    at_least: float = 0.0
    at_most: float = float("inf")


UNKNOWN = Count()

# What is known of a prefix ("/img/", without the star): an inventory knows all, a few probes know some.
Unchanged = Callable[[str], Count]


class Inventory:
    """Every viewer path that did not change; call it with a prefix to have those below it counted."""

    def __init__(self, unchanged: Iterable[str]) -> None:
        self._paths = sorted(set(unchanged))

    def __call__(self, prefix: str) -> Count:
        """Return how many there are below a prefix ("/img/", without the star)."""
        number = bisect_left(self._paths, prefix + AFTER) - bisect_left(self._paths, prefix)
        return Count(number, number)


def collateral(tree: PrefixTree, unchanged: Unchanged | None) -> list[float]:
    """What a wildcard at each point of the tree would purge needlessly: known where known, else estimated."""
    costs = _estimates(tree)
    if unchanged is None:
        return costs
    least_below: list[
        tuple[int, float]
    ] = []  # points without a parent yet, and the fewest objects under each
    for point, start in enumerate(tree.start):
        known = unchanged(tree.prefix(point))
        least = 0.0
        while least_below and least_below[-1][0] >= start:
            least += least_below.pop()[1]
        least = max(least, known.at_least)
        least_below.append((point, least))
        costs[point] = min(max(costs[point], least), max(known.at_most, least))
    return costs


def _estimates(tree: PrefixTree) -> list[float]:
    """The estimate: how much of the changed paths' names a wildcard leaves open.

    Where all objects of a directory change, their names differ soon after the shared prefix and little is
    left of each; where few do, long ends are left; and each further directory level hides more. Of some fifty
    shapes tried on published asset trees, none did clearly better than this simple one: the trees and what
    comes of it are in infra/bench/coalescing.py.
    """
    length = list(accumulate(map(len, tree.paths), initial=0))
    levels = list(accumulate((path.count("/") for path in tree.paths), initial=0))
    estimates = []
    for first, last, depth in zip(tree.first, tree.last, tree.depth, strict=True):
        number = last - first
        open_length = length[last] - length[first] - number * depth
        open_levels = levels[last] - levels[first] - number * tree.paths[first].count("/", 0, depth)
        estimates.append((open_length + _LEVEL * open_levels) / _CHARACTERS)
    return estimates
