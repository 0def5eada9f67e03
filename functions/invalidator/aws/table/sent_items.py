"""The items of sent invalidations: written so that version 0.1.0 reads them after a roll-back, and reading its.

| pk | sk | holds |
| --- | --- | --- |
| `sent#ID` | creation time and id | `paths` packed, `answered` (the newest change that each answered) packed, `completed`, `digest`; `work` for 0.1.0 |
| `sent#ID` | the same, `#` and a number | a further part of a large one |

Each part is true by itself: it names paths that were sent then. So a part that is missing costs a path at most.
"""  # noqa: E501  a row of a table

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace

from invalidator.aws.table.dynamodb import DAY, Item, key, number, text
from invalidator.aws.table.packed_values import (
    UNREADABLE,
    digest_at,
    packed,
    packed_bytes,
    unpacked,
    unpacked_bytes,
)
from invalidator.core.sent import Sent

# A dead letter lives for 14 days; what covered its paths is remembered a little longer.
SENT_DAYS = 15
# An item holds 400 KB [aws-behaviour.md, Lambda, SAM, DynamoDB].
MOST_PACKED_BYTES = 300_000
MOST_PATHS = 10_000

_logger = logging.getLogger(__name__)


def sent_partition(target: str) -> str:
    """Return where the invalidations of a target stand."""
    return f"sent#{target}"


def sent_sort_key(created: float, invalidation: str = "") -> str:
    """Return the sort key of an invalidation: its creation in milliseconds; as text it sorts as time."""
    # Rounded: cut off, 0.123 s would be written as 122 ms, read, and written the next time as 121 ms, another item.
    return f"{max(0, round(created * 1000)):015d}#{invalidation}"


def sent_key(sent: Sent) -> Item:
    """Return the key of a sent invalidation."""
    return key(sent_partition(sent.distribution), sent_sort_key(sent.created, sent.id))


def sent_items(sent: Sent) -> list[Item]:
    """Return the items of a sent invalidation: one, or as many parts as keep each below the limit, the first first."""
    first, *others = _parts(sent)
    pk, sk = sent_partition(sent.distribution), sent_sort_key(sent.created, sent.id)
    parts = [sent_key(sent) | first, *(key(pk, f"{sk}#{at}") | each for at, each in enumerate(others, 1))]
    return [part | {"digest": text(_digest(part))} for part in parts]


def read_all_sent(target: str, items: Iterable[Item]) -> Iterator[Sent]:
    """Read a target's invalidations from items that come newest first; parts are put together.

    One, or a part of one, that this version cannot read is left out: its paths are sent again.
    """
    whole: Sent | None = None
    for item in items:
        part = read_sent(target, item)
        if part is None:
            continue
        if whole is None or whole.id != part.id:
            if whole is not None:
                yield whole
            whole = part
            continue
        # Newest first is the last part first; the first part alone is marked as completed.
        whole = replace(
            part,
            paths=part.paths + whole.paths,
            answered=part.answered + whole.answered if part.answered and whole.answered else (),
        )
    if whole is not None:
        yield whole


def read_sent(target: str, item: Item) -> Sent | None:
    """Read an invalidation, or a part of one; None where this version cannot, or somebody edited it."""
    try:
        # Version 0.1.0 wrote none.
        if "digest" in item and item["digest"]["S"] != _digest(item):
            raise ValueError("somebody edited it")
        milliseconds, invalidation, *_ = item["sk"]["S"].split("#")
        content = unpacked_bytes(item["paths"])
        if content.count(b"\n") >= MOST_PATHS:
            raise ValueError(f"no invalidation has more than {MOST_PATHS} paths")
        paths = tuple(content.decode().split("\n"))
        answered = tuple(map(float, unpacked(item["answered"]))) if "answered" in item else ()
        if answered and len(answered) != len(paths):
            raise ValueError(f"it has {len(paths)} paths, and answered {len(answered)}")
        completed = item["completed"]["BOOL"]
        return Sent(target, invalidation, int(milliseconds) / 1000, paths, answered, completed)
    except UNREADABLE as problem:
        _logger.warning(
            "%s %s cannot be read, and covers nothing: %s",
            sent_partition(target),
            item.get("sk", {}).get("S"),
            str(problem) or type(problem).__name__,
        )
        return None


def _digest(item: Item) -> str:
    """Of its target, when it was sent and what it answered: by each, changes count as covered."""
    return digest_at(item, *(item[each]["B"] for each in ("paths", "answered") if each in item))


def _parts(sent: Sent) -> Iterator[Item]:
    item = {
        "paths": packed_bytes("\n".join(sent.paths).encode()),
        "path_count": number(len(sent.paths)),
        "wildcard_count": number(sent.wildcards),
        "work": text(""),
        "completed": {"BOOL": sent.completed},
        "expires": number(int(sent.created) + SENT_DAYS * DAY),
    }
    if sent.answered:
        item["answered"] = packed(list(sent.answered))
    size = len(item["paths"]["B"]) + len(item.get("answered", {}).get("B", b""))
    if size <= MOST_PACKED_BYTES or len(sent.paths) == 1:
        yield item
        return
    middle = len(sent.paths) // 2
    yield from _parts(replace(sent, paths=sent.paths[:middle], answered=sent.answered[:middle]))
    yield from _parts(replace(sent, paths=sent.paths[middle:], answered=sent.answered[middle:]))
