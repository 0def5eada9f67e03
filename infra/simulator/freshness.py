"""The books on changed objects, from CloudFront's side: what is stale where, and for how long.

They know nothing of the worker's mapping: a path is decoded and compared with the key, as a viewer would see it.
"""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from invalidator.core.sent import Sent


@dataclass(slots=True)
class _Changes:
    """What changed in a bucket, in the order it did: each change on its own, however often its object changes."""

    paths: list[str] = field(default_factory=list)
    times: "array[float]" = field(default_factory=lambda: array("d"))


@dataclass(slots=True)
class _Seen:
    """How far a distribution is: the changes before `seen` are fresh, but for the `stale` ones."""

    changes: _Changes
    seen: int = 0
    stale: dict[str, list[int]] = field(default_factory=dict)


@dataclass(slots=True)
class Freshness:
    """What is stale, and how long what is fresh was stale.

    Attributes:
        serving: distribution → the bucket it serves.
        untimed: distributions whose times are left out, because CloudFront itself keeps them from being fresh.
        waited_from: what changed before this counts as changed then, epoch seconds: that CloudFront accepted
            nothing until then is nobody's doing.
        delays: for each change that became fresh, how long it was stale, seconds.
        last_fresh: when the last change became fresh.
    """

    serving: Mapping[str, str]
    untimed: frozenset[str] = frozenset()
    waited_from: float = 0.0
    delays: "array[float]" = field(default_factory=lambda: array("d"))
    last_fresh: float = 0.0
    _buckets: dict[str, _Changes] = field(default_factory=dict)
    _distributions: dict[str, _Seen] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for distribution, bucket in self.serving.items():
            changes = self._buckets.setdefault(bucket, _Changes())
            self._distributions[distribution] = _Seen(changes)

    def changed(self, bucket: str, key: str, at: float) -> None:
        """An object changed."""
        changes = self._buckets[bucket]
        changes.paths.append("/" + key)
        changes.times.append(at)

    def invalidated(self, sent: Sent) -> None:
        """An invalidation was created: what it covers, and changed before, is fresh."""
        exact = {unquote(path, errors="surrogateescape") for path in sent.paths if not path.endswith("*")}
        prefixes = tuple(
            unquote(path[:-1], errors="surrogateescape") for path in sent.paths if path.endswith("*")
        )
        mine = self._distributions[sent.distribution]
        covered = [path for path in exact if path in mine.stale]
        if prefixes:
            covered += [path for path in mine.stale if path.startswith(prefixes) and path not in exact]
        timed = sent.distribution not in self.untimed
        for path in covered:
            for number in mine.stale.pop(path):
                self._fresh(mine.changes.times[number], sent.created, timed=timed)
        self._look_on(mine, exact, prefixes, sent.created, timed=timed)

    @property
    def behind(self) -> int:
        """How many objects are stale, quickly: one that changed again since the last invalidation counts again."""
        return sum(
            len(mine.stale) + len(mine.changes.paths) - mine.seen for mine in self._distributions.values()
        )

    def stale(self, distribution: str | None = None) -> int:
        """Return how many objects are stale; each counts once for each distribution."""
        chosen = self._distributions if distribution is None else [distribution]
        count = 0
        for each in chosen:
            mine = self._distributions[each]
            new = set(mine.changes.paths[mine.seen :])
            count += len(mine.stale) + sum(path not in mine.stale for path in new)
        return count

    def oldest(self) -> float | None:
        """Return when the first change was made that is still stale, None for none."""
        times = [
            mine.changes.times[number]
            for name, mine in self._distributions.items()
            if name not in self.untimed
            for number in (*(numbers[0] for numbers in mine.stale.values()), mine.seen)
            if number < len(mine.changes.times)
        ]
        return min(times, default=None)

    def _look_on(
        self, mine: _Seen, exact: set[str], prefixes: Sequence[str], created: float, *, timed: bool
    ) -> None:
        """Go through what changed since the distribution's last invalidation."""
        paths, times = mine.changes.paths, mine.changes.times
        starts = tuple(prefixes)
        while mine.seen < len(paths) and times[mine.seen] <= created:
            path = paths[mine.seen]
            if path in exact or (starts and path.startswith(starts)):
                self._fresh(times[mine.seen], created, timed=timed)
            else:
                mine.stale.setdefault(path, []).append(mine.seen)
            mine.seen += 1

    def _fresh(self, changed: float, created: float, *, timed: bool) -> None:
        if timed:
            self.delays.append(created - max(changed, min(self.waited_from, created)))
        self.last_fresh = created
