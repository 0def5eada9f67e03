"""What is remembered of a target: up to where its changes are settled, and what its answers taught."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from invalidator.core.limits.pace import LONGEST_GAP_SECONDS, MOST_AHEAD_SECONDS, Pace
from invalidator.core.limits.patience import LONGEST_SECONDS


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


def believed(
    state: TargetState, *, dealt: int, over_seconds: float, now: float
) -> tuple[TargetState, list[str]]:
    """Return a state as it is to be taken at `now`, and what in it cannot be, in words for people.

    A time that lies ahead, a ticket that nobody drew, or a request of nothing would hold the target for ever. What it
    has settled is held against the logs where those are read (`logs.py`).

    Args:
        state: as the table holds it.
        dealt: tickets drawn so far in its account's queue of calls.
        over_seconds: no target waits longer for its next path past the budget.
        now: epoch seconds.
    """
    wrong = dict(_impossible(state, dealt, over_seconds, now))
    told = [f"{name} is {getattr(state, name)}: taken for {value}" for name, value in wrong.items()]
    return (replace(state, **wrong) if wrong else state), told


def _impossible(state: TargetState, dealt: int, over_seconds: float, now: float) -> Iterator[tuple[str, Any]]:
    latest = now + MOST_AHEAD_SECONDS
    for name in ("sent", "answered", "failing_since", "asked"):
        if not 0 <= getattr(state, name) <= latest:
            yield name, now
    if not 0 <= state.not_before <= latest + 2 * LONGEST_SECONDS:
        yield "not_before", 0.0
    if not 0 <= state.over_until <= latest + over_seconds:
        yield "over_until", 0.0
    if not 0 <= state.ticket <= max(0, dealt):
        yield "ticket", 0
    pace = state.pace
    if pace is None:
        return
    possible = Pace(
        max(1, pace.paths),
        max(1, pace.wildcards),
        min(max(0.0, pace.gap), LONGEST_GAP_SECONDS),
        pace.learned if 0 <= pace.learned <= latest else now,
    )
    if possible != pace:
        yield "pace", possible
