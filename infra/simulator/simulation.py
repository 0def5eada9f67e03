"""A simulated site: the real worker, in virtual time, against a CloudFront that enforces the quotas."""

import functools
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from infra.local.cloudfront.quotas import QuotaSettings, Regime
from infra.simulator.aws.cloudfront import SimulatedCloudFront, Trouble
from infra.simulator.aws.function import EventSource, SimulatedFunction
from infra.simulator.aws.prices import Used
from infra.simulator.aws.sqs import SimulatedQueue
from infra.simulator.aws.table import InMemoryTable
from infra.simulator.freshness import Freshness
from infra.simulator.remembered import Remembered
from infra.simulator.result import Moment, Result, percentile
from infra.simulator.traffic import Traffic, Write
from infra.simulator.virtual_time import VirtualTime
from infra.simulator.worker import Done, SimulatedQueues, SimulatedWorker
from invalidator.core.limits.account import OWN_ACCOUNT, Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.budget import cost_usd
from invalidator.core.pending.wakes import Gathering
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.target import TargetRoutes
from invalidator.core.sent import Sent
from invalidator.core.target_state import TargetState

# The middle of a month, when half of the budget is earned.
START = datetime(2026, 11, 16, tzinfo=UTC).timestamp()
SWEEP_SECONDS = 60.0
GATHERING = Gathering()
ROUTING_VERSION = "1"
# A simulated site's settings that are the template's own defaults; a test compares them.
CEILING = Allowance(1000, 15)
# A chart gets at most this many points.
MOMENTS = 400


@dataclass(frozen=True, slots=True)
class Site:
    """What is simulated, apart from what is written.

    Attributes:
        distributions: so many; each has a bucket of its own, unless `shared`.
        shared: whether all distributions serve one bucket.
        gathering: QuietSeconds and GatherSeconds.
        monthly_budget: paths a month; 0 is no budget.
        spent: paths that the month has cost before.
        give_up_seconds: GiveUpHours.
        regime: the quotas that CloudFront enforces.
        error_rate: the part of CloudFront's answers that are 5xx.
        troubles: what is wrong with CloudFront, times in seconds since the start.
        untimed: numbers of the distributions whose waiting times are left out, as CloudFront itself makes them wait.
        accepts_again: what changed before this counts as changed then, seconds since the start.
        warm: whether environments are warm at the start.
        garbage: when a message arrives that nobody can read, seconds since the start.
        pages: so many stand in the first distribution's bucket before anything is written, and edges hold them.
        remembered: whether that bucket is one of RememberedBuckets, its memory complete.
        seed: decides every chance.
    """

    distributions: int = 1
    shared: bool = False
    gathering: Gathering = GATHERING
    monthly_budget: int = 1000
    spent: int = 0
    give_up_seconds: float = 86_400.0
    regime: Regime = Regime.BOTH
    error_rate: float = 0.0
    troubles: tuple[Trouble, ...] = ()
    untimed: frozenset[int] = frozenset()
    accepts_again: float = 0.0
    warm: bool = False
    garbage: tuple[float, ...] = ()
    pages: int = 0
    remembered: bool = False
    seed: int = 0

    def bucket(self, number: int) -> str:
        """Return the name of a distribution's bucket, by the distribution's number."""
        return "shared-bucket" if self.shared else f"bucket-{number:04d}"

    def standing(self) -> list[str]:
        """Return the keys of the pages that stand there before."""
        width = len(str(self.pages))
        return [f"docs/part-{each % 40:02d}/page-{each:0{width}d}.html" for each in range(self.pages)]


def distribution_id(number: int) -> str:
    """Return the id of a distribution, by its number."""
    return f"E{number:04d}SIMULATED"


def plain_distribution(identity: str, bucket: str) -> Distribution:
    """Return a distribution that serves all of a bucket."""
    return Distribution(
        id=identity,
        origins=(Origin("s3", f"{bucket}.s3.us-east-1.amazonaws.com", bucket),),
        behaviors=(Behavior("*", ("s3",), errors_kept=1),),
    )


@dataclass(slots=True)
class _World:
    """Everything that a site's simulation is made of."""

    site: Site
    time: VirtualTime
    table: InMemoryTable
    function: SimulatedFunction
    sweeper: SimulatedFunction
    queues: SimulatedQueues
    cloudfront: SimulatedCloudFront
    freshness: Freshness
    remembering: Remembered
    sources: list[EventSource] = field(default_factory=list)


class Beside(Protocol):
    """Who looks on beside the worker, such as viewers."""

    def changed(self, write: Write) -> None:
        """An object was written."""

    def invalidated(self, sent: Sent) -> None:
        """An invalidation was created."""


def simulate(
    site: Site,
    writes: Iterable[Write],
    progress: Callable[[int], None] = lambda _: None,
    observe: Callable[[Done, SimulatedQueues], None] = lambda *_: None,
    beside: Callable[[VirtualTime], Beside] | None = None,
) -> Result:
    """Write objects, and go on until nothing waits any more.

    Args:
        site: what they are written to.
        writes: in order of time; epoch seconds, from `START` on.
        progress: told how many objects were written so far.
        observe: called with what each run of the worker did.
        beside: makes somebody who looks on.
    """
    world = _build(site)
    onlooker = None if beside is None else beside(world.time)

    def created(sent: Sent) -> None:
        world.freshness.invalidated(sent)
        if onlooker is not None:
            onlooker.invalidated(sent)

    def written(write: Write) -> None:
        _written(world, write)
        if onlooker is not None:
            onlooker.changed(write)

    world.cloudfront.on_created = created
    chance = random.Random(site.seed)
    worker = SimulatedWorker(
        world.table,
        world.cloudfront,
        world.queues,
        limits=Limits(CEILING, site.monthly_budget, give_up_seconds=site.give_up_seconds),
        gathering=site.gathering,
        observe=observe,
        remembered=world.remembering,
    )
    for at in site.garbage:
        world.time.at(START + at, lambda: world.queues.changes.send("a message that is no notification"))
    world.sources += [
        EventSource(world.time, world.queues.changes, world.function, worker.take_in, chance),
        EventSource(world.time, world.queues.wakes, world.function, worker.look, chance, batch_size=1),
    ]
    if site.remembered:
        remember = world.remembering
        world.sources.append(
            EventSource(world.time, remember.wakes, remember.function, worker.judge, chance, batch_size=1)
        )
    traffic = Traffic(
        world.time,
        writes,
        chance,
        written,
        world.queues.changes.send,
    )
    watching = _Watching(world, traffic, progress)
    sweeping = _Sweeping(world, worker)
    world.time.at(START + chance.random() * SWEEP_SECONDS, sweeping.begin)
    watching.look()
    world.time.run()
    return _summed_up(world, traffic, watching.moments)


def _written(world: _World, write: Write) -> None:
    """An object is written. Of a site that stands already, only what edges hold and is other now is stale."""
    before = world.remembering.objects.write(write.key, write.etag, write.at)
    if not world.site.pages or before not in ("", write.etag):
        world.freshness.changed(write.bucket, write.key, write.at)


def _build(site: Site) -> _World:
    time = VirtualTime(START)
    table = InMemoryTable(time.now)
    serving = {distribution_id(number): site.bucket(number) for number in range(site.distributions)}
    for identity, bucket in serving.items():
        table.store_routes(
            TargetRoutes(identity, (plain_distribution(identity, bucket),), ROUTING_VERSION, START)
        )
        # A target that a survey found was looked at once since then.
        table.save(identity, TargetState(routing=ROUTING_VERSION))
    for bucket in dict.fromkeys(serving.values()):
        table.know_bucket(bucket, [each for each, served in serving.items() if served == bucket])
    if site.spent:
        table.count(OWN_ACCOUNT, site.spent, START - 2 * 86_400, 0)
    table.units = type(table.units)(time.now)
    freshness = Freshness(
        serving,
        frozenset(map(distribution_id, site.untimed)),
        START + site.accepts_again if site.accepts_again else 0.0,
    )
    cloudfront = SimulatedCloudFront(
        time,
        QuotaSettings(regime=site.regime, seed=site.seed),
        site.error_rate,
        site.seed,
        troubles=tuple(each.since(START) for each in site.troubles),
    )
    function = SimulatedFunction(time)
    if site.warm:
        function.warm_up(2)
    remembering = Remembered.of(time, site.bucket(0), site.standing() if site.pages else [], started=START)
    if site.remembered:
        remembering.know()
    queues = SimulatedQueues(function, SimulatedQueue(time), SimulatedQueue(time), remembering.wakes)
    return _World(
        site, time, table, function, SimulatedFunction(time), queues, cloudfront, freshness, remembering
    )


@dataclass(slots=True)
class _Watching:
    """Looks at the world now and then: how things stand, and whether anything is left to do."""

    world: _World
    traffic: Traffic
    progress: Callable[[int], None]
    moments: list[Moment] = field(default_factory=list)
    _apart: float = 0.5
    _next: float = START

    def look(self) -> None:
        now = self.world.time.now()
        if now >= self._next:
            self._next = now + self._apart
            self.moments.append(self._moment(now))
            self.progress(self.traffic.written)
            if len(self.moments) > MOMENTS:
                del self.moments[1::2]
                self._apart *= 2
        if self._is_done():
            self.world.time.stop()
        else:
            self.world.time.at(now + 0.5, self.look)

    def _is_done(self) -> bool:
        queues = self.world.queues
        return (
            self.traffic.done
            and not len(queues.changes)
            and not len(queues.wakes)
            and not len(self.world.remembering.wakes)
            and not self.world.function.running
            and not self.world.remembering.function.running
            and self.world.table.idle()
        )

    def _moment(self, now: float) -> Moment:
        return Moment(
            seconds=now - START,
            uploaded=self.traffic.written,
            stale=self.world.freshness.behind,
            waiting=len(self.world.queues.changes),
            paths=self.world.cloudfront.paths,
            requests=self.world.cloudfront.requests,
        )


@dataclass(slots=True)
class _Sweeping:
    """The schedule that runs the sweep."""

    world: _World
    worker: SimulatedWorker

    def begin(self) -> None:
        self.world.time.start(functools.partial(self.world.sweeper.run, self.worker.sweep))
        self.world.time.at(self.world.time.now() + SWEEP_SECONDS, self.begin)


def _summed_up(world: _World, traffic: Traffic, moments: list[Moment]) -> Result:
    freshness, cloudfront, queues = world.freshness, world.cloudfront, world.queues
    seconds = world.time.now() - START
    delays = sorted(freshness.delays)
    sent = [cloudfront.invalidations[each] for each in freshness.serving]
    oldest = freshness.oldest()
    unsent = world.time.now() - oldest if oldest is not None else 0.0
    result = Result(
        distributions=world.site.distributions,
        objects=traffic.written,
        messages=queues.changes.taken,
        invocations=world.function.invocations + world.sweeper.invocations,
        requests=cloudfront.requests,
        refused_requests=len(cloudfront.refusals),
        refused_after_first_minute=cloudfront.refused_share_after(START + 60),
        invalidations=sum(sent),
        paths=cloudfront.paths,
        wildcards=cloudfront.wildcards,
        cost_usd=cost_usd(cloudfront.paths),
        dead_lettered=len(queues.changes.dead) + len(queues.wakes.dead) + len(queues.dead),
        stale_objects=freshness.stale(),
        last_fresh_seconds=round(freshness.last_fresh - traffic.last_write, 3),
        p50_seconds=round(percentile(delays, 0.5), 3),
        p95_seconds=round(percentile(delays, 0.95), 3),
        max_seconds=round(percentile(delays, 1.0), 3),
        fewest_invalidations=min(sent),
        most_invalidations=max(sent),
        longest_wait_seconds=round(max(unsent, percentile(delays, 1.0)), 3),
        write_units=world.table.units.writes,
        read_units=world.table.units.reads,
        hottest_partition=world.table.units.hottest()[1],
        cold_starts=world.function.cold_starts,
        longest_run_seconds=round(world.function.longest_seconds, 3),
        seconds=round(seconds, 3),
        moments=moments,
    )
    idle = sum(source.idle_calls(seconds) for source in world.sources)
    remembering = world.remembering
    result.heads = remembering.objects.asked
    result.needlessly_purged = remembering.needlessly_purged(cloudfront.created.values())
    result.invocations += remembering.function.invocations
    result.write_units += remembering.memory.units.writes
    result.read_units += remembering.memory.units.reads
    functions = (world.function, world.sweeper, remembering.function)
    used = Used(
        invocations=result.invocations,
        gb_seconds=sum(each.busy_seconds * each.memory_mb / 1024 for each in functions),
        queue_requests=queues.changes.calls + queues.wakes.calls + remembering.wakes.calls + idle,
        write_units=result.write_units,
        read_units=result.read_units,
        heads=result.heads,
    )
    result.run_cost_usd = used.cost_usd
    return result
