"""What a round of the watch came to; the fields are those of the function's JSON answer.

`status` and `check` show it. A bucket's line is what a look found (`bucket_subscription/reading/bucket_watch.py`), and
what was done about it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from bucket_subscription.reading.bucket_watch import BucketWatch


class GapState(StrEnum):
    """Whether the changes that were lost meanwhile are made good."""

    NONE = "none"
    """Nothing was lost that is known of."""
    OPEN = "open"
    """The bucket is still wrong, or nobody could look at it for hours: its gap has no end yet."""
    WAITS = "waits"
    """It ends when the new configuration is in force, five minutes after the repair; then the sweep covers it."""
    COVERED = "covered"
    """All that leads to the bucket was invalidated, once."""


@dataclass(frozen=True, slots=True)
class BucketLine:
    """One bucket of a round.

    Attributes:
        found: how it stood when it was looked at, before any repair.
        repaired: whether it was found wrong, repaired, and then seen right.
        not_repaired: why it was found wrong and not repaired; "" else.
        right: when it was seen right last, epoch seconds; 0 for never.
        since: since when it is wrong, epoch seconds; 0 where it is not.
        losses: how often it was found newly wrong within a day, this time included.
        by: who took it away, as far as that can be told; "" where it cannot.
        gap: whether the gap is made good.
    """

    found: BucketWatch
    repaired: bool = False
    not_repaired: str = ""
    right: float = 0.0
    since: float = 0.0
    losses: int = 0
    by: str = ""
    gap: GapState = GapState.NONE

    @property
    def state(self) -> str:
        """Return "works", "repaired", "lost" or "unknown": how it stands after the round."""
        return "repaired" if self.repaired else self.found.state

    @property
    def alarms(self) -> bool:
        """Whether it raises the alarm: it was found wrong, or was right last so long ago that changes may be lost.

        One that was wrong and cannot be looked at now is still lost; one that was connected just now is not.
        """
        return bool(self.found.wrong) or (bool(self.found.unknown) and self.gap is GapState.OPEN)

    def as_json(self) -> dict[str, Any]:
        """Return the line for the answer."""
        own = {name: value for name, value in asdict(self).items() if name != "found"}
        return {**asdict(self.found), "state": self.state, **own}


@dataclass(frozen=True, slots=True)
class Summary:
    """A round.

    Attributes:
        buckets: a line for each bucket that was ever connected, by name.
        learned: buckets that were seen to be connected though nobody had told so.
        passed_over: buckets for which no time was left; the next round begins with them.
    """

    buckets: Sequence[BucketLine]
    learned: Sequence[str] = ()
    passed_over: Sequence[str] = ()

    @property
    def lost(self) -> Sequence[BucketLine]:
        """The buckets that were found wrong, repaired since or not."""
        return [line for line in self.buckets if line.found.wrong]

    def as_json(self) -> dict[str, Any]:
        """Return the function's answer."""
        return {
            "outcome": "partial" if self.passed_over else "complete",
            "buckets": [line.as_json() for line in self.buckets],
            "lost": sum(line.state == "lost" for line in self.buckets),
            "repaired": sum(line.repaired for line in self.buckets),
            "unknown": sum(line.state == "unknown" for line in self.buckets),
            "learned": list(self.learned),
            "passed_over": list(self.passed_over),
        }
