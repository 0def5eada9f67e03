"""How old the routes may be: the last complete survey tells what CloudFront looked like when it began.

Routes that are late go on serving. What they cannot know is a distribution that is new or was changed since.
"""

# Surveys that may fail or come late before the routes count as late: throttling for a while is no news.
INTERVALS_LATE = 3
# However often they come: one of 20,000 distributions may take some minutes by itself.
LEAST_LATE_SECONDS = 900.0


def routes_age(completed: float, since: float, now: float) -> float:
    """Return the routes' age in seconds.

    Args:
        completed: when the last complete survey began, epoch seconds; 0 for never.
        since: from when on there might have been one, epoch seconds: counts where there was none.
        now: epoch seconds.
    """
    return max(0.0, now - (completed or since))


def late_after(survey_seconds: float) -> float:
    """Return the age in seconds past which routes are late, by the time between two surveys."""
    return max(INTERVALS_LATE * survey_seconds, LEAST_LATE_SECONDS)
