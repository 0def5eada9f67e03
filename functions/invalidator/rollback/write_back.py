"""Writes what is pending in the table back to the changes queue, when the stack goes back to version 0.1.0.

That version keeps what waits on the queue, and would never look for it in the table. What is written are its own
compact messages: keys of a bucket, which it routes itself, or paths of a distribution. What is written too often costs
a path at most, for it remembers what was sent.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from invalidator.core.messages.backlog import KeyBacklog, PathBacklog, bodies
from invalidator.core.pending.entry import (
    UNKNOWN,
    Entry,
    bucket_of_owner,
    bucket_owner,
    memory_of_owner,
    target_owner,
)
from invalidator.failures import UnreadableEntry, UnreadableRoutes
from invalidator.ports import CLOCKS_APART_SECONDS, Log, Targets, TargetView, Wakes

# As many names as make a message or two; the body is cut to what SQS takes.
MOST_NAMES = 20_000
# More of a distribution's buckets 0.1.0 calls a forgery. It looks for their routes, and one is enough.
MOST_BUCKETS = 100
EVERYTHING = "/*"
# 0.1.0 wants a bucket's name with the paths of a distribution; of one that no survey knows there is none.
NO_BUCKET = "unknown"
WHY = "pending when the stack was rolled back to version 0.1.0"


@dataclass(slots=True)
class WrittenBack:
    """What was written.

    Attributes:
        messages: how many messages.
        names: how many keys and paths they name.
        unreadable: what this version could not read of the logs; each distribution that it may concern gets `/*`.
    """

    messages: int = 0
    names: int = 0
    unreadable: list[str] = field(default_factory=list)


class WriteBack:
    """Writes back once. What one try has written, the next one leaves out.

    Args:
        log: the logs.
        wakes: who waits.
        targets: what each has settled.
        send: sends a message's body to the changes queue; raises QueueUnavailable.
    """

    def __init__(self, log: Log, wakes: Wakes, targets: Targets, send: Callable[[str], None]) -> None:
        self._log = log
        self._wakes = wakes
        self._targets = targets
        self._send = send
        self._through: dict[str, int] = {}
        self._everything: set[str] = set()
        self.done = WrittenBack()

    def run(self, now: float) -> None:
        """Write back what is pending at `now` (epoch seconds), and settle it for its targets.

        To be called when no sender and no intake runs any more. Raises TableUnavailable and QueueUnavailable; then it
        is to be called again.
        """
        views = self._views(now)
        starts: dict[str, int] = {}
        for target, view in views.items():
            for owner in _owners(target, view):
                start = self._start(owner, view)
                starts[owner] = min(starts.get(owner, start), start)
        for owner, start in starts.items():
            self._through[owner] = self._write(owner, max(start, self._through.get(owner, 0)), views, now)
        for target, view in views.items():
            self._write_purge(target, view)
            self._settle(target, view)

    def _views(self, now: float) -> dict[str, TargetView]:
        """Return what is known of each target that anything may wait for."""
        names = {wake.name for wake in self._wakes.waiting()}
        targets = {name.removeprefix(target_owner("")) for name in names if name.startswith(target_owner(""))}
        for name in names:
            bucket = bucket_of_owner(name)
            if bucket is not None:
                targets.update(self._targets.of_bucket(bucket))
        # The log of unknown buckets has a state as targets have, and so have those of what no memory has judged yet.
        logs = (*sorted(name for name in names if memory_of_owner(name)), UNKNOWN)
        return {target: view for target in (*sorted(targets), *logs) if (view := self._view(target, now))}

    def _view(self, target: str, now: float) -> TargetView | None:
        try:
            return self._targets.view(target, now)
        except UnreadableRoutes as error:
            # Nobody can say which logs it reads.
            if target not in self._everything:
                self.done.unreadable.append(str(error))
                self._everything.add(target)
                self._send_all(bodies(PathBacklog(target, (NO_BUCKET,), {EVERYTHING: now}, reason=WHY)), 1)
            return None

    def _start(self, owner: str, view: TargetView) -> int:
        """The number after which the target has something to do: further back where it has to route anew."""
        settled = view.state.settled.get(owner, 0)
        if not 0 <= settled <= self._log.newest(owner):
            settled = 0  # edited by hand, or the log's head was
        routes = view.routes
        if routes is None or routes.version == view.state.routing or routes.reroute_since is None:
            return settled
        return min(settled, self._log.before(owner, routes.reroute_since - CLOCKS_APART_SECONDS))

    def _write(self, owner: str, start: int, views: dict[str, TargetView], now: float) -> int:
        through = start
        names: dict[tuple[str, str], float] = {}
        for number, entry in self._read(owner, start, views, now):
            through = number
            bucket = "" if entry is None else entry.bucket
            for name, (_, newest) in () if entry is None else entry.changed.items():
                names[bucket, name] = max(newest, names.get((bucket, name), newest))
            if len(names) >= MOST_NAMES:
                self._send_names(owner, names, views)
                names = {}
        self._send_names(owner, names, views)
        return through

    def _read(
        self, owner: str, after: int, views: dict[str, TargetView], now: float
    ) -> Iterator[tuple[int, Entry | None]]:
        while True:
            try:
                for number, entry in self._log.read(owner, after):
                    after = number
                    yield number, entry
            except UnreadableEntry as error:
                self.done.unreadable.append(str(error))
                remembered = memory_of_owner(owner)
                for target in self._targets.of_bucket(remembered) if remembered else ():
                    backlog = PathBacklog(target, (remembered or NO_BUCKET,), {EVERYTHING: now}, reason=WHY)
                    self._send_all(bodies(backlog), 1)
                for target, view in views.items():
                    if not _is_log(target) and owner in _owners(target, view):
                        self._send_paths(target, view, {EVERYTHING: now})
                after = error.number
                yield after, None
            else:
                return

    def _send_names(
        self, owner: str, names: dict[tuple[str, str], float], views: dict[str, TargetView]
    ) -> None:
        bucket = bucket_of_owner(owner) or memory_of_owner(owner)
        if bucket is None and owner != UNKNOWN:
            target = owner.removeprefix(target_owner(""))
            self._send_paths(target, views[target], {name: at for (_, name), at in names.items()})
            return
        by_bucket: dict[str, dict[str, float]] = {}
        for (named, key), at in names.items():
            by_bucket.setdefault(bucket or named, {})[key] = at
        for each, keys in by_bucket.items():
            self._send_all(bodies(KeyBacklog(each, keys, reason=WHY)), len(keys))

    def _send_paths(self, target: str, view: TargetView, paths: dict[str, float]) -> None:
        tags = [at for path, at in paths.items() if path.startswith("#")]
        if tags:
            # 0.1.0 knows no cache tags, and refuses a message that holds one.
            paths = {path: at for path, at in paths.items() if not path.startswith("#")}
            paths[EVERYTHING] = max(*tags, paths.get(EVERYTHING, 0.0))
        if paths:
            buckets = view.routes.buckets[:MOST_BUCKETS] if view.routes else ()
            backlog = PathBacklog(target, buckets or (NO_BUCKET,), paths, reason=WHY)
            self._send_all(bodies(backlog), len(paths))

    def _send_all(self, messages: Iterable[str], names: int) -> None:
        for body in messages:
            self._send(body)
            self.done.messages += 1
        self.done.names += names

    def _write_purge(self, target: str, view: TargetView) -> None:
        """Content that moved behind unchanged keys: wildcards that no log holds."""
        routes = view.routes
        if routes is not None and routes.version != view.state.routing:
            self._send_paths(target, view, dict(routes.purge))

    def _settle(self, target: str, view: TargetView) -> None:
        """Leave nothing to do: deployed again, this version must not send (or give up) all of it once more."""
        settled = {owner: self._through[owner] for owner in _owners(target, view)}
        state = replace(view.state, settled={**view.state.settled, **settled})
        if view.routes is not None:
            state = replace(state, routing=view.routes.version)
        if state != view.state:
            self._targets.save(target, state)


def _is_log(name: str) -> bool:
    """Whether it is no target, but a log with a state of its own."""
    return name == UNKNOWN or memory_of_owner(name) is not None


def _owners(target: str, view: TargetView) -> list[str]:
    """The logs that a target reads."""
    if _is_log(target):
        return [target]
    buckets = view.routes.buckets if view.routes else ()
    return [target_owner(target), *map(bucket_owner, buckets)]
