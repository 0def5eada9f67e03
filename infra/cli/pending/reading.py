"""What waits for whom, read as the sender reads it, without a word written: for people to look at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from infra.cli.deployed import Deployed
from infra.cli.errors import CommandError
from infra.cli.printing import some, visible
from infra.cli.serving import Serving, find_serving
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.logs import LogTable
from invalidator.core.pending.entry import (
    UNKNOWN,
    Entry,
    Times,
    bucket_of_owner,
    memory_of_owner,
    merged,
    target_owner,
)
from invalidator.core.pending.wakes import Wake
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.routing.target import TargetRoutes
from invalidator.failures import UnreadableEntry
from invalidator.logs import read_on
from invalidator.ports import TargetView
from invalidator.sender.pending import Pending, read_pending

# The count of paths is the last run's: where none has read them yet, nobody knows.
UNREAD = "not yet"


class LogAsItStands(LogTable):
    """The logs, looked at: a number that nothing stands under is not closed. Only who settles may do that."""

    def __init__(self, table: DynamoDbTable) -> None:
        super().__init__(table, lambda: 0.0)

    def close(self, owner: str, number: int) -> Entry | None:  # noqa: ARG002  the port's signature
        """Leave it to whoever settles: its writer may be about to put its entry there."""
        return None


class LogUpTo(LogTable):
    """The logs up to numbers that were shown: of each owner (name → number) as far as that, of all others nothing."""

    def __init__(self, table: DynamoDbTable, now: float, until: Mapping[str, int]) -> None:
        super().__init__(table, lambda: now)
        self._until = until

    def read(self, owner: str, after: int) -> Iterator[tuple[int, Entry | None]]:
        """Yield what stands in a log after a number, and not after what was shown."""
        until = self._until.get(owner, 0)
        try:
            for number, entry in super().read(owner, after):
                if number > until:
                    return
                yield number, entry
        except UnreadableEntry as problem:
            if problem.number <= until:
                raise


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a target.

    Attributes:
        target: its id.
        routes: its routing; without routes where no survey knows it.
        view: what the table holds of it.
        pending: what was read and routed.
    """

    target: str
    routes: TargetRoutes
    view: TargetView
    pending: Pending


def read_target(
    log: LogTable, deployed: Deployed, target: str, routing: RoutingSettings, now: float
) -> Waiting:
    """Read what waits for a target, as of `now` (epoch seconds). Raises TableUnavailable."""
    view = deployed.targets.view(target, now)
    routes = view.routes or TargetRoutes(target, (), view.state.routing, 0.0)
    return Waiting(target, routes, view, read_pending(log, routes, view, routing, now))


@dataclass(slots=True)
class UnknownBuckets:
    """What waits in the log of unknown buckets.

    Attributes:
        settled: the number up to which nothing is left to do.
        through: the number up to which it was read.
        keys: bucket → decoded key → first and newest change, epoch seconds.
        notes: what of it nobody can tell, a line each.
    """

    settled: int
    through: int
    keys: dict[str, dict[str, Times]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def count(self) -> int:
        """How many keys there are."""
        return sum(map(len, self.keys.values()))


def read_unknown(log: LogTable, deployed: Deployed, now: float) -> UnknownBuckets:
    """Read what waits in the log of unknown buckets. Raises TableUnavailable."""
    settled = deployed.targets.view(UNKNOWN, now).state.settled.get(UNKNOWN, 0)
    found = UnknownBuckets(settled, settled)
    for number, entry in read_on(log, UNKNOWN, settled):
        found.through = number
        if entry is not None and entry.changed:
            merged(found.keys.setdefault(entry.bucket, {}), entry.changed.items())
        if entry is not None and entry.doubt:
            where = f" in {entry.bucket}" if entry.bucket else ""
            found.notes.append(f"nobody can tell what changed{where}: {entry.doubt}")
    return found


def waiting_now(deployed: Deployed) -> list[Wake]:
    """Return whom something waits for that is not sent yet, the oldest change first. Raises TableUnavailable."""
    waiting = [wake for wake in deployed.wakes.waiting() if wake.since is not None]
    return sorted(waiting, key=lambda wake: (wake.since or 0.0, wake.name))


def buckets_of(deployed: Deployed, wake: Wake, serving: Serving) -> tuple[str, ...]:
    """Return the buckets that what waits may come from. Raises TableUnavailable."""
    bucket = bucket_of_owner(wake.name) or memory_of_owner(wake.name)
    if bucket is not None:
        return (bucket,)
    if wake.name == UNKNOWN:
        return tuple(sorted(read_unknown(LogAsItStands(deployed.table), deployed, 0.0).keys))
    target = serving.targets.get(wake.name.removeprefix("target:"))
    return () if target is None else target.buckets


def must_wait(deployed: Deployed, name: str) -> str:
    """Return the owner name of a distribution that a person named. Raises CommandError where nobody knows it.

    Raises TableUnavailable too.
    """
    owner = target_owner(name)
    known = deployed.routes.routes_of(name) is not None
    if not known and all(wake.name != owner for wake in waiting_now(deployed)):
        served = sorted({each.id for each in find_serving(deployed).of_bucket(name)})
        if served:
            raise CommandError(
                f"{visible(name)} is a bucket: name a distribution that serves it: {some(served)}"
            )
        raise CommandError(
            f"nothing waits for {visible(name)}, and no survey knows it; see: invalidator pending list"
        )
    return owner
