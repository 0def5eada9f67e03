"""The account's queue of calls: while CloudFront limits their rate, each target's turn comes in the order of asking.

Calls are limited for the whole account, to about one in two seconds by what an AWS SDK maintainer reports
[aws-behaviour.md, CloudFront invalidations]; with sixty distributions that change all the time, whoever asks first
again after its turn would take all of them. So a target draws a ticket, a *position* in the queue. When its turn comes
follows from the gap of the moment: fixed times would all be refused after the gap grew.
"""

from dataclasses import dataclass, replace

from invalidator.core.limits.pace import (
    GAP_SECONDS,
    LONGEST_GAP_SECONDS,
    MOST_AHEAD_SECONDS,
    SHORTEST_GAP_SECONDS,
)

# One doubling for so many calls: all that were under way when the rate was met are refused for the same lesson.
CALLS_FOR_A_LESSON = 15
# After so long without a refusal a gap that grew is halved, and then the first one.
RELEARN_WIDE_SECONDS = 120.0
RELEARN_SECONDS = 600.0
# Two targets refused for their size within so long: it is the account's rate that was met, not theirs.
TOGETHER_SECONDS = 5.0
# No account has as many targets, and each holds one ticket at most.
MOST_QUEUED = 100_000
# A last call further ahead was not written by a worker whose clock is right.
ABSURD_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Calls:
    """The account's queue of calls as the table holds it.

    Attributes:
        gap: seconds between two calls; 0 while CloudFront takes what comes.
        learned: when the gap was learned, epoch seconds.
        lesson: the position served when the gap grew last.
        last: when the last call was made, epoch seconds.
        dealt: tickets drawn so far.
        served: the greatest ticket whose turn was taken.
        refused_target: the target that was refused for its size last.
        refused_at: when, epoch seconds.
        unreadable: whether the table holds what cannot be read, and this counts in its place: a lesson is then written
            whole.
    """

    gap: float = 0.0
    learned: float = 0.0
    lesson: int = 0
    last: float = 0.0
    dealt: int = 0
    served: int = 0
    refused_target: str = ""
    refused_at: float = 0.0
    unreadable: bool = False

    def turn(self, ticket: int, now: float) -> float:
        """Return when a ticket's turn is. One that was not used passes on: the time of its turn is all it costs."""
        last = self.last if self.last <= now + ABSURD_SECONDS else now
        return last + self.gap * max(1, ticket - self.served)

    @property
    def queued(self) -> int:
        """How many tickets wait for their turn."""
        return max(0, self.dealt - self.served)


def believed(calls: Calls, now: float) -> tuple[Calls, list[str]]:
    """Return a queue as it is to be taken at `now` (epoch seconds), and what in it cannot be, in words for people.

    Only while calls are spaced does it hold anybody up.
    """
    if not calls.gap:
        return calls, []
    latest = now + MOST_AHEAD_SECONDS
    possible = replace(
        calls,
        gap=min(max(0.0, calls.gap), LONGEST_GAP_SECONDS),
        learned=calls.learned if 0 <= calls.learned <= latest else now,
        lesson=min(calls.lesson, calls.served),
        served=calls.served if calls.queued <= MOST_QUEUED else calls.dealt,
    )
    wrong = [
        each
        for each in ("gap", "learned", "lesson", "served")
        if getattr(calls, each) != getattr(possible, each)
    ]
    told = [f"{each} is {getattr(calls, each)}: taken for {getattr(possible, each)}" for each in wrong]
    if not 0 <= calls.last <= latest:
        # It stays: a turn is taken where the last call is still the one that was read.
        told.append(f"the last call was at {calls.last}: taken for now")
    return possible, told


def after_throttling(calls: Calls, now: float) -> Calls:
    """Return the queue after CloudFront refused a call for the rate of calls."""
    if calls.gap == 0:
        return replace(calls, gap=GAP_SECONDS, learned=now, lesson=calls.served)
    if calls.served - calls.lesson < CALLS_FOR_A_LESSON:
        return replace(calls, learned=now)
    return replace(calls, gap=min(calls.gap * 2, LONGEST_GAP_SECONDS), learned=now, lesson=calls.served)


def relearned(calls: Calls, now: float) -> Calls:
    """Return the queue after a call was taken: as before, or closer when the last refusal is long ago."""
    patience = RELEARN_WIDE_SECONDS if calls.gap > GAP_SECONDS else RELEARN_SECONDS
    if calls.gap == 0 or now - calls.learned < patience:
        return calls
    gap = calls.gap / 2 if calls.gap / 2 >= SHORTEST_GAP_SECONDS else 0.0
    return replace(calls, gap=gap, learned=now, lesson=calls.served)


def met_together(calls: Calls, target: str, now: float) -> bool:
    """Tell whether a refusal for size at `now` is the account's: another target met one within seconds."""
    return calls.refused_target not in {"", target} and abs(now - calls.refused_at) <= TOGETHER_SECONDS
