"""What is pending for one target, gathered from its logs: viewer paths, and from some number on their directories.

A target that could not be sent anything for a day may have a million paths pending. They would become a few wildcards
anyway, so beyond `MOST_PATHS` each directory counts as one wildcard: memory and time stay bounded, whatever waits.
"""

from collections.abc import Iterable, Sequence

from invalidator.core.pending.entry import Times, merged

MOST_PATHS = 30_000


class Gathered:
    """Viewer path → first and newest change; wildcards end in `*`, cache tags begin with `#`.

    No directory reaches above the floors: where one would, the floor that a path lies below stands for it.

    Attributes:
        paths: what is pending.
        folded: whether some of the paths stand for their directory.
        taken_in: path → from when on it is counted how long it could not be sent, where that is not its first change.
    """

    def __init__(self, floors: Sequence[str] = ()) -> None:
        self._floors = floors
        self._below: dict[str, list[str]] = {}
        self.paths: dict[str, Times] = {}
        self.folded = False
        self.taken_in: dict[str, float] = {}
        self._depth = 0

    def add(self, changed: Iterable[tuple[str, Times]], taken_in: float = 0.0) -> None:
        """Take in changes of viewer paths; `taken_in` is that of their entry."""
        if self.folded:
            changed = ((self._directory(path), times) for path, times in changed)
        if taken_in or self.taken_in:
            for path, times in changed:
                self._add(path, times, taken_in)
        else:
            merged(self.paths, changed)
        while len(self.paths) > MOST_PATHS and not (self.folded and self._depth <= 1):
            self._fold()

    def _add(self, path: str, times: Times, taken_in: float) -> None:
        """Take in one change where some came late: what is pending of a path counts from the earliest."""
        counts = taken_in or times[0]
        if path in self.paths:
            counts = min(counts, self.taken_in.pop(path, self.paths[path][0]))
        merged(self.paths, ((path, times),))
        if counts > self.paths[path][0]:
            self.taken_in[path] = counts

    def _fold(self) -> None:
        """Let each path stand for its directory; where those are too many as well, for the one above, and so on."""
        self._depth = self._depth - 1 if self.folded else _deepest(self.paths)
        self.folded = True
        self._below = {}
        paths, self.paths = self.paths, {}
        late, self.taken_in = self.taken_in, {}
        for path, times in paths.items():
            self._add(self._directory(path), times, late.get(path, 0.0))

    def _directory(self, path: str) -> str:
        wide = directory(path, self._depth)
        below = self._below.get(wide)
        if below is None:
            below = self._below[wide] = [
                each for each in self._floors if each != wide and each.startswith(wide[:-1])
            ]
        for floor in below:
            if path == floor or (floor.endswith("*") and path.startswith(floor[:-1])):
                return floor
        return wide


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
