"""An invalidation request: some paths for one distribution, under a reference that follows from its content."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from invalidator.core.coalescing.coalescing import Coalesced


@dataclass(frozen=True, slots=True)
class Request:
    """What one CreateInvalidation call sends.

    Attributes:
        distribution: the distribution's id.
        paths: viewer path → newest change it stands for, epoch seconds; sorted by path.
    """

    distribution: str
    paths: Mapping[str, float]

    @property
    def wildcards(self) -> int:
        """How many of the paths are wildcards."""
        return sum(path.endswith("*") for path in self.paths)

    @property
    def reference(self) -> str:
        """The CallerReference: the same paths for the same changes give the same one, so a retry is free.

        CloudFront answers a repeated reference with the earlier invalidation, unpaid [aws-behaviour.md,
        CloudFront invalidations]. The times are part of it: a later upload of the same keys is another one.
        """
        content = "\n".join(f"{path} {at:.3f}" for path, at in self.paths.items())
        return hashlib.sha256(f"{self.distribution}\n{content}".encode()).hexdigest()[:40]


def requests(
    distribution: str, plan: Mapping[str, float], most_paths: int, most_wildcards: int
) -> Iterator[Request]:
    """Cut a plan into requests of at most so many paths, of which at most so many wildcards.

    Exact paths go along with the wildcards, so that as few calls as possible are made.
    """
    wildcards = [path for path in sorted(plan) if path.endswith("*")]
    exact = [path for path in sorted(plan) if not path.endswith("*")]
    while wildcards or exact:
        taken = wildcards[: min(most_wildcards, most_paths)]
        wildcards = wildcards[len(taken) :]
        rest = most_paths - len(taken)
        taken += exact[:rest]
        exact = exact[rest:]
        yield Request(distribution, {path: plan[path] for path in sorted(taken)})


def with_times(coalesced: Coalesced, changed: Mapping[str, float]) -> dict[str, float]:
    """Give every path that will be sent the time of the newest change it stands for.

    Args:
        coalesced: the paths to send; together they cover `changed`.
        changed: viewer path → newest change, epoch seconds.
    """
    plan = {path: changed[path] for path in coalesced.exact}
    prefixes: Sequence[str] = [path[:-1] for path in coalesced.wildcards]
    lengths = sorted({len(prefix) for prefix in prefixes})
    newest = dict.fromkeys(prefixes, float("-inf"))
    widened = [at for path, at in changed.items() if path.startswith("#") and path not in plan]
    if widened:  # tags that all wildcards stand for together
        newest = dict.fromkeys(prefixes, max(widened))
    for path, at in changed.items():
        for length in lengths:
            prefix = path[:length]
            if prefix in newest:
                newest[prefix] = max(newest[prefix], at)
                break
    plan.update({prefix + "*": at for prefix, at in newest.items()})
    return plan
