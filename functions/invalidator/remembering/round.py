"""A round through a bucket: lists it, asks for the headers of what is not remembered, and remembers them.

Page by page, each one kept: a round that is cut short goes on where it was. What changes meanwhile wins, for a row is
written only in the place of the one that was read.
"""

from dataclasses import dataclass, replace

from invalidator.core.remembering.head import Absent, Seen
from invalidator.core.remembering.hints import Hints
from invalidator.core.remembering.judging import as_found
from invalidator.core.remembering.memory_state import MemoryState, Round
from invalidator.core.remembering.row import Kind, Row
from invalidator.failures import Failure
from invalidator.ports import Memory, Objects


@dataclass(frozen=True, slots=True)
class Page:
    """What a page of a round came to.

    Attributes:
        state: how far the memory is then; not written yet.
        passed: objects that it passed.
        refused: why S3 could not be asked, "" where it could. Then the round is where it was.
    """

    state: MemoryState
    passed: int = 0
    refused: str = ""


def one_page(
    memory: Memory, objects: Objects, bucket: str, state: MemoryState, hints: Hints, *, now: float, rev: str
) -> Page:
    """Go on with a round, or begin one, by a page. Raises TableUnavailable.

    Args:
        memory: what is remembered.
        objects: the bucket's objects.
        bucket: its name.
        state: how far its memory is.
        hints: what people say of its keys.
        now: epoch seconds.
        rev: of the rows that it writes.
    """
    under_way = state.round
    if not under_way.began or under_way.basis != hints.basis:
        under_way = Round(began=now, basis=hints.basis)
    try:
        listed, more = objects.page(bucket, under_way.after)
    except Failure as failure:
        return _refused(state, f"the bucket cannot be listed: {failure}", now)
    keys = [key for key in listed if not hints.passes_over(bucket, key)]
    rows = memory.rows(bucket, state.epoch, keys)
    unsure = [key for key in keys if key not in rows or rows[key].kind is Kind.UNKNOWN]
    found: dict[str, Seen | Absent | None] = {}
    refusals: list[Failure] = []
    for key, answer in objects.heads(bucket, unsure):
        if isinstance(answer, Failure):
            refusals.append(answer)
        found[key] = None if isinstance(answer, Failure) else answer
    if refusals and len(refusals) == len(unsure):
        return _refused(state, f"its objects' headers cannot be read: {refusals[0]}", now)
    memory.store(bucket, state.epoch, _written(keys, rows, found, now, rev))
    under_way = replace(
        under_way,
        after=listed[-1] if listed else under_way.after,
        objects=under_way.objects + len(keys),
        asked=under_way.asked + len(unsure),
    )
    state = replace(state, round=under_way, refused="", refused_at=0.0)
    if not (more and listed):
        state = replace(
            state, round=Round(), complete=under_way.began, objects=under_way.objects, basis=under_way.basis
        )
    return Page(state, len(keys))


def _refused(state: MemoryState, why: str, now: float) -> Page:
    return Page(replace(state, refused=why, refused_at=now), refused=why)


def _written(
    keys: list[str], rows: dict[str, Row], found: dict[str, Seen | Absent | None], now: float, rev: str
) -> dict[str, tuple[Row, str]]:
    """What is to be written: what was found, and what is known already, so that it lives on."""
    written: dict[str, tuple[Row, str]] = {}
    for key in keys:
        known = rows.get(key)
        row = as_found(known, found[key], now) if key in found else known
        if row is not None:
            written[key] = replace(row, rev=rev), "" if known is None else known.rev
    return written
