"""What the stack tells others of its work, as events on an EventBridge bus: the schema, version 1. Pure.

    {"source": "cloudfront-invalidator", "detail-type": "Invalidation Created", "detail": {"version": 1, "stack": …, …}}

| detail-type | told when | detail, besides `version` and `stack` |
| --- | --- | --- |
| `Invalidation Created` | CloudFront accepted it | `distribution`, `invalidation`, `created`, `buckets`, `path_count`, `wildcard_count`, `paths` |
| `Invalidation Completed` | it was seen to have completed | `distribution`, `invalidation`, `created`, `path_count`, `wildcard_count`, `paths` |
| `Change Given Up` | a dead letter was written | `distribution` (null where none is known), `buckets`, `reason`, `explanation`, `path_count`, `paths` |
| `Subscription Lost` | a bucket was found not to send | `bucket`, `since`, `wrong`, `fix`, `by` |
| `Subscription Repaired` | it sends again | `bucket`, `since`, `wrong` |

Times are ISO 8601 in UTC. `paths` are the first some; `path_count` counts all. Fields may be added within a version; a
change of what one means is a new version. An event may come twice: `invalidation` tells which are the same.
"""  # noqa: E501  rows of a table

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from invalidator.core.reasons import Reason
from invalidator.core.sent import Sent

VERSION = 1
SOURCE = "cloudfront-invalidator"
CREATED = "Invalidation Created"
COMPLETED = "Invalidation Completed"
GIVEN_UP = "Change Given Up"
LOST = "Subscription Lost"
REPAIRED = "Subscription Repaired"
# An event holds 256 KB [aws-behaviour.md, EventBridge]; a path has 4,000 characters at most.
MOST_PATHS = 50
MOST_BUCKETS = 100


@dataclass(frozen=True, slots=True)
class Announcement:
    """One event.

    Attributes:
        kind: its detail-type.
        detail: what it says, besides the version and the stack; JSON.
    """

    kind: str
    detail: Mapping[str, Any]


def created(sent: Sent, buckets: Sequence[str]) -> Announcement:
    """Return the event of an invalidation that CloudFront accepted."""
    return Announcement(CREATED, {**_invalidation(sent), "buckets": list(buckets[:MOST_BUCKETS])})


def completed(sent: Sent) -> Announcement:
    """Return the event of an invalidation that has completed."""
    return Announcement(COMPLETED, _invalidation(sent))


def given_up(
    distribution: str, buckets: Iterable[str], paths: Sequence[str], reason: Reason, explanation: str
) -> Announcement:
    """Return the event of a dead letter.

    Args:
        distribution: whose paths they are, "" where that is not known.
        buckets: whose changes they are, () where that is not known.
        paths: viewer paths; of changes that nobody could route, none.
        reason: why, by the table of reasons.
        explanation: what AWS said, for a person.
    """
    return Announcement(
        GIVEN_UP,
        {
            "distribution": distribution or None,
            "buckets": list(buckets)[:MOST_BUCKETS],
            "reason": str(reason),
            "explanation": explanation,
            "path_count": len(paths),
            "paths": list(paths[:MOST_PATHS]),
        },
    )


def lost(bucket: str, since: float, wrong: Sequence[str], fix: str, by: str) -> Announcement:
    """Return the event of a bucket that was found not to send.

    Args:
        bucket: its name.
        since: when it was seen first, epoch seconds.
        wrong: what is wrong, a sentence each.
        fix: the first command to type.
        by: who took it away, "" where that cannot be told.
    """
    said = {"bucket": bucket, "since": iso(since), "wrong": list(wrong), "fix": fix, "by": by or None}
    return Announcement(LOST, said)


def repaired(bucket: str, since: float, wrong: Sequence[str]) -> Announcement:
    """Return the event of a bucket that sends again, by the watch's repair or by other hands."""
    return Announcement(REPAIRED, {"bucket": bucket, "since": iso(since), "wrong": list(wrong)})


def _invalidation(sent: Sent) -> dict[str, Any]:
    return {
        "distribution": sent.distribution,
        "invalidation": sent.id,
        "created": iso(sent.created),
        "path_count": len(sent.paths),
        "wildcard_count": sent.wildcards,
        "paths": list(sent.paths[:MOST_PATHS]),
    }


def iso(at: float) -> str:
    """Return a moment (epoch seconds) as events say it: "2026-11-23T12:03:10.000Z"."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
