"""How long to wait before the next try of what keeps failing: a quarter of the time that it has failed already.

Soon at first, rarer and rarer: some seventy tries in a day, and never more than a quarter late after it ends.
"""

SHARE = 0.25
FIRST_SECONDS = 2.0
LONGEST_SECONDS = 3600.0


def next_try(failing_since: float, now: float) -> float:
    """Return when to try again what has failed since `failing_since`; both epoch seconds."""
    waited = max(0.0, now - failing_since)
    return now + min(max(FIRST_SECONDS, waited * SHARE), LONGEST_SECONDS)
