"""How far the memory of one bucket is."""

from dataclasses import dataclass, field, replace

from invalidator.core.remembering.row import COMPLETE_SECONDS, ROUND_SECONDS


@dataclass(frozen=True, slots=True)
class Round:
    """A round through a bucket: list it, ask for the headers of each object, remember them.

    Attributes:
        began: epoch seconds; 0 while none is under way.
        after: the key after which to go on, "" at the begin.
        objects: how many it has passed so far.
        asked: for how many of them S3 was asked.
        basis: what people said of the bucket's keys when it began (`hints`).
    """

    began: float = 0.0
    after: str = ""
    objects: int = 0
    asked: int = 0
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many changed keys of a month were judged how.

    Attributes:
        month: `2026-11`.
    """

    month: str = ""
    unchanged: int = 0
    new: int = 0
    changed: int = 0


@dataclass(frozen=True, slots=True)
class MemoryState:
    """How far a bucket's memory is.

    Attributes:
        epoch: counts the memories; rows of an earlier one are forgotten. 0 before the first.
        through: the number in the bucket's log up to which this memory wrote it, or read what others wrote there.
        round: the round under way.
        complete: when the last complete round began, epoch seconds; 0 for never.
        objects: how many objects that one passed.
        basis: what people said of the bucket's keys then.
        stopped: whether people stopped it: changes are passed on as they come.
        refused: why S3 could not be asked about it lately, "" where it could.
        refused_at: when that was, epoch seconds.
        forgotten: why it forgot everything the last time, or was stopped, for people.
        gap: the gap of the bucket's events after which it has begun anew: when that was due, epoch seconds; 0 for none.
        counts: what was judged this month.
        rev: counts its writings; 0 for what was never written.
    """

    epoch: int = 0
    through: int = 0
    round: Round = Round()
    complete: float = 0.0
    objects: int = 0
    basis: str = ""
    stopped: bool = False
    refused: str = ""
    refused_at: float = 0.0
    forgotten: str = ""
    gap: float = 0.0
    counts: Counts = field(default_factory=Counts)
    rev: int = 0

    def is_complete(self, now: float, basis: str) -> bool:
        """Whether each key that the bucket holds or held has a row."""
        return 0 <= now - self.complete < COMPLETE_SECONDS and self.complete > 0 and self.basis == basis

    def wants_round(self, now: float, basis: str) -> bool:
        """Whether a round is to go on, or to begin."""
        if self.stopped:
            return False
        return bool(self.round.began) or self.basis != basis or not 0 <= now - self.complete < ROUND_SECONDS


def begun_anew(state: MemoryState, through: int, why: str) -> MemoryState:
    """Return the state of a memory that begins anew: no row of before counts any more."""
    return replace(
        state,
        epoch=state.epoch + 1,
        through=through,
        round=Round(),
        complete=0.0,
        objects=0,
        basis="",
        forgotten=why,
    )


def counted(counts: Counts, month: str, more: Counts) -> Counts:
    """Add to what was judged in a month; another month begins at nothing."""
    before = counts if counts.month == month else Counts(month)
    return Counts(
        month, before.unchanged + more.unchanged, before.new + more.new, before.changed + more.changed
    )
