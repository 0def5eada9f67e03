"""Virtual time: many activities that read and wait on one clock, none of which really waits.

An activity is ordinary code that calls `clock.sleep`, such as the real worker. Each runs on a stack of its own
(a greenlet: to change to a thread and back takes longer than what most activities do meanwhile), one at a time, and
only while it has the turn: runs are deterministic.
"""

import heapq
from collections.abc import Callable
from typing import Any

from greenlet import getcurrent, greenlet


class VirtualTime:
    """A schedule and its clock. It is a `Clock` for the worker: `now` and `sleep` in virtual seconds."""

    def __init__(self, start: float) -> None:
        self._now = start
        self._until = float("inf")
        self._due: list[tuple[float, int, Callable[[], Any]]] = []
        self._count = 0
        # Who goes through the schedule, while somebody does: an activity that waits gives the turn back to it.
        self._runner = getcurrent()

    def now(self) -> float:
        """Return the virtual time, epoch seconds."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Wait, inside an activity: others get the turn until the time has come."""
        wakes = self._now + max(0.0, seconds)
        if wakes <= self._until and (not self._due or self._due[0][0] > wakes):
            # Nobody else has anything to do until then: no activity has to change.
            self._now = wakes
            return
        self.at(wakes, getcurrent().switch)
        self._runner.switch()

    def at(self, when: float, do: Callable[[], Any]) -> None:
        """Do something at a time; what is due at the same time is done in the order it was asked for."""
        self._count += 1
        heapq.heappush(self._due, (max(when, self._now), self._count, do))

    def start(self, activity: Callable[[], Any]) -> None:
        """Start an activity now; it may sleep. An exception it raises ends the run, and is raised there."""
        self.at(self._now, lambda: greenlet(activity, self._runner).switch())

    def run(self, until: float = float("inf")) -> None:
        """Go through the schedule until nothing is left to do, or the time has come."""
        self._until = until
        self._runner = getcurrent()
        while self._due and self._due[0][0] <= until:
            self._now, _, do = heapq.heappop(self._due)
            do()

    def stop(self) -> None:
        """Forget what is due: the run is over."""
        self._due.clear()
