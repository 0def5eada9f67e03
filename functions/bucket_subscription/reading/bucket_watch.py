"""One bucket as a look found it: the value that the watch's summary, `status` and `check` show."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BucketWatch:
    """Whether a bucket's changes come to the queue as they are wished.

    Attributes:
        bucket: its name.
        road: how it was connected, for people: "parameter Buckets", "bucket connect", "another tool's entry", …;
            several with commas.
        wrong: what keeps changes from coming, plain sentences; empty where nothing does.
        fix: the first command to type, "" where it works.
        unknown: why nobody could look, "" where it was looked at. Then `wrong` is empty.
    """

    bucket: str
    road: str
    wrong: tuple[str, ...] = ()
    fix: str = ""
    unknown: str = ""

    @property
    def state(self) -> str:
        """Return "works", "lost" or "unknown"."""
        if self.unknown:
            return "unknown"
        return "lost" if self.wrong else "works"


def joined(bucket: str, looks: Sequence[BucketWatch]) -> BucketWatch:
    """Return what several roads of one bucket come to: each thing that is wrong once, and the first fix."""
    unknown = next((each.unknown for each in looks if each.unknown), "")
    wrong = () if unknown else tuple(dict.fromkeys(line for each in looks for line in each.wrong))
    return BucketWatch(
        bucket,
        ", ".join(dict.fromkeys(each.road for each in looks)),
        wrong,
        next((each.fix for each in looks if each.fix), ""),
        unknown,
    )


def unread(bucket: str, road: str, why: str) -> BucketWatch:
    """Return a bucket that could not be looked at."""
    return BucketWatch(bucket, road, fix="invalidator check", unknown=why)
