"""What was given up is forgotten: an object whose invalidation never went out heals with its next upload."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from invalidator.continuity import forget_keys
from invalidator.core.pending.entry import bucket_owner
from invalidator.core.remembering.memory_state import begun_anew
from invalidator.core.remembering.row import Kind
from invalidator.core.routing.paths.joined_router import JoinedRouter
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.routing.target import TargetRoutes
from invalidator.core.target_state import TargetState
from invalidator.failures import TableUnavailable
from invalidator.logs import read_on
from invalidator.ports import Log, Memory
from invalidator.sender.pending import routers_of, start_of

# Others may be at the memory too: so often it is tried again.
MOST_TRIES = 5


def _one_of_a_kind() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Lets memories forget.

    Attributes:
        log: the logs, where the keys stand whose paths were given up.
        memory: what is remembered.
        remembered: the buckets that are (setting RememberedBuckets).
        routing: the operator's settings by which keys become viewer paths.
        name: names each writing.
    """

    log: Log
    memory: Memory
    remembered: frozenset[str]
    routing: RoutingSettings
    name: Callable[[], str] = _one_of_a_kind

    def forget(self, routes: TargetRoutes, state: TargetState, paths: Iterable[str]) -> None:
        """Forget the keys of a target behind viewer paths that are given up, or dropped.

        Where a path is none of a key that is pending (a wildcard of a routing change, paths of a dead letter that was
        redriven), nobody knows whose it is: the memories of the target's buckets are stopped, and say why.

        Args:
            routes: the target's routing.
            state: what the target had settled before.
            paths: viewer paths; wildcards end in `*`.

        Raises TableUnavailable.
        """
        given_up = set(paths)
        buckets = [bucket for bucket in routes.buckets if bucket in self.remembered]
        if not given_up or not buckets:
            return
        routers = routers_of(routes, self.routing)
        behind: dict[str, set[str]] = {}
        left = set(given_up)
        for bucket in routes.buckets:
            start = start_of(self.log, bucket_owner(bucket), routes, state)
            behind[bucket] = self._keys_behind(bucket, start, routers[bucket], given_up, left)
        for bucket in buckets:
            if left:
                self.stop(bucket, f"{min(left)} was given up, and nobody knows which keys are behind it")
            else:
                self._forget_keys(bucket, behind[bucket])

    def stop(self, bucket: str, why: str) -> None:
        """Forget all of a bucket, and remember nothing until somebody starts it again. Raises TableUnavailable."""
        for _ in range(MOST_TRIES):
            state = self.memory.state(bucket)
            stopped = begun_anew(state, state.through, why)
            if self.memory.save(bucket, replace(stopped, stopped=True)):
                return
        raise TableUnavailable(
            f"the memory of {bucket} was changed {MOST_TRIES} times while it was to be stopped"
        )

    def _keys_behind(
        self, bucket: str, start: int, router: JoinedRouter, given_up: set[str], left: set[str]
    ) -> set[str]:
        """The bucket's keys that are pending and have one of the paths; what they explain is taken from `left`."""
        prefixes = {path[:-1]: path for path in given_up if path.endswith("*")}
        starts = tuple(prefixes)
        found: set[str] = set()
        for _, entry in read_on(self.log, bucket_owner(bucket), start):
            for key in () if entry is None else entry.changed:
                for path in router.paths(key):
                    if path in given_up:
                        found.add(key)
                        left.discard(path)
                    elif starts and path.startswith(starts):
                        found.add(key)
                        left -= {prefixes[each] for each in starts if path.startswith(each)}
        return found

    def _forget_keys(self, bucket: str, keys: set[str]) -> None:
        for _ in range(MOST_TRIES):
            state = self.memory.state(bucket)
            if forget_keys(self.memory, bucket, state, keys, Kind.OWED, rev=self.name()):
                return
        self.stop(bucket, "an invalidation was given up while others wrote what is remembered")
