"""What is pending for a target: its logs since what it has settled, routed by today's routing."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from invalidator.core.pending.entry import Entry, Times, bucket_owner, target_owner
from invalidator.core.pending.gathering import Gathered
from invalidator.core.routing.paths.joined_router import JoinedRouter, floors_of
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.routing.target import TargetRoutes
from invalidator.core.target_state import TargetState
from invalidator.logs import read_on
from invalidator.ports import CLOCKS_APART_SECONDS, Log, TargetView


@dataclass(slots=True)
class Pending:
    """What is pending for a target.

    Attributes:
        paths: viewer path → first and newest change, epoch seconds.
        through: log owner → the number up to which it was read.
        entries: how many entries were read.
        folded: whether there were so many paths that some stand for their directory.
        oldest: when the oldest of them was written, epoch seconds by its writer's clock.
        newest: likewise the newest.
        keys: how many changed keys they name.
        unserved: how many of these the target does not serve.
        new: how many of them needed nothing, as there was no such object before.
        doubts: why nobody can tell what changed: all that could have counts as changed.
        examples: some of the keys, for the log.
        routers: those of the target's buckets.
        taken_in: path → from when on it is counted how long it could not be sent, where that is not its first change.
        mended: what the table said and cannot be, in words for people.
    """

    paths: Mapping[str, Times] = field(default_factory=dict)
    through: dict[str, int] = field(default_factory=dict)
    entries: int = 0
    folded: bool = False
    oldest: float = float("inf")
    newest: float = float("-inf")
    keys: int = 0
    unserved: int = 0
    new: int = 0
    doubts: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)
    routers: tuple[Router, ...] = ()
    taken_in: Mapping[str, float] = field(default_factory=dict)
    mended: list[str] = field(default_factory=list)

    def floors(self) -> tuple[str, ...]:
        """How wide wildcards for the target have to be at most: what leads to its buckets."""
        return floors_of(self.routers)


MOST_EXAMPLES = 5


def read_pending(
    log: Log, routes: TargetRoutes, view: TargetView, routing: RoutingSettings, now: float
) -> Pending:
    """Read and route what the target has not settled, as of `now` (epoch seconds). Raises TableUnavailable."""
    state = view.state
    pending = Pending()
    # What is in doubt may have changed just now: nothing sent so far covers it, whatever this worker's clock says.
    doubted = max(now, state.sent + 0.001)
    routers = routers_of(routes, routing)
    pending.routers = tuple(router for joined in routers.values() for router in joined.routers)
    gathered = Gathered(pending.floors())
    if routes.version != state.routing:
        gathered.add((path, (at, at)) for path, at in routes.purge.items())
    own = target_owner(routes.target)
    settled = state.settled.get(own, 0)
    for entry in _entries(log, own, settled, pending) if view.own != settled else ():
        _add(gathered, entry, entry.changed.items(), pending.floors, doubted)
    for bucket, router in routers.items():
        owner = bucket_owner(bucket)
        for entry in _entries(log, owner, start_of(log, owner, routes, state), pending):
            _add(gathered, entry, _routed(entry, router, pending), router.floors, doubted)
    if view.own == settled and not gathered.paths and not pending.entries:
        # Somebody asked for this look: where nothing else is found, its log's head may have been set back.
        for entry in _entries(log, own, settled, pending):
            _add(gathered, entry, entry.changed.items(), pending.floors, doubted)
        if pending.entries and log.catch_up(own):
            pending.mended.append(f"the log of {own}: {settled} was dealt last, and entries stand after it")
    pending.paths, pending.folded, pending.taken_in = gathered.paths, gathered.folded, gathered.taken_in
    return pending


def _add(
    gathered: Gathered,
    entry: Entry,
    changed: Iterable[tuple[str, Times]],
    floors: Callable[[], Iterable[str]],
    doubted: float,
) -> None:
    """Take in an entry's viewer paths; of one in doubt, all that may have changed until then."""
    gathered.add(changed, entry.taken_in)
    if entry.doubt:
        gathered.add((path, (doubted, doubted)) for path in floors())


def routers_of(routes: TargetRoutes, routing: RoutingSettings) -> dict[str, JoinedRouter]:
    """Return for each of a target's buckets what tells the viewer paths of its keys."""
    return {
        bucket: JoinedRouter(
            tuple(
                Router(route, bucket, routing)
                for route in routes.routes
                if any(origin.bucket == bucket for origin in route.origins)
            )
        )
        for bucket in routes.buckets
    }


def start_of(log: Log, owner: str, routes: TargetRoutes, state: TargetState) -> int:
    """The number after which to read on: further back where a change of the routing has not been followed yet."""
    settled = state.settled.get(owner)
    if routes.version == state.routing or routes.reroute_since is None:
        return settled or 0
    back = log.before(owner, routes.reroute_since - CLOCKS_APART_SECONDS)
    return back if settled is None else min(back, settled)


def _entries(log: Log, owner: str, after: int, pending: Pending) -> Iterator[Entry]:
    pending.through[owner] = after
    for number, entry in read_on(log, owner, after, pending.mended):
        pending.through[owner] = number
        if entry is None:
            continue
        pending.entries += 1
        if entry.doubt:
            pending.doubts.append(entry.doubt)
        pending.oldest = min(pending.oldest, entry.written)
        pending.newest = max(pending.newest, entry.written)
        yield entry


def _routed(entry: Entry, router: JoinedRouter, pending: Pending) -> Iterator[tuple[str, Times]]:
    pending.keys += len(entry.changed)
    if len(pending.examples) < MOST_EXAMPLES:
        pending.examples += list(entry.changed)[: MOST_EXAMPLES - len(pending.examples)]
    for key, times in entry.changed.items():
        is_new = key in entry.new
        paths = router.paths_if_new(key) if is_new else router.paths(key)
        for path in paths:
            yield path, times
        if not paths:
            pending.new += is_new
            pending.unserved += not is_new
