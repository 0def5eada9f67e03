"""One random schedule of the whole worker: uploads, duplicates, reordering, crashes, lost wakes, clocks that are off.

Several processes share one table. Each of their calls to it, to the queues and to CloudFront may fail or kill the
process, before or after it took effect. At the end the books are compared: what changed, what was invalidated since,
and what lies in the dead-letter queue.
"""

import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import unquote

from infra.local.cloudfront.quotas import QuotaSettings, Regime
from infra.simulator.aws.cloudfront import SimulatedCloudFront
from infra.simulator.aws.table import InMemoryTable
from infra.simulator.traffic import notification
from infra.simulator.twins import on_twins
from infra.simulator.virtual_time import VirtualTime
from invalidator.core.heartbeat import Heartbeat
from invalidator.core.limits.account import Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.messages.wake import wake_of
from invalidator.core.pending.wakes import Gathering
from invalidator.core.reasons import Reason
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.routing.target import TargetRoutes
from invalidator.core.sent import Sent
from invalidator.failures import (
    BackPressure,
    InvalidPaths,
    Permanent,
    QueueUnavailable,
    TableUnavailable,
    Transient,
)
from invalidator.ports import Message
from invalidator.steps import Chosen
from invalidator.sweep.restored import follow_up
from invalidator.sweep.sweep import sweep
from invalidator.waking import Waking
from tests.sender.in_memory_surveys import InMemorySurveys
from tests.sender.schedules.faults import (
    FAULTS_END,
    START,
    Killed,
    Restored,
    SkewedClock,
    SkewedCloudFront,
    Unreliable,
)

BUCKET = "site"
# Together below the margin that coverage keeps (sent.CLOCK_MARGIN_SECONDS).
S3_SKEW = CLOUDFRONT_SKEW = 2.0
MOST_SECONDS = 26 * 3600.0
COMES_AGAIN_SECONDS = 170.0
# A restore gives the table back as it was so long before it began; it takes longer than any run lives.
RESTORED_TO_SECONDS = 60.0
RESTORING_SECONDS = (60.0, 240.0)
CLOCKS = (0.0, 0.0, 0.0, 3.0, -3.0, 600.0, -600.0)


def served_at(path: str) -> Distribution:
    """A distribution of the bucket, under an OriginPath."""
    origin = Origin("s3", f"{BUCKET}.s3.amazonaws.com", BUCKET, path)
    return Distribution(f"E{path.strip('/').upper() or 'ROOT'}", (origin,), (Behavior("*", ("s3",)),))


DISTRIBUTIONS = (served_at(""), served_at("/docs"))


@dataclass
class Book:
    """What is stale at one distribution: viewer path, decoded → when the object changed last."""

    stale: dict[str, float] = field(default_factory=dict)

    def changed(self, key: str, at: float) -> None:
        self.stale["/" + key] = at

    def invalidated(self, sent: Sent) -> None:
        """What an invalidation covers, and changed before it was created, is fresh."""
        for sent_path in sent.paths:
            path = unquote(sent_path)
            for each in [one for one in self.stale if covers(path, one)]:
                if self.stale[each] <= sent.created:
                    del self.stale[each]


def covers(sent: str, path: str) -> bool:
    return path.startswith(sent[:-1]) if sent.endswith("*") else path == sent


@dataclass
class Queues:
    """The queues: messages come at once, again after a while where they failed, and wakes are lost and doubled."""

    schedule: "Schedule"
    chance: random.Random

    def receive_more(self, most: int) -> list[Message]:
        taken = self.schedule.visible[:most]
        del self.schedule.visible[:most]
        for message in taken:
            self.schedule.hidden[message.id] = message
            self.schedule.time.at(self.schedule.time.now() + 30, partial(self._back, message))
        return taken

    def _back(self, message: Message) -> None:
        if self.schedule.hidden.pop(message.id, None) is not None:
            self.schedule.come(replace(message, receives=message.receives + 1))

    def delete(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.schedule.hidden.pop(message.id, None)

    def call(self, names: Iterable[tuple[str, float]]) -> None:
        for name, delay in names:
            for _ in range(self.schedule.deliveries(self.chance)):
                at = self.schedule.time.now() + delay + self.chance.random()
                self.schedule.time.at(at, partial(self.schedule.look, name))

    def give_up(
        self, target: str, buckets: Iterable[str], paths: Mapping[str, float], reason: Reason, detail: str
    ) -> None:
        self.schedule.dead.append((target, paths))

    def give_up_keys(self, bucket: str, keys: Mapping[str, float], reason: Reason, detail: str) -> None:
        for target in ("EROOT", "EDOCS"):
            self.schedule.dead.append((target, {"/*": 0.0}))

    def give_up_message(self, message: Message, reason: Reason, detail: str) -> None:
        key = json.loads(message.body)["Records"][0]["s3"]["object"]["key"]
        self.schedule.dead.append(("EROOT", {f"/{key}": 0.0}))
        self.schedule.dead.append(("EDOCS", {f"/{key.removeprefix('docs/')}": 0.0}))


@dataclass
class Schedule:
    """A run of the whole worker, decided by its seed."""

    seed: int
    time: VirtualTime = field(default_factory=lambda: VirtualTime(START))
    books: dict[str, Book] = field(default_factory=dict)
    visible: list[Message] = field(default_factory=list)
    hidden: dict[str, Message] = field(default_factory=dict)
    dead: list[tuple[str, Mapping[str, float]]] = field(default_factory=list)
    killed: int = 0
    routing: RoutingSettings = field(default_factory=lambda: RoutingSettings(("index.html",)))
    _count: int = 0
    _polling: bool = False

    def run(self) -> None:
        """Go until nothing waits."""
        chance = random.Random(self.seed)
        self.chance = chance
        self.books = {each.id: Book() for each in DISTRIBUTIONS}
        self.table = InMemoryTable(self.time.now)
        self.restored = Restored(self.time, self.table)
        self.cloudfront = SimulatedCloudFront(
            self.time,
            QuotaSettings(regime=chance.choice(list(Regime)), seed=self.seed),
            on_created=self._created,
        )
        rate = self._rate(chance)
        limits = self._limits(chance)
        gathering = Gathering(*chance.choice([(1.0, 10.0), (0.0, 0.0), (5.0, 5.0), (2.0, 60.0)]))
        self.processes = [self._process(rate, limits, gathering) for _ in range(3)]
        self._know(START + chance.choice([0.0, 0.0, 40.0, 200.0]))
        if chance.random() < 0.3:
            self._restore(START + chance.uniform(5.0, 200.0))
        self._upload()
        self.time.at(START + 30.0, self._sweep)
        self.time.run(START + MOST_SECONDS)

    def _rate(self, chance: random.Random) -> float:
        """The part of calls that fail."""
        return chance.choice([0.0, 0.02, 0.1, 0.25])

    def _skew(self, chance: random.Random) -> float:
        """How far a process's clock is off."""
        return chance.choice(CLOCKS)

    def _limits(self, chance: random.Random) -> Limits:
        return Limits(
            Allowance(chance.choice([1, 5, 1000]), chance.choice([1, 15])),
            chance.choice([0, 20, 1000]),
            over_budget_seconds=chance.choice([0, 60, 900]),
        )

    def _created(self, sent: Sent) -> None:
        """CloudFront took an invalidation."""
        self.books[sent.distribution].invalidated(sent)

    def _survey_now(self) -> None:
        """Somebody asks for a survey."""

    def unaccounted(self) -> set[tuple[str, str]]:
        """Return what is neither fresh nor in the dead-letter queue: (distribution, viewer path)."""
        stale = {(name, path) for name, book in self.books.items() for path in book.stale}
        return {(name, path) for name, path in stale if not self._buried(name, path)}

    def deliveries(self, chance: random.Random) -> int:
        """How often a wake that is sent now comes."""
        return chance.choice((0, 1, 1, 1, 1, 2)) if self.time.now() < START + FAULTS_END else 1

    def waiting(self) -> list[str]:
        """Return whom something is still said to wait for."""
        return [wake.name for wake in self.table.waiting() if wake.since is not None or wake.due is not None]

    def come(self, message: Message) -> None:
        """A message can be received."""
        self.visible.append(message)
        if not self._polling:
            self._polling = True
            self.time.at(self.time.now() + 0.05, self._poll)

    def look(self, name: str) -> None:
        """A wake is delivered; one that failed comes again."""
        process = self.chance.choice(self.processes)
        self._count += 1
        token = f"run-{self._count}"

        def activity() -> None:
            try:
                process(name, token)
            except (Killed, TableUnavailable, QueueUnavailable) as failure:
                self.killed += isinstance(failure, Killed)
                self.time.at(self.time.now() + COMES_AGAIN_SECONDS, lambda: self.look(name))

        self.time.start(activity)

    def _process(
        self, rate: float, limits: Limits, gathering: Gathering
    ) -> Callable[[str | list[Message], str], Any]:
        def unreliable(port: Any, *failures: Callable[[], Exception]) -> Any:
            return Unreliable(port, failures, self.chance, self.time, rate)

        passing = partial(Transient, "503 (injected)")
        throttled = partial(BackPressure, "Throttling (injected)", too_large=False)
        crowded = partial(BackPressure, "TooMany (injected)", too_large=True)
        denied = partial(Permanent, "AccessDenied (injected)", Reason.ACCESS_DENIED)
        invalid = partial(InvalidPaths, "invalid (injected)")
        clock = SkewedClock(self.time, self._skew(self.chance))
        table = unreliable(self.restored, lambda: TableUnavailable("injected"))
        queues = unreliable(Queues(self, self.chance), lambda: QueueUnavailable("injected"))
        cloudfront = SkewedCloudFront(
            Unreliable(
                self.cloudfront,
                (passing, throttled, crowded, denied, denied, denied, invalid),
                self.chance,
                self.time,
                min(4 * rate, 0.5),
            ),
            self.chance.uniform(-CLOUDFRONT_SKEW, CLOUDFRONT_SKEW),
        )
        surveys = InMemorySurveys(self.table, self.time.now, self._survey_now)
        waking = Waking(table, queues, clock)
        chosen = Chosen(limits=limits, gathering=gathering, routing=self.routing, most_receives=50)
        steps = on_twins(
            table=table, queues=queues, cloudfront=cloudfront, surveys=surveys, clock=clock, chosen=chosen
        )

        def serve(what: str | list[Message], token: str) -> Any:
            if isinstance(what, list):
                return steps.intake.handle(what, clock.now() + 13)
            if what == "sweep":
                sweep(table, queues, clock)
                followed = follow_up(table.last_beat(), table, table, waking, clock)
                return table.beat(Heartbeat(clock.now(), 0, 0.0, followed.table, followed.doubted))
            wake = wake_of(what)
            assert wake is not None
            return steps.follow(wake, token, clock.now() + 13)

        return serve

    def _know(self, at: float) -> None:
        """A survey learns the distributions."""

        def learn() -> None:
            if self.restored.away:
                return  # the one after the restore does
            for each in DISTRIBUTIONS:
                self.table.store_routes(TargetRoutes(each.id, (each,), "1", self.time.now()))
            self.table.know_bucket(BUCKET, [each.id for each in DISTRIBUTIONS])
            self.restored.completed = self.time.now()

        self.time.at(at, learn)

    def _restore(self, to: float) -> None:
        """The table is restored to a point in time; a survey runs some time after that."""
        begun = to + RESTORED_TO_SECONDS
        ended = begun + self.chance.uniform(*RESTORING_SECONDS)
        self.time.at(to, self.restored.remember)
        self.time.at(begun, self.restored.go_away)
        self.time.at(ended, self.restored.come_back)
        self._know(ended + self.chance.uniform(1.0, 120.0))

    def _upload(self) -> None:
        """Write objects, some of them twice; their notifications come late, twice and in any order."""
        chance = self.chance
        keys = [
            f"{chance.choice(['docs/', 'img/', ''])}{chance.choice('abc')}{n}.html"
            for n in range(chance.choice([2, 5, 10, 20, 40]))
        ]
        for key in keys + [key for key in keys if chance.random() < 0.3]:
            at = START + chance.uniform(0, 120)
            self.time.at(at, partial(self._write, key))
            body = notification(BUCKET, key, at + chance.uniform(-S3_SKEW, S3_SKEW))
            for _ in range(1 + (chance.random() < 0.2)):
                self.time.at(at + chance.uniform(0.3, 60), partial(self._notify, body))

    def _notify(self, body: str) -> None:
        self._count += 1
        self.come(Message(f"m{self._count}", body, self.time.now()))

    def _write(self, key: str) -> None:
        self.books["EROOT"].changed(key, self.time.now())
        if key.startswith("docs/"):
            self.books["EDOCS"].changed(key.removeprefix("docs/"), self.time.now())

    def _poll(self) -> None:
        self._polling = False
        batch, self.visible = self.visible[:10], self.visible[10:]
        if not batch:
            return
        process = self.chance.choice(self.processes)

        def activity() -> None:
            try:
                failed = process(batch, "").retry
            except Killed:
                self.killed += 1
                failed = {message.id for message in batch}
            for message in batch:
                if message.id in failed:
                    again = replace(message, receives=message.receives + 1)
                    self.time.at(self.time.now() + COMES_AGAIN_SECONDS, partial(self.come, again))

        self.time.start(activity)
        if self.visible:
            self._polling = True
            self.time.at(self.time.now() + 0.05, self._poll)

    def _sweep(self) -> None:
        process = self.chance.choice(self.processes)

        def activity() -> None:
            try:
                process("sweep", "")
            except (Killed, TableUnavailable):
                return

        self.time.start(activity)
        # What failed last comes again after the faults have ended.
        busy = (
            self.time.now() < START + FAULTS_END + 3 * COMES_AGAIN_SECONDS
            or self.waiting()
            or self.visible
            or (self.restored.noted is not None and self.restored.noted.table != self.restored.id)
        )
        if busy:
            self.time.at(self.time.now() + 60.0, self._sweep)

    def _buried(self, name: str, path: str) -> bool:
        return any(
            target == name and any(covers(each, path) for each in paths) for target, paths in self.dead
        )
