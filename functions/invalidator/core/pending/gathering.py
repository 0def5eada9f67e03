"""What is pending for one target, gathered from its logs: viewer paths, and from some number on their directories.

A target that could not be sent anything for a day may have a million paths pending. They would become a few wildcards
anyway, so beyond `MOST_PATHS` each directory counts as one wildcard: memory and time stay bounded, whatever waits.
"""

from collections.abc import Iterable

from invalidator.core.pending.entry import Times, merged

MOST_PATHS = 30_000


class Gathered:
    """Viewer path → first and newest change; wildcards end in `*`, cache tags begin with `#`.

    Attributes:
        paths: what is pending.
        folded: whether some of the paths stand for their directory.
    """

    def __init__(self) -> None:
        self.paths: dict[str, Times] = {}
        self.folded = False
        self._depth = 0

    def add(self, changed: Iterable[tuple[str, Times]]) -> None:
        """Take in changes of viewer paths."""
        if self.folded:
            changed = ((directory(path, self._depth), times) for path, times in changed)
        merged(self.paths, changed)
        while len(self.paths) > MOST_PATHS:
            self._fold()

    def _fold(self) -> None:
        """Let each path stand for its directory; where those are too many as well, for the one above, and so on."""
        self._depth = self._depth - 1 if self.folded else _deepest(self.paths)
        self.folded = True
        paths, self.paths = self.paths, {}
        merged(self.paths, ((directory(path, self._depth), times) for path, times in paths.items()))


def directory(path: str, most: int) -> str:
    """Return the wildcard of a path's directory, cut to at most so many levels; `/*` for none.

    A cache tag has no directory: it stays, until `/*` stands for everything.
    """
    if path.startswith("#"):
        return path if most > 1 else "/*"
    parts = path.split("/")[:-1]
    return "/".join((*parts[: max(1, most)], "*"))


def _deepest(paths: Iterable[str]) -> int:
    return max((path.count("/") for path in paths if not path.startswith("#")), default=1)
