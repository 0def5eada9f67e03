"""What a survey did: its answer as a function, its log line, and what people are told of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.documents.origin_hosts import bucket_of, never_a_bucket
from invalidator.core.routing.documents.tenants import has_parameters
from invalidator.core.routing.pins import Pin

# An answer stays readable: so many of each kind are named, all are counted.
MOST_NAMED = 100
# A load balancer is never a bucket under another name, and seldom shows objects of one: nobody has to look at it.
_LOAD_BALANCER = ".elb.amazonaws.com"


class Outcome(StrEnum):
    """How a survey ended."""

    COMPLETE = "complete"
    """CloudFront's list was read to its end, and all that changed was asked for."""
    CONTINUES = "continues"
    """Time ran out, or CloudFront could not be asked for some just now; what was learned is kept."""
    FAILED = "failed"
    """CloudFront's list could not be read to its end; nothing counts as gone."""
    NOT_DUE = "not due"
    """The last complete one is younger than SurveyMinutes."""
    HELD = "another survey is at work"
    """Two at once would ask for the same."""


@dataclass(slots=True)
class Summary:
    """What one round did.

    Attributes:
        outcome: how it ended.
        routes_age: how old the routing is, seconds: since the last complete survey began; None before the first.
        listed: how many distributions CloudFront listed.
        asked: how many of them were asked for their configuration.
        left: how many could not be asked for yet.
        error: why the list did not come to its end; "" where it did.
        changes: target → what changed for viewers there.
        unread: target → why it could not be read; its routing is the one of before.
        unresolved: origins that hide what is behind them, and that no pin explains.
        woken: how many targets have changes to send for it.
        mended: what the table said and cannot be, in words for people.
    """

    outcome: Outcome = Outcome.CONTINUES
    routes_age: float | None = None
    listed: int = 0
    asked: int = 0
    left: int = 0
    error: str = ""
    changes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    unresolved: list[dict[str, str]] = field(default_factory=list)
    woken: int = 0
    mended: list[str] = field(default_factory=list)

    def add_unresolved(self, distribution: Distribution, pins: Sequence[Pin]) -> None:
        """Note the origins of a distribution of which nobody can tell the bucket, and no pin of it explains.

        An origin that tenants' parameters name is no riddle: each tenant tells.
        """
        renders = any(pin.renders for pin in pins)
        paths = {pin.origin_path for pin in pins}
        for origin in distribution.origins:
            if (
                origin.bucket is not None
                or _LOAD_BALANCER in origin.domain
                or has_parameters(origin)
                or origin.path.rstrip("/") in paths
            ):
                continue
            if not (renders and never_a_bucket(origin.domain)):
                why = bucket_of(origin.domain, origin.path).hidden
                self._unresolved(distribution.id, origin.domain, origin.path, why)

    def _unresolved(self, distribution: str, origin: str, path: str, why: str) -> None:
        self.unresolved.append(
            {
                "distribution": distribution,
                "origin": origin,
                "origin_path": path,
                "why": why,
            }
        )

    def as_json(self) -> dict[str, Any]:
        """Return the function's answer."""
        return {
            "outcome": self.outcome.value,
            "routes_age_seconds": self.routes_age,
            "distributions": self.listed,
            "asked": self.asked,
            "left": self.left,
            "error": self.error,
            "changed": len(self.changes),
            "changes": {target: list(self.changes[target]) for target in sorted(self.changes)[:MOST_NAMED]},
            "unread": {target: self.unread[target] for target in sorted(self.unread)[:MOST_NAMED]},
            "unread_count": len(self.unread),
            "unresolved": self.unresolved[:MOST_NAMED],
            "unresolved_count": len(self.unresolved),
            "woken": self.woken,
        }
