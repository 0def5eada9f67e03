"""What became of one distribution's work."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from invalidator.core.reasons import Reason
from invalidator.core.sent import Sent


@dataclass(frozen=True, slots=True)
class Dead:
    """Paths that are given up: they go to the dead-letter queue at once, with the reason.

    Attributes:
        paths: viewer path → newest change, epoch seconds.
        reason: why, by the table of reasons.
        detail: what AWS said, for a person.
    """

    paths: Mapping[str, float]
    reason: Reason
    detail: str


@dataclass(slots=True)
class Outcome:
    """What became of one distribution's work.

    Attributes:
        distribution: the distribution's id.
        sent: invalidations that CloudFront accepted.
        covered: viewer paths that an earlier invalidation had made fresh already.
        waiting: viewer path → newest change, for what is put back on the queue.
        waiting_reason: why it is put back: back-pressure, or the passing error.
        failed: whether a passing error put it back (back-pressure does not count as a failure).
        refused: requests that CloudFront refused for its quotas.
        collateral: unchanged objects that the sent wildcards purge, None where that is not known.
        unrecorded: invalidations that the table could not be told of; they may be paid twice.
        dead: what is given up.
    """

    distribution: str
    sent: list[Sent] = field(default_factory=list)
    covered: int = 0
    waiting: Mapping[str, float] = field(default_factory=dict)
    waiting_reason: str = ""
    failed: bool = False
    refused: int = 0
    collateral: int | None = None
    unrecorded: int = 0
    dead: list[Dead] = field(default_factory=list)
