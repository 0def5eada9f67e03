"""What a wildcard purges although it did not change: counted, bounded by probes, or estimated."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from invalidator.core.coalescing.prefix_tree import AFTER, PrefixTree

# The estimate, in characters that a changed path's name goes on after its last fork.
_PATH = 12  # for each changed path
_FORK = 2  # for each fork between the wildcard and the path, its own included
_OBJECT = 30  # as much stands for one unchanged object


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
    """The estimate: each changed path stands for so much that did not change, more the looser the wildcard.

    Nothing but the changed paths is known here. Most that a wildcard purges needlessly lies where changes lie,
    so each path that it covers costs (`_PATH`): no more of them than must be. It costs more the more forks lie
    between the wildcard and the path (`_FORK`): further up, other branches hide that nobody changed. And it
    costs more the longer its name goes on after the last fork (up to a dot, as what follows is the kind of
    file): where a whole directory changes, names fork near their ends; where a few of many do, early.

    The weights are the middle of a broad plateau on published asset trees
    (infra/bench/coalescing/against_directories.py); the scale makes what the chosen wildcards purge there come out
    about right in sum.
    """
    covered = [last - first for first, last in zip(tree.first, tree.last, strict=True)]
    forks = list(accumulate(covered, initial=0))
    loose = list(accumulate(_loose_ends(tree), initial=0))
    estimates = []
    for point, number in enumerate(covered):
        below = forks[point + 1] - forks[tree.start[point]]
        ends = loose[tree.last[point]] - loose[tree.first[point]]
        estimates.append((_PATH * number + _FORK * below + ends) / _OBJECT)
    return estimates


def _loose_ends(tree: PrefixTree) -> Iterator[int]:
    """How many characters of each path follow its last fork, up to a dot."""
    for path, fork in zip(tree.paths, map(max, tree.shared, [0, *tree.shared[:-1]]), strict=True):
        dot = path.find(".", fork)
        yield (dot if dot >= 0 else len(path)) - fork
