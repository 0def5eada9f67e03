"""The rows on coalescing: how long it takes, and what it purges needlessly."""

import gc
import math
import statistics
from collections.abc import Iterator

from infra.bench.coalescing.against_directories import evaluate
from infra.bench.coalescing.real_trees import stored
from infra.bench.coalescing.speed import measure
from infra.bench.row import Row

# The exact solver takes minutes on more.
MOST_CHANGED = 1000


def speed_rows() -> Iterator[Row]:
    """Against sorting the same list; and how time grows with its length."""
    gc.collect()
    gc.freeze()  # what other rows left behind is not walked through
    small, large = measure(10_000), measure(1_000_000)
    for timing in (small, large):
        yield Row(
            f"coalescing {timing.paths:,} paths / sorting them",
            timing.coalescing / timing.sorting,
            "x",
            25.0,
            f"CPU {timing.coalescing * 1000:.1f} ms / {timing.sorting * 1000:.1f} ms",
        )
    yield Row(
        "growth of that time for ten times the paths",
        (large.coalescing / small.coalescing) ** (1 / math.log10(large.paths / small.paths)),
        "x",
        12.0,
        f"CPU {large.coalescing * 1000:.1f} ms / {small.coalescing * 1000:.1f} ms, a hundredfold; sorting grew"
        f" {(large.sorting / small.sorting) ** 0.5:.1f} x",
    )


def collateral_rows() -> Iterator[Row]:
    """Unchanged objects purged on real trees."""
    rows = [row for tree in stored() if len(tree.changed) < MOST_CHANGED for row in evaluate(tree)]
    worst = max((row.with_inventory / row.best for row in rows if row.best), default=1.0)
    yield Row(
        "needless purge with an inventory / the optimum, worst",
        worst,
        "x",
        1.05,
        f"{len(rows)} cases, all: {sum(row.with_inventory for row in rows):,} / {sum(row.best for row in rows):,}",
    )
    # Where half is possible at all: the optimum itself is at most half.
    ratios = [
        row.without / row.directories for row in rows if row.directories and row.best <= row.directories / 2
    ]
    yield Row(
        "needless purge without one / a wildcard per directory",
        statistics.fmean(ratios),
        "x",
        0.5,
        f"mean of {len(ratios)} of {len(rows)} cases: those whose optimum is at most half",
    )
    won = sum(ratio <= 0.5 for ratio in ratios)  # noqa: PLR2004  the half that the row's name tells
    yield Row(
        "share of them that purge at most half without one",
        won / len(ratios),
        "x",
        0.85,
        f"{won} of {len(ratios)}; the rest need to know what did not change",
        at_least=True,
    )
