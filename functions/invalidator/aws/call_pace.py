"""How fast an AWS API is asked that says nothing of its rate: as fast as it answers, and more slowly once it refuses.

CloudFront's rates of List and Get calls are unpublished [aws-behaviour.md, Distributions]. Throttling is a normal
answer: the gap between calls doubles with a lesson, and shrinks while calls are taken. Several threads share one pace.
"""

import threading

from invalidator.ports import Clock

FIRST_GAP_SECONDS = 0.05
LONGEST_GAP_SECONDS = 2.0
# So much of the gap is left after each call that was taken; below the last it counts as none.
SHRINKS_TO = 0.97
SHORTEST_GAP_SECONDS = 0.02
# Calls that were under way together are refused for the same lesson.
LESSON_SECONDS = 1.0


class CallPace:
    """The turns of calls to one API.

    Args:
        clock: tells the time, and waits.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._gap = 0.0
        self._next = self._lesson = float("-inf")

    def wait(self, deadline: float) -> bool:
        """Wait for the next turn; False, at once, where it comes after a deadline (epoch seconds)."""
        with self._lock:
            now = self._clock.now()
            turn = max(now, self._next)
            if turn >= deadline:
                return False
            self._next = turn + self._gap
        if turn > now:
            self._clock.sleep(turn - now)
        return True

    def taken(self) -> None:
        """Note that a call was answered."""
        with self._lock:
            self._gap *= SHRINKS_TO
            if self._gap < SHORTEST_GAP_SECONDS:
                self._gap = 0.0

    def refused(self) -> None:
        """Note that a call was refused for its rate."""
        with self._lock:
            now = self._clock.now()
            if abs(now - self._lesson) >= LESSON_SECONDS:
                self._lesson = now
                self._gap = min(max(self._gap * 2, FIRST_GAP_SECONDS), LONGEST_GAP_SECONDS)
            self._next = max(self._next, now + self._gap)
