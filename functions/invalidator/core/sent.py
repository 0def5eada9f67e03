"""A sent invalidation, and what it made fresh."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from invalidator.core.pending.entry import Times

# S3 stamps the change, CloudFront stamps the invalidation, and two services' clocks may differ. A change that the
# invalidation is not known to have answered counts as covered only by one that is younger by at least this much: too
# much costs a path, too little would leave an object stale.
CLOCK_MARGIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Sent:
    """One invalidation that CloudFront accepted.

    Attributes:
        distribution: the target's id.
        id: the invalidation's id, "I…".
        created: CreateTime as CloudFront gave it, epoch seconds.
        paths: the viewer paths in it.
        answered: for each of the paths the newest change that it answered, epoch seconds by S3's clock; () where that
            is not known (version 0.1.0 did not keep it).
        completed: whether CloudFront was seen to have finished it.
    """

    distribution: str
    id: str
    created: float
    paths: tuple[str, ...]
    answered: tuple[float, ...] = ()
    completed: bool = False

    @property
    def wildcards(self) -> int:
        """How many of the paths are wildcards."""
        return sum(path.endswith("*") for path in self.paths)

    def covers_until(self, position: int) -> float:
        """Return up to which change, by S3's clock, the path at a position is surely fresh since.

        What it answered was known before it was sent, so S3's stamp alone decides; of anything else only that it
        changed `CLOCK_MARGIN_SECONDS` before CloudFront's stamp is sure. And what it is said to have answered after its
        own creation was stamped by a clock that is off: a worker's, in whose doubt it was sent.
        """
        safe = self.created - CLOCK_MARGIN_SECONDS
        return max(safe, min(self.answered[position], self.created)) if self.answered else safe


class Coverage:
    """Answers, for one target: was this viewer path invalidated after it changed?"""

    def __init__(self, sent: Iterable[Sent]) -> None:
        self._exact: dict[str, tuple[float, Sent]] = {}
        self._prefixes: dict[str, tuple[float, Sent]] = {}
        self._newest = float("-inf")
        for invalidation in sent:
            for position, path in enumerate(invalidation.paths):
                until = invalidation.covers_until(position)
                self._newest = max(self._newest, until)
                known, name = (self._prefixes, path[:-1]) if path.endswith("*") else (self._exact, path)
                if name not in known or known[name][0] < until:
                    known[name] = until, invalidation
        self._lengths = sorted({len(prefix) for prefix in self._prefixes})

    def covering(self, path: str, at: float) -> Sent | None:
        """Return an invalidation that covers a change of `path` at `at` (epoch seconds, S3's clock), or None.

        A path that ends in `*` is covered only by a wildcard that covers all it covers.
        """
        until, invalidation = self._until(path)
        return invalidation if until >= at else None

    def uncovered(self, paths: Mapping[str, Times]) -> dict[str, Times]:
        """Return the part of `paths` (viewer path → first and newest change) that still has to be sent.

        Where an invalidation answered only the earlier changes of a path, the time up to which it did is the earliest
        that the first unanswered one can have.
        """
        left: dict[str, Times] = {}
        for path, (first, newest) in paths.items():
            if first > self._newest:
                left[path] = first, newest
                continue
            until, _ = self._until(path)
            if until < newest:
                left[path] = max(first, until), newest
        return left

    def _until(self, path: str) -> tuple[float, Sent | None]:
        nothing: tuple[float, Sent | None] = float("-inf"), None
        best = self._exact.get(path, nothing)
        end = len(path) - path.endswith("*")
        for length in self._lengths:
            if length > end:
                break
            found = self._prefixes.get(path[:length], nothing)
            if found[0] > best[0]:
                best = found
        return best
