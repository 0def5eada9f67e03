"""Two things timed by turns, so that a busy machine disturbs both alike."""

import gc
import statistics
import time
from collections.abc import Callable


def cpu_seconds(
    ours: Callable[[], object], theirs: Callable[[], object], times: int = 9
) -> tuple[float, float, float]:
    """Return the median CPU seconds of each, and the median of each turn's ratio, after one turn to warm up."""
    ours()
    theirs()
    taken = [(_once(ours), _once(theirs)) for _ in range(times)]
    return (
        statistics.median(first for first, _ in taken),
        statistics.median(second for _, second in taken),
        statistics.median(first / second for first, second in taken),
    )


def _once(action: Callable[[], object]) -> float:
    gc.collect()
    begun = time.process_time()
    action()
    return time.process_time() - begun
