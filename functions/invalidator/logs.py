"""Writing to a log and reading on in it, over any table: the order that its readers and writers keep.

A writer is dealt a number, then puts its entry under it. One that dies in between leaves a gap. A reader does not wait
for it: it closes the number. A writer who comes late finds it closed, and is dealt another. So a reader that has read
on to a number has seen all that will ever stand up to it.
"""

from collections.abc import Iterator

from invalidator.core.pending.entry import Entry
from invalidator.failures import TableUnavailable, UnreadableEntry, UnreadableHead
from invalidator.ports import MOST_IN_FLIGHT, Dealt, Log

# A number is closed under a writer only when a reader passes in the milliseconds between its two calls.
MOST_NUMBERS = 20
# After so many it is rather the log's head that was set back: each number it deals is taken.
MANY_NUMBERS = 3


def append(log: Log, owner: str, entry: Entry) -> Dealt | None:
    """Write an entry to an owner's log; None for a bucket that is not known. Raises TableUnavailable."""
    for tried in range(1, MOST_NUMBERS + 1):
        dealt = log.deal(owner)
        if dealt is None or log.put(owner, dealt.number, entry):
            return dealt
        if tried == MANY_NUMBERS:
            log.catch_up(owner)
    raise TableUnavailable(f"log {owner}: readers closed {MOST_NUMBERS} numbers in a row")


def read_on(
    log: Log, owner: str, after: int, mended: list[str] | None = None
) -> Iterator[tuple[int, Entry | None]]:
    """Yield the entries of a log after a number, each number once and in order; None for a closed one.

    One that this version cannot read comes as an entry in doubt. A number that the log never dealt, since somebody
    edited it or the log's head, settles nothing: then 0 is yielded, and all that stands. Raises TableUnavailable.

    Args:
        log: the logs.
        owner: whose.
        after: the number.
        mended: is told of such a number, in words for people.
    """
    if after < 0:
        yield from _all_of(log, owner, f"{after} is no number", mended)
        return
    read = after
    while True:
        try:
            for number, entry in log.read(owner, read):
                yield from _close_up(log, owner, read, number)
                read = number
                yield number, entry
        except UnreadableEntry as problem:
            yield from _close_up(log, owner, read, problem.number)
            read = problem.number
            yield read, Entry(doubt=str(problem))
        else:
            break
    if read == after > 0:
        # Asked only where nothing was found: whatever stands behind a number was dealt after it.
        try:
            head = log.newest(owner)
        except UnreadableHead as problem:
            if mended is not None:
                mended.append(str(problem))
            return
        if head < after:
            yield from _all_of(log, owner, f"{after} is settled, and {head} was dealt last", mended)


def _all_of(log: Log, owner: str, why: str, mended: list[str] | None) -> Iterator[tuple[int, Entry | None]]:
    if mended is not None:
        mended.append(f"the log of {owner}: {why}: it is read from its beginning")
    yield 0, None
    yield from read_on(log, owner, 0)


def _close_up(log: Log, owner: str, read: int, number: int) -> Iterator[tuple[int, Entry | None]]:
    """Close the numbers in between: their writers are between two calls, or died there; a long gap has expired."""
    for missing in range(max(read + 1, number - MOST_IN_FLIGHT), number):
        yield missing, log.close(owner, missing)
