"""Asking for a look at a target: once in the table, and by one message to whoever is free."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from invalidator.core.pending.wakes import LONGEST_DELAY_SECONDS, Wake
from invalidator.failures import QueueUnavailable
from invalidator.ports import Clock, WakeQueue, Wakes


@dataclass(slots=True)
class Waking:
    """Asks for looks. A message that could not be sent is made good by the sweep, which sees what is due.

    Attributes:
        unsent: why messages could not be sent, until somebody takes it for the log.
    """

    wakes: Wakes
    queue: WakeQueue
    clock: Clock
    unsent: list[str] = field(default_factory=list)

    def ask(self, names: Iterable[str], due: float, since: float) -> int:
        """Ask for a look at each of these; return how many nobody had asked for.

        Args:
            names: owner names.
            due: when, epoch seconds; no later than a message can be delayed.
            since: the first change behind it.

        Raises TableUnavailable; those before it are asked for.
        """
        asked: list[tuple[str, float]] = []
        try:
            for name in names:
                now = self.clock.now()
                wake = self.wakes.wake(name, due, since, now)
                if wake is not None:
                    asked.append((name, delay(wake, due, now)))
        finally:
            self.call(asked)
        return len(asked)

    def take_unsent(self) -> str:
        """Return why messages could not be sent since this was asked last, "" where all were."""
        why = "; ".join(dict.fromkeys(self.unsent))
        self.unsent.clear()
        return why

    def call(self, names: list[tuple[str, float]]) -> None:
        """Send the messages for what was asked for: (name, delay in seconds)."""
        if not names:
            return
        try:
            self.queue.call(names)
        except QueueUnavailable as failure:
            self.unsent.append(str(failure))


def delay(wake: Wake, due: float, now: float) -> float:
    """Return after how many seconds a message should come: when it is due, and the rest is over."""
    rested = wake.rest.until if wake.rest.until <= now + LONGEST_DELAY_SECONDS else now
    return min(max(0.0, due - now, rested - now), LONGEST_DELAY_SECONDS)
