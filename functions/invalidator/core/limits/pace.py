"""What CloudFront was seen to accept: how large a request may be and how far apart requests must stand.

The quotas are not published as one truth, and no answer carries a Retry-After [aws-behaviour.md, CloudFront
invalidations], so the worker learns: a refusal halves the request and spaces the calls, and after a long time
without one the worker tries larger requests again.
"""

from dataclasses import dataclass

from invalidator.core.limits.allowance import Allowance

# 0.5 calls a second is what an AWS SDK maintainer reports (aws-sdk-js#3983); it also lets a bucket of
# 150 paths and 1 wildcard a second fill up again between two calls.
GAP_SECONDS = 2.0
# Clocks may be ten minutes off, each its own way: what is further ahead nobody wrote but by hand.
MOST_AHEAD_SECONDS = 1800.0
# A refusal after this many in a row, at one path a request, spaces the calls further.
LONGEST_GAP_SECONDS = 32.0
SHORTEST_GAP_SECONDS = 0.25
# A request of no more than this is rarely refused for its size.
SMALL = Allowance(paths=100, wildcards=1)
# So long after the last refusal, twice as much is tried again.
RELEARN_SECONDS = 600.0
# One plan is cut into at most about this many requests while calls are spaced, so that it is sent in seconds.
REQUESTS_IN_A_PLAN = 3


@dataclass(frozen=True, slots=True)
class Pace:
    """How an account's requests are sized and spaced.

    Attributes:
        paths: the most paths in one request, wildcards included; at least 1.
        wildcards: the most wildcards in one request; at least 1.
        gap: seconds between two requests; 0 while CloudFront takes what comes.
        learned: when this was learned, epoch seconds.
    """

    paths: int
    wildcards: int
    gap: float = 0.0
    learned: float = 0.0


def after_refusal(pace: Pace, paths: int, wildcards: int, now: float, *, too_large: bool) -> Pace:
    """Return the pace after CloudFront refused a request of so many `paths` and `wildcards`.

    Args:
        pace: what was held to until now.
        paths: paths in the refused request.
        wildcards: wildcards in it.
        now: epoch seconds.
        too_large: whether its size can be the cause (TooManyInvalidationsInProgress, BatchTooLarge) and not
            only the rate of calls (Throttling).
    """
    smallest = paths <= 1
    small = paths <= SMALL.paths and wildcards <= SMALL.wildcards
    gap = max(pace.gap, GAP_SECONDS)
    if not too_large or smallest:
        gap = min(gap * 2 if pace.gap else gap, LONGEST_GAP_SECONDS)
    if not too_large or (small and pace.gap == 0):
        # A small request met a rate that earlier ones had used up: calls stand apart before sizes shrink.
        return Pace(pace.paths, pace.wildcards, gap, now)
    fewer = max(1, min(pace.paths, paths) // 2)
    if wildcards > 1:
        fewer = max(fewer, min(pace.paths, SMALL.paths))  # wildcards are the scarcer kind, suspected first
    # One a second is what the guide names, so there is nothing to find between many and one.
    rarer = 1 if wildcards else pace.wildcards
    return Pace(fewer, rarer, gap, now)


def after_success(pace: Pace, ceiling: Allowance, now: float) -> Pace:
    """Return the pace after a request was taken: as before, or wider when the last lesson is long ago."""
    if pace.gap == 0 or now - pace.learned < RELEARN_SECONDS:
        return pace
    wider = Pace(
        min(pace.paths * 2, ceiling.paths), min(pace.wildcards * 2, ceiling.wildcards), pace.gap / 2, now
    )
    if (
        wider.paths == ceiling.paths
        and wider.wildcards == ceiling.wildcards
        and wider.gap < SHORTEST_GAP_SECONDS
    ):
        return unhurried(ceiling)
    return wider


def unhurried(ceiling: Allowance) -> Pace:
    """Return the pace while CloudFront takes what comes."""
    return Pace(ceiling.paths, ceiling.wildcards)


def within_pace(allowance: Allowance, pace: Pace) -> Allowance:
    """Return the allowance of one plan at this pace: all of it, or what a few spaced requests can carry."""
    if pace.gap == 0:
        return allowance
    return Allowance(
        min(allowance.paths, pace.paths * REQUESTS_IN_A_PLAN),
        min(allowance.wildcards, pace.wildcards * REQUESTS_IN_A_PLAN),
    )
