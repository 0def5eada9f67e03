"""A batch's work, sorted by distribution: which viewer paths each one has to be sent.

Message → change → viewer path: here the messages end, and what follows speaks of paths.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from invalidator.core.bucket_changes import BucketChanges
from invalidator.core.messages.backlog import PathBacklog
from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.viewer_paths import Router


@dataclass(slots=True)
class Work:
    """What one distribution has to be sent.

    Attributes:
        distribution: its routing, and the role to ask it with.
        paths: viewer path → newest change, epoch seconds.
        buckets: the buckets whose changes these are.
        floors: what no wildcard has to reach above: `Router.floors` of these buckets.
        messages: ids of the messages behind it.
        attempts: how often passing errors put part of this back already.
    """

    distribution: Distribution
    paths: dict[str, float] = field(default_factory=dict)
    buckets: set[str] = field(default_factory=set)
    floors: set[str] = field(default_factory=set)
    messages: list[str] = field(default_factory=list)
    attempts: int = 0

    def digest(self) -> str:
        """Identify this work by its content: the same paths for the same changes give the same digest."""
        lines = [f"{path} {at:.3f}" for path, at in sorted(self.paths.items())]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]

    def backlog(self, paths: Mapping[str, float], attempts: int, reason: str) -> PathBacklog:
        """Return the part of this work that is put back or given up."""
        return PathBacklog(self.distribution.id, tuple(sorted(self.buckets)), paths, attempts, reason)


@dataclass(slots=True)
class BatchWork:
    """A batch's work.

    Attributes:
        by_distribution: distribution id → what it has to be sent.
        unserved: bucket → keys that no distribution serves, which need nothing.
        dropped: backlogs, or their paths, that their distribution serves from none of their buckets (any more); they
            need nothing.
    """

    by_distribution: dict[str, Work] = field(default_factory=dict)
    unserved: dict[str, int] = field(default_factory=dict)
    dropped: list[PathBacklog] = field(default_factory=list)


def sort_by_distribution(
    buckets: Mapping[str, BucketChanges],
    backlogs: Sequence[tuple[str, PathBacklog]],
    serving: Mapping[str, Sequence[Distribution]],
    index_documents: tuple[str, ...],
) -> BatchWork:
    """Map keys to viewer paths and gather them by distribution.

    Args:
        buckets: the changes, by bucket; only buckets in `serving` are looked at.
        backlogs: (message id, paths put back earlier).
        serving: bucket → the distributions that serve it.
        index_documents: key names that also answer for their directory.
    """
    result = BatchWork()
    for name, distributions in serving.items():
        bucket = buckets.get(name)
        if bucket is None:
            continue
        served: set[str] = set()
        for distribution in distributions:
            router = Router(distribution, name, index_documents)
            paths = _viewer_paths(router, bucket.keys, served)
            if paths:
                work = result.by_distribution.setdefault(distribution.id, Work(distribution))
                work.floors.update(router.floors())
                _add(work, paths, [name], bucket.messages, bucket.attempts)
        if len(served) < len(bucket.keys):
            result.unserved[name] = len(bucket.keys) - len(served)
    for message, backlog in backlogs:
        found = _find(backlog, serving)
        if found is None:
            result.dropped.append(backlog)
            continue
        leading = _leading(backlog, serving)
        routers = [Router(found, name, index_documents) for name in leading]
        named = _nameable(backlog.paths, routers)
        if len(named) < len(backlog.paths):
            left = {path: at for path, at in backlog.paths.items() if path not in named}
            result.dropped.append(replace(backlog, paths=left))
        if named:
            work = result.by_distribution.setdefault(found.id, Work(found))
            work.floors.update(floor for router in routers for floor in router.floors())
            _add(work, named, leading, [message], backlog.attempts)
    return result


def _nameable(paths: Mapping[str, float], routers: Iterable[Router]) -> Mapping[str, float]:
    """The paths that notifications of a backlog's buckets can lead to: a forged one does no more than these.

    A wildcard may be above several pinned prefixes, as changes below each of them are coalesced to one.
    """
    leading = [router for router in routers if router.leads_here]
    return {
        path: at
        for path, at in paths.items()
        if any(router.could_name(path) for router in leading)
        or sum(router.origins_below(path) for router in leading) > 1
    }


def _viewer_paths(router: Router, keys: Mapping[str, float], served: set[str]) -> dict[str, float]:
    newest: dict[str, float] = {}
    paths_of = router.paths
    for key, at in keys.items():
        paths = paths_of(key)
        if paths:
            served.add(key)
        for path in paths:
            if path not in newest or newest[path] < at:
                newest[path] = at
    return newest


def _add(
    work: Work, paths: Mapping[str, float], buckets: Sequence[str], messages: Sequence[str], attempts: int
) -> None:
    mine = work.paths
    if mine:
        for path, at in paths.items():
            if path not in mine or mine[path] < at:
                mine[path] = at
    else:
        mine.update(paths)
    work.buckets.update(buckets)
    work.messages.extend(messages)
    work.attempts = max(work.attempts, attempts)


def _leading(backlog: PathBacklog, serving: Mapping[str, Sequence[Distribution]]) -> list[str]:
    """The backlog's buckets, without those that are known not to lead to its distribution."""
    return [
        name
        for name in backlog.buckets
        if name not in serving or any(each.id == backlog.distribution for each in serving[name])
    ]


def _find(backlog: PathBacklog, serving: Mapping[str, Sequence[Distribution]]) -> Distribution | None:
    candidates = (each for bucket in backlog.buckets for each in serving.get(bucket, ()))
    return next((each for each in candidates if each.id == backlog.distribution), None)
