"""An entry of a log: changed names, and when they changed first and last.

Each owner has a log of its own: a bucket the keys that changed in it, a target the viewer paths that it has to be sent
besides, and one log takes the changes of buckets that nobody knows yet, so that invented names start nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from invalidator.core.pending.heard import Heard

# First and newest change, epoch seconds. A plain tuple: a log may hold a million of them.
Times = tuple[float, float]

UNKNOWN = "unknown"
# Names packed into one entry, in bytes of UTF-8 before packing. Random names hardly compress, and an item holds 400 KB
# [aws-behaviour.md, Lambda, SAM, DynamoDB].
MOST_BYTES = 250_000
# Changes that come so late were dead letters, or waited for a worker that was paused: nobody has tried to send them.
LATE_SECONDS = 900.0
_NOTHING_HEARD: Mapping[str, tuple[Heard, ...]] = {}


def bucket_owner(bucket: str) -> str:
    """Return the owner of a bucket's log."""
    return f"bucket:{bucket}"


def target_owner(target: str) -> str:
    """Return the owner of a target's log."""
    return f"target:{target}"


def memory_owner(bucket: str) -> str:
    """Return the owner of the log of what a remembered bucket's memory has not judged yet."""
    return f"memory:{bucket}"


def memory_of_owner(owner: str) -> str | None:
    """Return the bucket whose memory it is, None where it is none."""
    return owner.removeprefix("memory:") if owner.startswith("memory:") else None


def bucket_of_owner(owner: str) -> str | None:
    """Return the bucket whose log it is, None where it is not a bucket's."""
    return owner.removeprefix("bucket:") if owner.startswith("bucket:") else None


@dataclass(frozen=True, slots=True)
class Entry:
    """What one write to a log says.

    Attributes:
        changed: name → its first and newest change. Names are decoded keys; in a target's log, viewer paths.
        bucket: whose keys they are; "" in a target's log.
        written: when it was written, epoch seconds by the writer's clock, which may be minutes off.
        doubt: why nobody can tell what changed, "" where it is told. Then all that the owner's log can name counts as
            changed. So it is with what this version cannot read, or a bucket may have sent while it was disconnected.
        new: those of the changed keys that the bucket did not hold before. Who does not read this takes them for
            changed.
        heard: in the log of a bucket's memory, what S3 said of each of the changed keys; a key without is in doubt.
        taken_in: when changes that came late were taken in, epoch seconds: they are given up so long after that, not
            after their first; 0 for those that came in time.
    """

    changed: Mapping[str, Times] = field(default_factory=dict)
    bucket: str = ""
    written: float = 0.0
    doubt: str = ""
    new: frozenset[str] = frozenset()
    heard: Mapping[str, tuple[Heard, ...]] = field(default_factory=dict)
    taken_in: float = 0.0


def merged(into: dict[str, Times], changed: Iterable[tuple[str, Times]]) -> None:
    """Add changes to those that are known: of each name the first and the newest count."""
    for name, (first, newest) in changed:
        known = into.get(name)
        if known is None:
            into[name] = (first, newest)
        elif first < known[0] or newest > known[1]:
            into[name] = (min(first, known[0]), max(newest, known[1]))


def entries(
    changed: Mapping[str, Times],
    bucket: str,
    written: float,
    *,
    new: frozenset[str] = frozenset(),
    heard: Mapping[str, tuple[Heard, ...]] = _NOTHING_HEARD,
    taken_in: Mapping[str, float] | None = None,
) -> Iterator[Entry]:
    """Cut changes into entries that fit an item of the table each; `new` and `heard` are those of `Entry`.

    Args:
        changed: name → first and newest change.
        bucket: whose keys they are.
        written: when, epoch seconds.
        new: as above.
        heard: as above.
        taken_in: name → when what came late was taken in; None where that is now.
    """
    if taken_in is None:
        taken_in = {name: written for name, (first, _) in changed.items() if first < written - LATE_SECONDS}
    groups: dict[float, dict[str, Times]] = {}
    if taken_in:
        for name, times in changed.items():
            groups.setdefault(taken_in.get(name, 0.0), {})[name] = times
    for at, group in groups.items() if taken_in else ((0.0, changed),):
        for entry in _cut(group, bucket, written, new, heard):
            yield replace(entry, taken_in=at) if at else entry


def _cut(
    changed: Mapping[str, Times],
    bucket: str,
    written: float,
    new: frozenset[str],
    heard: Mapping[str, tuple[Heard, ...]],
) -> Iterator[Entry]:
    part: dict[str, Times] = {}
    size = 0
    for name, times in changed.items():
        length = len(name) if name.isascii() else len(name.encode("utf-8", "surrogatepass"))
        # ETag, sequencer and version are random hex: half of it is left, packed.
        length += sum(
            len(each.etag) + len(each.sequencer) + len(each.version) for each in heard.get(name, ())
        )
        if part and size + length > MOST_BYTES:
            yield _entry(part, bucket, written, new, heard)
            part, size = {}, 0
        part[name] = times
        # What the times and the punctuation take, packed: about as much as twelve bytes.
        size += length + 12
    if part:
        yield _entry(part, bucket, written, new, heard)


def _entry(
    part: Mapping[str, Times],
    bucket: str,
    written: float,
    new: frozenset[str],
    heard: Mapping[str, tuple[Heard, ...]],
) -> Entry:
    told = {name: heard[name] for name in part if name in heard} if heard else _NOTHING_HEARD
    return Entry(part, bucket, written, new=new.intersection(part) if new else new, heard=told)
