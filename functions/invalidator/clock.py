"""Real time, for the functions' entries; everything else is told the time."""

import time


class SystemClock:
    """Real time."""

    def now(self) -> float:
        """Return epoch seconds."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
