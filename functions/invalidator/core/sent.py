"""A sent invalidation, and what it made fresh."""

from collections.abc import Iterable
from dataclasses import dataclass

# S3 stamps the change, CloudFront stamps the invalidation, and two services' clocks may differ. A change counts
# as covered only by an invalidation that is younger by at least this much: too much costs a path, too little
# would leave an object stale.
CLOCK_MARGIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Sent:
    """One invalidation that CloudFront accepted.

    Attributes:
        distribution: the distribution's id.
        id: the invalidation's id, "I…".
        created: CreateTime as CloudFront gave it, epoch seconds.
        paths: the viewer paths in it.
        work: digest of the work that ended with it, "" where more requests belonged to the same work.
        completed: whether CloudFront was seen to have finished it.
    """

    distribution: str
    id: str
    created: float
    paths: tuple[str, ...]
    work: str = ""
    completed: bool = False

    @property
    def wildcards(self) -> int:
        """How many of the paths are wildcards."""
        return sum(path.endswith("*") for path in self.paths)


def safely_after(changed: float) -> float:
    """Return the earliest CreateTime of an invalidation that surely covers a change at `changed`, epoch seconds."""
    return changed + CLOCK_MARGIN_SECONDS


class Coverage:
    """Answers, for one distribution: was this viewer path invalidated after it changed?"""

    def __init__(self, sent: Iterable[Sent]) -> None:
        self._exact: dict[str, Sent] = {}
        self._prefixes: dict[str, Sent] = {}
        self._newest = float("-inf")
        for invalidation in sorted(sent, key=lambda each: (each.created, each.id)):
            self._newest = invalidation.created
            for path in invalidation.paths:
                if path.endswith("*"):
                    self._prefixes[path[:-1]] = invalidation
                else:
                    self._exact[path] = invalidation
        self._lengths = sorted({len(prefix) for prefix in self._prefixes})

    def covering(self, path: str, at: float) -> Sent | None:
        """Return an invalidation that covers `path` and is safely younger than `at`, or None.

        Args:
            path: a viewer path; one that ends in `*` is covered only by a wildcard that covers all it covers.
            at: when the newest object under it changed, epoch seconds by S3's clock.
        """
        oldest = safely_after(at)
        if oldest > self._newest:
            return None
        found = self._exact.get(path)
        if found is not None and found.created >= oldest:
            return found
        end = len(path) - path.endswith("*")
        for length in self._lengths:
            if length > end:
                break
            found = self._prefixes.get(path[:length])
            if found is not None and found.created >= oldest:
                return found
        return None

    def uncovered(self, paths: dict[str, float]) -> dict[str, float]:
        """Return the part of `paths` (viewer path → newest change) that still has to be sent."""
        if not paths or safely_after(min(paths.values())) > self._newest:
            return paths
        return {path: at for path, at in paths.items() if self.covering(path, at) is None}
