"""A rate with a burst, as a bucket of tokens."""


class TokenBucket:
    """Holds at most `burst` tokens and regains `rate` a second; full at first."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = float("-inf")

    def holds(self, now: float, tokens: float) -> bool:
        """Tell whether so many tokens could be taken now; a tie that floats blur counts as yes."""
        if now > self._at:
            if self._at != float("-inf"):
                self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
            self._at = now
        return tokens <= self._tokens + 1e-9

    def take(self, tokens: float) -> None:
        """Take what `holds` said is there."""
        self._tokens -= tokens
