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
        self._until = float("inf")
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._back = threading.Semaphore(0)
        self._idle: list[_Thread] = []
        self._crash: BaseException | None = None

    def now(self) -> float:
        """Return the virtual time, epoch seconds."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Wait, inside an activity: others get the turn until the time has come."""
        wakes = self._now + max(0.0, seconds)
        if wakes <= self._until and (not self._due or self._due[0][0] > wakes):
            # Nobody else has anything to do until then: no thread has to change.
            self._now = wakes
            return
        turn = threading.Semaphore(0)
        self.at(wakes, lambda: self._hand_turn(turn))
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
        self._until = until
        while self._due and self._due[0][0] <= until and self._crash is None:
            self._now, _, do = heapq.heappop(self._due)
            do()
        while self._idle:
            self._idle.pop().end()
        if self._crash is not None:
            raise self._crash

    def stop(self) -> None:
        """Forget what is due: the run is over."""
        self._due.clear()

    def _run_activity(self, activity: Callable[[], Any]) -> None:
        thread = self._idle.pop() if self._idle else _Thread(self._ended)
        thread.begin(activity)
        self._back.acquire()

    def _ended(self, thread: "_Thread", crash: BaseException | None) -> None:
        self._crash = crash or self._crash
        self._idle.append(thread)
        self._back.release()

    def _hand_turn(self, turn: threading.Semaphore) -> None:
        turn.release()
        self._back.acquire()


class _Thread:
    """A thread that runs one activity after the other: starting one for each would take most of the time."""

    def __init__(self, ended: Callable[["_Thread", BaseException | None], None]) -> None:
        self._ended = ended
        self._given = threading.Semaphore(0)
        self._activity: Callable[[], Any] | None = None
        threading.Thread(target=self._live, daemon=True).start()

    def begin(self, activity: Callable[[], Any]) -> None:
        self._activity = activity
        self._given.release()

    def end(self) -> None:
        self._activity = None
        self._given.release()

    def _live(self) -> None:
        while True:
            self._given.acquire()
            if self._activity is None:
                return
            crash: BaseException | None = None
            try:
                self._activity()
            except BaseException as error:  # noqa: BLE001  handed to the thread that runs the schedule
                crash = error
            self._ended(self, crash)
