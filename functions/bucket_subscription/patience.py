"""How long to wait for AWS to settle, with time passed in."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Waiting up to a moment.

    Attributes:
        until: the moment, on `now`'s clock, in seconds.
        now: the clock.
        sleep: waits some seconds.
        pause: seconds between two tries.
    """

    until: float
    now: Callable[[], float]
    sleep: Callable[[float], None]
    pause: float = 1.0

    def again(self) -> bool:
        """Wait a pause and return True; return False at once where that would be too late."""
        if self.now() + self.pause > self.until:
            return False
        self.sleep(self.pause)
        return True
