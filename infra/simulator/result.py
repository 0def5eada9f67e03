"""What a simulation counted: the fields of `invalidator simulate --json`, and the way there."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Moment:
    """How things stood at one time.

    Attributes:
        seconds: since the start.
        uploaded: objects written until then.
        stale: objects that changed and are not invalidated since; at several distributions, each counts.
        waiting: messages on the changes queue, or in the function's hands.
        paths: sent until then.
        requests: made until then.
    """

    seconds: float
    uploaded: int
    stale: int
    waiting: int
    paths: int
    requests: int


@dataclass(slots=True)
class Result:
    """What the simulation counted.

    Attributes:
        distributions: that were simulated.
        objects: written; one that is written again counts again.
        messages: on the changes queue, duplicates included.
        invocations: of the worker, by either queue, and of the sweep.
        requests: calls of CreateInvalidation.
        refused_requests: those that met a quota.
        refused_after_first_minute: the part of requests that met a quota after the first minute.
        invalidations: that CloudFront accepted.
        paths: in them.
        wildcards: of these paths.
        cost_usd: what the paths cost.
        run_cost_usd: what Lambda, SQS, DynamoDB and logs cost, at list price.
        dead_lettered: messages in the dead-letter queue.
        stale_objects: changed and never invalidated since; each counts once for each distribution.
        last_fresh_seconds: from the last upload to the invalidation that made the last object fresh.
        p50_seconds: from S3's event to the covering invalidation, S3's own delivery included: the median.
        p95_seconds: of 95 in 100 not longer.
        max_seconds: the longest.
        fewest_invalidations: of any distribution.
        most_invalidations: of any distribution.
        longest_wait_seconds: the longest of any change, those still stale at the end included.
        write_units: of the table, on demand.
        read_units: of the table, on demand.
        hottest_partition: the most write units that one partition took in one second; 1,000 are possible.
        cold_starts: environments that were started.
        longest_run_seconds: of the worker; it is killed after 30.
        heads: objects whose headers S3 was asked for.
        needlessly_purged: pages that stood before and did not change, and that the paths purge all the same.
        seconds: virtual time that was simulated.
        moments: how things stood at evenly spaced times.
    """

    distributions: int = 1
    objects: int = 0
    messages: int = 0
    invocations: int = 0
    requests: int = 0
    refused_requests: int = 0
    refused_after_first_minute: float = 0.0
    invalidations: int = 0
    paths: int = 0
    wildcards: int = 0
    cost_usd: float = 0.0
    run_cost_usd: float = 0.0
    dead_lettered: int = 0
    stale_objects: int = 0
    last_fresh_seconds: float = 0.0
    p50_seconds: float = 0.0
    p95_seconds: float = 0.0
    max_seconds: float = 0.0
    fewest_invalidations: int = 0
    most_invalidations: int = 0
    longest_wait_seconds: float = 0.0
    write_units: float = 0.0
    read_units: float = 0.0
    hottest_partition: float = 0.0
    cold_starts: int = 0
    longest_run_seconds: float = 0.0
    heads: int = 0
    needlessly_purged: int = 0
    seconds: float = 0.0
    moments: list[Moment] = field(default_factory=list)

    @property
    def fairness(self) -> float:
        """The fewest invalidations of any distribution, as a part of the mean; 1 where all had as many."""
        return self.fewest_invalidations * self.distributions / max(1, self.invalidations)

    def counted(self) -> dict[str, float]:
        """Return all figures by name, the moments left out."""
        return {
            each.name: getattr(self, each.name) for each in dataclasses.fields(self) if each.name != "moments"
        }


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value that this share of the ordered ones does not pass; 0 of none."""
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
