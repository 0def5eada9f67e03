"""The true optimum of coalescing, by dynamic programming: slow, simple, no kin of the worker's."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import groupby

_IMPOSSIBLE = 1 << 60
_AFTER = "\U0010ffff"  # sorts after every character of a path

# best[w][k]: the least cost with at most w wildcards that still leaves at most k paths to be saved
Table = list[list[int]]


def optimum(changed: Sequence[str], unchanged: Sequence[str], paths: int, wildcards: int) -> int:
    """The fewest unchanged objects that any choice within the allowance purges; no wildcard in `changed`."""
    items, rest = sorted(set(changed)), sorted(set(unchanged))
    missing = len(items) - paths
    if missing <= 0:
        return 0
    empty = [[_IMPOSSIBLE] * missing + [0] for _ in range(wildcards + 1)]
    table = _with(items, 0, rest, empty)
    return table[wildcards][0]


def _with(items: Sequence[str], depth: int, rest: Sequence[str], before: Table) -> Table:
    """`before`, and what the wildcards at or below the prefix that `items` share add to the choice."""
    if len(items) < 2:  # noqa: PLR2004  a wildcard for one path saves nothing
        return before
    depth = _branching(items[0], items[-1], depth)
    table = before
    for group in _groups(items, depth):
        table = _with(group, depth + 1, rest, table)
    prefix = items[0][:depth]
    cost = bisect_left(rest, prefix + _AFTER) - bisect_left(rest, prefix)
    saved = len(items) - 1
    return [table[0], *(_cheaper(new, old, saved, cost) for new, old in zip(table[1:], before, strict=False))]


def _branching(first: str, last: str, depth: int) -> int:
    while depth < min(len(first), len(last)) and first[depth] == last[depth]:
        depth += 1
    return depth


def _groups(items: Sequence[str], depth: int) -> Iterator[list[str]]:
    for _, group in groupby(items, key=lambda item: item[depth : depth + 1]):
        yield list(group)


def _cheaper(without: list[int], below: list[int], saved: int, cost: int) -> list[int]:
    """Entry by entry, the cheaper of leaving the wildcard out and taking it."""
    missing = len(without) - 1
    return [min(out, below[min(missing, left + saved)] + cost) for left, out in enumerate(without)]
