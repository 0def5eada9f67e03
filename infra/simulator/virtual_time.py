"""Virtual time: many activities that read and wait on one clock, none of which really waits.

An activity is ordinary code that calls `clock.sleep`, such as the real worker. Each runs on a thread of its
own, but only one at a time, and only while the schedule has handed it the turn: runs are deterministic.
"""

import heapq
import threading
from collections.abc import Callable
from typing import Any


class VirtualTime:
    """A schedule and its clock. It is a `Clock` for the worker: `now` and `sleep` in virtual seconds."""

    def __init__(self, start: float) -> None:
        self._now = start
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._back = threading.Semaphore(0)
        self._crash: BaseException | None = None

    def now(self) -> float:
        """Return the virtual time, epoch seconds."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Wait, inside an activity: others get the turn until the time has come."""
        turn = threading.Semaphore(0)
        self.at(self._now + max(0.0, seconds), lambda: self._hand_turn(turn))
        self._back.release()
        turn.acquire()

    def at(self, when: float, do: Callable[[], None]) -> None:
        """Do something at a time; what is due at the same time is done in the order it was asked for."""
        self._count += 1
        heapq.heappush(self._due, (max(when, self._now), self._count, do))

    def start(self, activity: Callable[[], Any]) -> None:
        """Start an activity now; it may sleep. An exception it raises ends the run."""
        self.at(self._now, lambda: self._run_activity(activity))

    def run(self, until: float = float("inf")) -> None:
        """Go through the schedule until nothing is left to do, or the time has come."""
        while self._due and self._due[0][0] <= until:
            self._now, _, do = heapq.heappop(self._due)
            do()
            if self._crash is not None:
                raise self._crash

    def _run_activity(self, activity: Callable[[], Any]) -> None:
        def body() -> None:
            try:
                activity()
            except BaseException as error:  # noqa: BLE001  handed to the thread that runs the schedule
                self._crash = error
            finally:
                self._back.release()

        threading.Thread(target=body, daemon=True).start()
        self._back.acquire()

    def _hand_turn(self, turn: threading.Semaphore) -> None:
        turn.release()
        self._back.acquire()
