"""What a round of the watch tells others: each bucket that is newly lost, and each that sends again."""

from collections.abc import Iterable, Iterator, Mapping

from bucket_watch.standing import Standing
from bucket_watch.summary import BucketLine
from invalidator.core.announcement import Announcement, lost, repaired


def announced(lines: Iterable[BucketLine], before: Mapping[str, Standing]) -> Iterator[Announcement]:
    """Yield a round's events, by how the buckets stood before it; what stays as it was is not told again."""
    for line in lines:
        found = line.found
        standing = before.get(found.bucket, Standing(found.bucket))
        if found.wrong and not standing.wrong_since:
            yield lost(found.bucket, line.since, found.wrong, found.fix, line.by)
        if line.repaired:
            yield repaired(found.bucket, line.since, found.wrong)
        elif standing.wrong_since and line.state == "works":
            yield repaired(found.bucket, standing.wrong_since, standing.wrong)
