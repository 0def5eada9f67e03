"""What is remembered of a target: up to where its changes are settled, and what its answers taught."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from invalidator.core.limits.pace import Pace


@dataclass(frozen=True, slots=True)
class TargetState:
    """What one target has settled and learned. The sender alone writes it, under the target's lease.

    Attributes:
        settled: log owner → the number up to which nothing is left to do for this target.
        routing: the version of the routing that this holds for; "" before the first run.
        pace: how large and how far apart its requests may be; None while none was refused.
        sent: when its newest invalidation was created, epoch seconds; 0 for never.
        answered: the newest change that any of its invalidations answered, epoch seconds.
        failing_since: when the refusals or errors began that nothing has ended yet; 0 while there are none.
        not_before: no request goes out earlier, epoch seconds: after an error or a refusal.
        asked: when CloudFront was asked for it last, epoch seconds.
        over_until: past the budget, nothing is sent until then, epoch seconds.
        ticket: its position in the account's queue of calls; 0 where it has none.
        reason: why it waits, for people.
    """

    settled: Mapping[str, int] = field(default_factory=dict)
    routing: str = ""
    pace: Pace | None = None
    sent: float = 0.0
    answered: float = 0.0
    failing_since: float = 0.0
    not_before: float = 0.0
    asked: float = 0.0
    over_until: float = 0.0
    ticket: int = 0
    reason: str = ""
