"""What one distribution has in progress."""

import heapq
from dataclasses import dataclass, field


@dataclass(slots=True)
class InProgress:
    """A heap of (completes, paths, wildcards), and its sums.

    Attributes:
        running: what has not completed; the first to complete is first.
        paths: in progress, wildcards included.
        wildcards: in progress.
    """

    running: list[tuple[float, int, int]] = field(default_factory=list)
    paths: int = 0
    wildcards: int = 0

    def complete(self, now: float) -> None:
        """Leave out what has completed by now."""
        while self.running and self.running[0][0] <= now:
            _, paths, wildcards = heapq.heappop(self.running)
            self.paths -= paths
            self.wildcards -= wildcards

    def add(self, completes: float, paths: int, wildcards: int) -> None:
        """Add an invalidation."""
        heapq.heappush(self.running, (completes, paths, wildcards))
        self.paths += paths
        self.wildcards += wildcards
