"""Did anything change for viewers? Judged by what is remembered of a key, what S3 says happened, and what stands there.

The invariant that all of this keeps. A row that says `SEEN` stands for an object whose every need is accepted by
CloudFront, durably pending, or none: whatever else viewers may hold of the key comes from a write whose own event is
still to be judged. So an event that leads back to what the row says needs nothing *for itself*, and each write that led
away from it is judged by its own event, whenever that comes.

That holds only while it is sure that S3 was asked about this event's own write and no other: events tell bytes but not
headers, S3's times are cut off to seconds, and a second write may have come before S3 was asked. Where that is not
sure, it is a change. When in doubt, invalidate.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from invalidator.core.pending.entry import Times
from invalidator.core.pending.heard import Heard, follows
from invalidator.core.remembering.head import Absent, Seen, same_for_viewers
from invalidator.core.remembering.row import Kind, Row


class Verdict(StrEnum):
    """What became of a key."""

    UNCHANGED = "unchanged"
    """Viewers get what they got before: nothing is sent."""
    NEW = "new"
    """The bucket did not hold it before: only what an answer "not found" left in caches needs anything."""
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict on one key.

    Attributes:
        verdict: what became of it.
        times: first and newest change that is pending for it, epoch seconds by S3's clock.
        row: what is to be remembered of it from now on; `rev` is still to be set.
    """

    verdict: Verdict
    times: Times
    row: Row


def judge(
    times: Times, heard: Sequence[Heard], row: Row | None, head: Seen | Absent | None, *, complete: bool
) -> Judgement:
    """Judge what was heard of one key.

    Args:
        times: its first and newest change, as the log has them, epoch seconds by S3's clock.
        heard: what S3 said of them; () where nobody knows what happened.
        row: what is remembered of it, None for nothing.
        head: what stands there, asked for after all of this was heard; None where S3 could not be asked.
        complete: whether each key that the bucket held has a row.
    """
    events = {each.identity: each for each in heard}
    newest = _newest(row, events.values())
    first, last = times
    if head is None:
        return Judgement(Verdict.CHANGED, times, replace(newest, kind=Kind.UNKNOWN, seen=None, since=0.0))
    # Pending as of S3's answer: an invalidation older than that says nothing of what was seen, though it may be younger
    # than a late event.
    since_seen = (first, max(last, float(head.date)))
    verdict = Verdict.CHANGED
    if isinstance(head, Seen) and len(events) == 1 and heard:
        verdict = _judge(next(iter(events.values())), row, head, complete=complete)
    if verdict is not Verdict.UNCHANGED:
        row = _stands(newest, head, pending=verdict is Verdict.CHANGED)
        return Judgement(verdict, since_seen, replace(row, unchanged=0.0))
    since = row.since if row is not None else 0.0
    return Judgement(
        verdict, times, replace(_stands(newest, head, pending=False), since=since, unchanged=last)
    )


def as_found(row: Row | None, head: Seen | Absent | None, at: float) -> Row | None:
    """Return the row of a key that a round through the bucket found; None where it is gone meanwhile.

    No event led here: one that is still under way is judged as a change when it comes, for it is of a write that the
    round has seen.

    Args:
        row: what is remembered of it, None for nothing; nothing that is sure.
        head: what stands there, None where S3 could not be asked.
        at: now, epoch seconds.
    """
    if isinstance(head, Absent):
        return None
    before = row or Row(Kind.UNKNOWN, at=at)
    if head is None:
        return before
    return _stands(replace(before, at=max(before.at, float(head.date)) if row else float(head.date)), head)


def _judge(event: Heard, row: Row | None, head: Seen, *, complete: bool) -> Verdict:
    """Judge the one event of a key."""
    mine = bool(event.version) and event.version == head.version
    if not _shows(head, event, mine=mine):
        return Verdict.CHANGED
    if row is None:
        return Verdict.NEW if complete else Verdict.CHANGED
    if row.kind in (Kind.UNKNOWN, Kind.OWED) or not (_repeats(event, row) or _follows(event, row)):
        return Verdict.CHANGED
    if row.seen is None:
        return Verdict.NEW
    sure = _tells(head, row.seen, mine=mine, repeated=_repeats(event, row))
    return Verdict.UNCHANGED if sure and same_for_viewers(head, row.seen) else Verdict.CHANGED


def _shows(head: Seen, event: Heard, *, mine: bool) -> bool:
    """Whether S3 may have shown what this event's own write made, and not what a later one did."""
    if event.removed or not event.etag or event.etag != head.etag or head.archived:
        return False
    return mine or (not head.version and head.modified <= event.at)


def _tells(head: Seen, seen: Seen, *, mine: bool, repeated: bool) -> bool:
    """Whether what stands there tells that no other write came in between: by its version, else by its time.

    The time of an object in parts is when its upload began. And a write that S3 showed before was shown then under
    another event, or under none: a round, which nobody's need is pending for.
    """
    if mine:
        return repeated or head.version != seen.version
    return not head.multipart and (repeated or head.modified != seen.modified)


def _repeats(event: Heard, row: Row) -> bool:
    """Whether it is the event that the row was written for, delivered again."""
    if row.sequencer or event.sequencer:
        return row.sequencer == event.sequencer
    return row.at == event.at


def _follows(event: Heard, row: Row) -> bool:
    """Whether it is surely younger than all that was judged before."""
    told = follows(event.sequencer, row.sequencer)
    return event.at > row.at if told is None else told


def _newest(row: Row | None, events: Iterable[Heard]) -> Row:
    """A row that holds the newest event, of the row so far and of these."""
    newest = Row(Kind.UNKNOWN) if row is None else replace(row, rev="")
    for each in events:
        if newest.at == 0.0 or _follows(each, newest):
            newest = replace(newest, sequencer=each.sequencer, at=each.at)
    return newest


def _stands(row: Row, head: Seen | Absent, *, pending: bool = True) -> Row:
    """The row for what stands there, whose need is pending as of S3's answer, or is none."""
    if isinstance(head, Absent):
        return replace(row, kind=Kind.ABSENT, seen=None, since=0.0)
    if head.archived or (pending and not head.settled):
        return replace(row, kind=Kind.UNKNOWN, seen=None, since=0.0)
    return replace(row, kind=Kind.SEEN, seen=head, since=float(head.date))
