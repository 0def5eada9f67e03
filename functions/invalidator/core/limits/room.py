"""What is still in progress at CloudFront, and the room it leaves under the quota of paths in progress.

Nobody knows whether an account is under this quota or under the rates [aws-behaviour.md, CloudFront
invalidations]: keeping to it costs little where it is not enforced.
"""

from collections.abc import Iterable

from invalidator.core.limits.allowance import Allowance
from invalidator.core.sent import Sent

QUOTA_IN_PROGRESS = Allowance(paths=3000, wildcards=15)
# Complete in under 25 s at P95 [announcement of 2026-04]. Past this, an invalidation counts as finished; where it
# is not, CloudFront refuses, and the pace is learned from that.
LONGEST_SECONDS = 90.0
# Nothing finishes sooner than this, so nobody needs to ask.
SHORTEST_SECONDS = 5.0
# Kept free for the batches that follow while the first of a bulk upload is still in progress.
RESERVED_WILDCARDS = 3


def in_progress(sent: Iterable[Sent], now: float) -> list[Sent]:
    """Return the invalidations not known to have finished by `now` (epoch seconds), oldest first."""
    running = [each for each in sent if not each.completed and each.created > now - LONGEST_SECONDS]
    return sorted(running, key=lambda each: each.created)


def room(running: Iterable[Sent]) -> Allowance:
    """Return what one distribution can still take beside what is `running`; either part may be 0."""
    paths = wildcards = 0
    for each in running:
        paths += len(each.paths)
        wildcards += each.wildcards
    return Allowance(max(0, QUOTA_IN_PROGRESS.paths - paths), max(0, QUOTA_IN_PROGRESS.wildcards - wildcards))


def fits(paths: int, wildcards: int, free: Allowance) -> bool:
    """Tell whether a plan of so many `paths` and `wildcards` can be in progress beside what already is."""
    return paths <= free.paths and wildcards <= free.wildcards


def within_room(allowance: Allowance, free: Allowance) -> Allowance:
    """Return the allowance of one plan when so much is `free`: at least one path and one wildcard."""
    return Allowance(
        max(1, min(allowance.paths, free.paths)),
        max(1, min(allowance.wildcards, free.wildcards - RESERVED_WILDCARDS)),
    )
