"""How long coalescing takes next to sorting the same shuffled paths. Run as a module; takes 20 seconds."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from invalidator.core.coalescing.coalescing import coalesce
from invalidator.core.limits.allowance import Allowance

_TIMES = 3  # the quickest of so many tries counts: the others were disturbed


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds for one list of paths."""

    paths: int
    sorting: float
    coalescing: float
    fitting: float  # coalescing where everything fits the allowance


def made_paths(number: int, seed: int = 1) -> list[str]:
    """Shuffled paths of a site with 200 directories and hashed file names."""
    chance = random.Random(seed)
    kinds = ("main", "vendor", "chunk")
    paths = [
        f"/assets/{index % 200:03d}/{chance.choice(kinds)}-{chance.getrandbits(40):010x}.js"
        for index in range(number)
    ]
    chance.shuffle(paths)
    return paths


def measure(number: int, allowance: Allowance = Allowance(1000, 15)) -> Timing:  # noqa: B008  it is frozen: all may share it
    """Time one list of made paths."""
    paths = made_paths(number)
    return Timing(
        number,
        _quickest(lambda: sorted(paths)),
        _quickest(lambda: coalesce(paths, allowance)),
        _quickest(lambda: coalesce(paths, Allowance(number, allowance.wildcards))),
    )


def _quickest(action: Callable[[], object]) -> float:
    taken = []
    for _ in range(_TIMES):
        begun = time.process_time()
        action()
        taken.append(time.process_time() - begun)
    return min(taken)


def main() -> None:
    """Print a line for each size."""
    for number in (4_000, 10_000, 100_000, 1_000_000):
        timing = measure(number)
        print(
            f"{number:>9,} paths: sorted {timing.sorting * 1000:7.1f} ms,"
            f" coalesced {timing.coalescing * 1000:7.1f} ms ({timing.coalescing / timing.sorting:.1f} x),"
            f" where all fit {timing.fitting * 1000:7.1f} ms"
        )


if __name__ == "__main__":
    main()
