"""What became of one target's work in one run of the sender."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from invalidator.core.pending.entry import Times
from invalidator.core.reasons import Reason
from invalidator.core.sent import Sent


@dataclass(frozen=True, slots=True)
class Dead:
    """Paths that are given up: they go to the dead-letter queue, with the reason.

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
    """What became of one target's work.

    Attributes:
        target: the target's id.
        sent: invalidations that CloudFront accepted.
        covered: viewer paths that an earlier invalidation had made fresh already.
        left: viewer path → first and newest change, for what is still pending.
        reason: why it is: back-pressure, the budget, a passing error, or that it gathers.
        not_before: no sooner does it make sense to go on, epoch seconds; None where nothing is left.
        failing: whether an error or a refusal left it, and not only the wait for quiet or for a turn.
        at_limit: the hard limit of paths a month that keeps it waiting; 0 where none does.
        refused: requests that CloudFront refused for its quotas.
        collateral: unchanged objects that the sent wildcards purge, None where that is not known.
        dead: what is given up.
    """

    target: str
    sent: list[Sent] = field(default_factory=list)
    covered: int = 0
    left: Mapping[str, Times] = field(default_factory=dict)
    reason: str = ""
    not_before: float | None = None
    failing: bool = False
    at_limit: int = 0
    refused: int = 0
    collateral: int | None = None
    dead: list[Dead] = field(default_factory=list)

    def wait(self, left: Mapping[str, Times], reason: str, until: float, *, failing: bool = False) -> None:
        """Leave paths pending, until a time (epoch seconds) and for a reason."""
        self.left, self.reason, self.not_before, self.failing = left, reason, until, failing
