"""How much coalescing purges needlessly on real trees, next to the optimum and to directory wildcards.

Run `python -m infra.bench.coalescing.against_directories` for the stored trees, with `--npm PACKAGE OLD NEW`
for any other.

Without an inventory, half of what directory wildcards purge is the aim, and it is not always reached. The
weights of the estimate (`core/coalescing/collateral.py`) were chosen on 21 version pairs (npm, wheels, C headers,
standard libraries) and tried once on 9 others, over 32 allowances each, where the optimum is at most half:

                            reached         mean of ratios
    the pairs chosen on     147 of 168      0.27 (tree by tree)
    the others              38 of 51        0.34; npm and PyPI alone: 29 of 34, 0.27

The estimate before (open characters and directory levels) reached 126 of 168 and 34 of 51. A weight half or
twice as large loses at most 8 of the 168 and none of the 51. Tried besides, and no better: sizes of directories,
names that siblings share, distinct names and kinds, merged suffixes, powers and products of them, and boosted
regression trees on some forty such features.
"""

import argparse
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from infra.bench.coalescing.optimum import optimum
from infra.bench.coalescing.real_trees import RealTree, fetched, stored
from invalidator.core.coalescing.coalescing import coalesce
from invalidator.core.coalescing.collateral import Inventory
from invalidator.core.limits.allowance import Allowance

ALLOWANCES = tuple(
    Allowance(paths, wildcards)
    for paths, wildcards in ((1, 1), (10, 3), (15, 15), (30, 5), (100, 15), (300, 15), (1000, 15))
)


@dataclass(frozen=True, slots=True)
class Row:
    """Unchanged objects purged, by whoever chose; and milliseconds that our choice with an inventory took."""

    allowance: Allowance
    best: int
    with_inventory: int
    without: int
    directories: int
    milliseconds: float


def evaluate(tree: RealTree, allowances: Sequence[Allowance] = ALLOWANCES) -> Iterator[Row]:
    """A row for every allowance that the tree's changes exceed."""
    inventory = Inventory(tree.unchanged)
    for allowance in allowances:
        if len(tree.changed) <= allowance.paths:
            continue
        begun = time.perf_counter()
        informed = coalesce(tree.changed, allowance, inventory)
        taken = time.perf_counter() - begun
        yield Row(
            allowance,
            optimum(tree.changed, tree.unchanged, allowance.paths, allowance.wildcards),
            purged(informed.wildcards, tree.unchanged),
            purged(coalesce(tree.changed, allowance).wildcards, tree.unchanged),
            purged(directory_wildcards(tree.changed, allowance), tree.unchanged),
            taken * 1000,
        )


def directory_wildcards(changed: Iterable[str], allowance: Allowance) -> list[str]:
    """What others do: a wildcard for each directory with a change if they are few enough, else all."""
    directories = sorted({path[: path.rindex("/") + 1] for path in changed})
    return [f"{path}*" for path in directories] if len(directories) <= allowance.wildcards else ["/*"]


def purged(wildcards: Iterable[str], unchanged: Iterable[str]) -> int:
    """How many of the unchanged paths the wildcards cover."""
    prefixes = tuple(wildcard[:-1] for wildcard in wildcards)
    return sum(path.startswith(prefixes) for path in unchanged)


def main() -> None:
    """Print a table for each tree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--npm", nargs=3, metavar=("PACKAGE", "OLD", "NEW"), help="a tree from the registry")
    wanted = parser.parse_args().npm
    columns = "{:>12} {:>8} {:>14} {:>9} {:>9} {:>12} {:>8} {:>8}"
    for tree in [fetched(*wanted)] if wanted else stored():
        print(f"\n{tree.name}: {len(tree.changed)} changed, {len(tree.unchanged)} unchanged")
        print(
            columns.format(
                "allowance", "optimum", "with inventory", "/ optimum", "without", "directories", "ratio", "ms"
            )
        )
        for row in evaluate(tree):
            print(
                columns.format(
                    f"{row.allowance.paths}, {row.allowance.wildcards}",
                    row.best,
                    row.with_inventory,
                    _ratio(row.with_inventory, row.best),
                    row.without,
                    row.directories,
                    _ratio(row.without, row.directories),
                    f"{row.milliseconds:.1f}",
                )
            )


def _ratio(ours: int, theirs: int) -> str:
    if theirs:
        return f"{ours / theirs:.2f}"
    return "1.00" if ours == 0 else "inf"


if __name__ == "__main__":
    main()
