"""Virtual time: many activities that read and wait on one clock, none of which really waits.

An activity is ordinary code that calls `clock.sleep`, such as the real worker. Each runs on a thread of its
own, but only one at a time, and only while it has the turn: runs are deterministic.

Whoever has the turn and begins to wait goes through the schedule itself, up to the one whose turn is next, and hands
it over: a change of threads takes longer than what most activities do between two of them.
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
        self._due: list[tuple[float, int, Callable[[], None] | threading.Lock]] = []
        self._count = 0
        self._over = _turn()
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
        turn = _turn()
        self._plan(wakes, turn)
        self._go_on(turn)

    def at(self, when: float, do: Callable[[], None]) -> None:
        """Do something at a time; what is due at the same time is done in the order it was asked for."""
        self._plan(when, do)

    def start(self, activity: Callable[[], Any]) -> None:
        """Start an activity now; it may sleep. An exception it raises ends the run."""
        thread = self._idle.pop() if self._idle else _Thread(self._ended)
        thread.activity = activity
        self._plan(self._now, thread.turn)

    def run(self, until: float = float("inf")) -> None:
        """Go through the schedule until nothing is left to do, or the time has come."""
        self._until = until
        self._go_on(self._over)
        while self._idle:
            self._idle.pop().end()
        if self._crash is not None:
            raise self._crash

    def stop(self) -> None:
        """Forget what is due: the run is over."""
        self._due.clear()

    def _plan(self, when: float, what: "Callable[[], None] | threading.Lock") -> None:
        self._count += 1
        heapq.heappush(self._due, (max(when, self._now), self._count, what))

    def _go_on(self, mine: threading.Lock) -> None:
        """Do what is due until it is somebody's turn, and wait for mine."""
        turn = self._over
        while self._crash is None and self._due and self._due[0][0] <= self._until:
            self._now, _, what = heapq.heappop(self._due)
            if not callable(what):
                turn = what
                break
            try:
                what()
            except BaseException as error:  # noqa: BLE001  raised where the run was asked for
                self._crash = error
        turn.release()
        mine.acquire()

    def _ended(self, thread: "_Thread", crash: BaseException | None) -> None:
        self._crash = crash or self._crash
        self._idle.append(thread)
        self._go_on(thread.turn)


class _Thread:
    """A thread that runs one activity after the other: starting one for each would take most of the time."""

    def __init__(self, ended: Callable[["_Thread", BaseException | None], None]) -> None:
        self.turn = _turn()
        self.activity: Callable[[], Any] | None = None
        self._ended = ended
        threading.Thread(target=self._live, daemon=True).start()

    def end(self) -> None:
        self.activity = None
        self.turn.release()

    def _live(self) -> None:
        self.turn.acquire()
        while self.activity is not None:
            crash: BaseException | None = None
            try:
                self.activity()
            except BaseException as error:  # noqa: BLE001  raised where the run was asked for
                crash = error
            self._ended(self, crash)


def _turn() -> threading.Lock:
    """A turn that nobody has been given yet."""
    turn = threading.Lock()
    turn.acquire()
    return turn
