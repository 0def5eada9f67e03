"""One location's cache: bounded, the least recently used goes first; emptied by path, by wildcard and by tag."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

# What an entry takes besides its body, its name and its headers: the objects around it.
ENTRY_BYTES = 1_000


class Name(NamedTuple):
    """What an object is cached under.

    Attributes:
        distribution: whose it is; a tenant's are its own.
        path: path and the query string that counts, as an invalidation names them.
        behavior: the pattern of the behavior; two that rewrite to one path do not share an object.
        variant: headers and cookies that count.
    """

    distribution: str
    path: str
    behavior: str
    variant: tuple[str, ...] = ()


@dataclass(slots=True)
class Entry:
    """What is kept; `expires` and `fetched` are epoch seconds."""

    status: int
    headers: Mapping[str, str]
    body: Any
    size: int
    fetched: float
    expires: float
    tags: frozenset[str] = frozenset()


class Cache:
    """The cache. `most_bytes` is what it holds at most."""

    def __init__(self, most_bytes: float = float("inf")) -> None:
        self._most_bytes = most_bytes
        self._entries: OrderedDict[Name, Entry] = OrderedDict()
        self._named: dict[str, dict[str, set[Name]]] = {}
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, name: Name) -> Entry | None:
        """Return what is kept under a name, expired or not."""
        entry = self._entries.get(name)
        if entry is not None:
            self._entries.move_to_end(name)
        return entry

    def put(self, name: Name, entry: Entry) -> None:
        """Keep an entry, and let go of what was not used for longest."""
        self.drop(name)
        size = _bytes(name, entry)
        if size > self._most_bytes:
            return
        self._entries[name] = entry
        self._named.setdefault(name.distribution, {}).setdefault(name.path, set()).add(name)
        self.bytes += size
        while self.bytes > self._most_bytes:
            self.drop(next(iter(self._entries)))

    def drop(self, name: Name) -> None:
        """Let go of an entry."""
        entry = self._entries.pop(name, None)
        if entry is None:
            return
        self.bytes -= _bytes(name, entry)
        paths = self._named[name.distribution]
        paths[name.path].discard(name)
        if not paths[name.path]:
            del paths[name.path]

    def purge(self, distribution: str, items: Iterable[str]) -> list[str]:
        """Remove what an invalidation's items name; return the paths of what was removed.

        Whatever headers and cookies an object was cached by, its path removes it; a query string that counts has to
        be named [invalidation-specifying-objects]. `~` is unsupported: such a path removes nothing.
        """
        paths = self._named.get(distribution, {})
        exact, starts, tags = _sorted(items)
        gone = [path for path in exact if path in paths and "~" not in path and "%7E" not in path]
        if starts:
            gone += [path for path in paths if path.startswith(starts) and path not in exact]
        removed = [name for path in gone for name in paths[path]]
        if tags:
            known = set(removed)
            removed += [
                name
                for name, entry in self._entries.items()
                if name.distribution == distribution and entry.tags & tags and name not in known
            ]
        for name in removed:
            self.drop(name)
        return [name.path for name in removed]


def covers(items: Iterable[str], path: str, tags: frozenset[str]) -> bool:
    """Tell whether an invalidation's items name an object."""
    exact, starts, tagged = _sorted(items)
    named = path in exact and "~" not in path and "%7E" not in path
    return named or path.startswith(starts) or bool(tags & tagged)


def _bytes(name: Name, entry: Entry) -> int:
    """Return what an entry takes; viewers choose names, and may choose long ones."""
    named = len(name.path) + sum(map(len, name.variant))
    return (
        ENTRY_BYTES + entry.size + named + sum(len(key) + len(value) for key, value in entry.headers.items())
    )


def _sorted(items: Iterable[str]) -> tuple[set[str], tuple[str, ...], set[str]]:
    exact, starts, tags = set(), [], set()
    for item in items:
        if item.startswith("#"):
            tags.add(item[1:])
        elif item.endswith("*"):
            starts.append(item[:-1])
        else:
            exact.add(item)
    return exact, tuple(starts), tags
