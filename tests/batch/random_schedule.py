"""One random schedule of the whole worker: uploads, duplicates, reordering, two workers, crashes and faults.

Each outside call may fail or kill the worker, before or after it took effect. At the end the books are compared:
what changed, what was invalidated since, and what is in the dead-letter queue.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from infra.local.cloudfront.quotas import QuotaSettings, Regime
from infra.local.event_source.batching import BatchRules
from infra.simulator.batch_pollers import EventSource
from infra.simulator.cloudfront import Freshness, SimulatedCloudFront
from infra.simulator.memory import InMemoryTable
from infra.simulator.sqs import SimulatedQueue
from infra.simulator.upload import notification
from infra.simulator.virtual_time import VirtualTime
from invalidator.batch.sending import Limits
from invalidator.batch.worker import Worker
from invalidator.core.limits.allowance import Allowance
from invalidator.core.reasons import Reason
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.settings import RoutingSettings
from invalidator.failures import BackPressure, MemoryUnavailable, Permanent, QueueUnavailable, Transient

START = 1_795_000_000.0
BUCKET = "site"
# Together below the margin that coverage keeps (sent.CLOCK_MARGIN_SECONDS).
S3_SKEW = CLOUDFRONT_SKEW = 2.0
FAULTS_END = 900.0
WORST_CASE_SECONDS = 24 * 3600.0


def served_at(path: str) -> Distribution:
    """A distribution of the bucket, under an OriginPath."""
    origin = Origin("s3", f"{BUCKET}.s3.amazonaws.com", BUCKET, path)
    return Distribution(f"E{path.strip('/').upper() or 'ROOT'}", (origin,), (Behavior("*", ("s3",)),))


DISTRIBUTIONS = (served_at(""), served_at("/docs"))


class Killed(BaseException):
    """The worker's process ended in the middle of a call; nothing after it happened."""


@dataclass
class Unreliable:
    """A port whose calls fail or kill the worker now and then, before or after they took effect."""

    port: Any
    failures: tuple[Callable[[], Exception], ...]
    chance: random.Random
    time: VirtualTime
    rate: float

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.port, name)

        def unreliable(*args: Any, **kwargs: Any) -> Any:
            self.time.sleep(self.chance.random() * 0.3)
            self._strike()
            answer = call(*args, **kwargs)
            self._strike()
            return answer

        return unreliable

    def _strike(self) -> None:
        if self.time.now() > START + FAULTS_END:
            return
        dice = self.chance.random()
        if dice < self.rate / 4:
            raise Killed
        if dice < self.rate:
            failure = self.chance.choice(self.failures)
            raise failure()


@dataclass
class Discovery:
    """Knows the distributions."""

    def scan(self, pins: object) -> dict[str, tuple[Distribution, ...]]:
        return {BUCKET: DISTRIBUTIONS}


@dataclass
class Schedule:
    """A run of the whole worker, decided by its seed."""

    seed: int
    time: VirtualTime = field(default_factory=lambda: VirtualTime(START))
    books: dict[str, Freshness] = field(default_factory=dict)
    killed: int = 0

    def run(self) -> None:
        """Go until the queue is empty."""
        chance = random.Random(self.seed)
        self.books = {each.id: Freshness() for each in DISTRIBUTIONS}
        self.queue = SimulatedQueue(self.time)
        self.cloudfront = SimulatedCloudFront(
            self.time,
            QuotaSettings(regime=chance.choice(list(Regime)), seed=self.seed),
            on_created=lambda sent: self.books[sent.distribution].invalidated(sent),
        )
        self.worker = self._worker(chance, rate=chance.choice([0.0, 0.02, 0.1, 0.3]))
        source = EventSource(
            self.time,
            self.queue,
            BatchRules(chance.choice([3, 10_000]), chance.choice([0, 5, 20])),
            self._invoke,
        )
        self._upload(chance)
        self.time.at(START, lambda: self._tick(source))
        self.time.run(START + WORST_CASE_SECONDS)

    def unaccounted(self) -> set[tuple[str, str]]:
        """Return what is neither fresh nor in the dead-letter queue: (distribution, viewer path)."""
        stale = {(name, path) for name, book in self.books.items() for path in book.stale}
        return {each for each in stale if not any(_stands_for(dead.body, *each) for dead in self.queue.dead)}

    def _worker(self, chance: random.Random, rate: float) -> Worker:
        def unreliable(port: Any, *failures: Callable[[], Exception]) -> Any:
            return Unreliable(port, failures, chance, self.time, rate)

        passing = lambda: Transient("503 (injected)")  # noqa: E731
        throttled = lambda: BackPressure("Throttling (injected)", too_large=False)  # noqa: E731
        denied = lambda: Permanent("AccessDenied (injected)", Reason.ACCESS_DENIED)  # noqa: E731
        table = InMemoryTable()
        cloudfront = unreliable(self.cloudfront, passing, throttled, passing, denied)
        skew = chance.uniform(-CLOUDFRONT_SKEW, CLOUDFRONT_SKEW)
        return Worker(
            cloudfront=_Skewed(cloudfront, skew),
            discovery=unreliable(Discovery(), passing, throttled),
            memory=unreliable(table, lambda: MemoryUnavailable("injected")),
            queue=unreliable(self.queue, lambda: QueueUnavailable("injected")),
            clock=self.time,
            limits=Limits(
                Allowance(chance.choice([1, 5, 1000]), chance.choice([1, 15])), chance.choice([0, 20, 1000])
            ),
            routing=RoutingSettings(("index.html",)),
            mapping_seconds=600,
        )

    def _upload(self, chance: random.Random) -> None:
        """Write objects, some of them twice; their notifications come late, twice and in any order."""
        keys = [
            f"{chance.choice(['docs/', 'img/', ''])}{chance.choice('abc')}{n}.html"
            for n in range(chance.choice([2, 5, 10, 20, 20, 100]))
        ]
        for key in keys + [key for key in keys if chance.random() < 0.3]:
            at = START + chance.uniform(0, 120)
            self.time.at(at, lambda key=key: self._write(key))
            body = notification(BUCKET, key, at + chance.uniform(-S3_SKEW, S3_SKEW))
            for _ in range(1 + (chance.random() < 0.2)):
                self.time.at(at + chance.uniform(0, 60), lambda body=body: self.queue.send(body))

    def _write(self, key: str) -> None:
        self.books["EROOT"].changed(key, self.time.now())
        if key.startswith("docs/"):
            self.books["EDOCS"].changed(key.removeprefix("docs/"), self.time.now())

    def _invoke(self, messages: Any) -> set[str] | None:
        try:
            return self.worker.handle(messages, self.time.now() + 48).retry
        except Killed:
            self.killed += 1
            return None

    def _tick(self, source: EventSource) -> None:
        source.poll()
        wake = self.queue.next_wake()
        busy = not source.idle() or self.queue.visible or self.time.now() < START + 200
        if busy:
            self.time.at(self.time.now() + 1.0, lambda: self._tick(source))
        elif wake is not None:
            self.time.at(wake, lambda: self._tick(source))


@dataclass
class _Skewed:
    """CloudFront dates its invalidations by a clock that is off."""

    cloudfront: Any
    skew: float

    def create(self, request: Any, role: Any) -> Any:
        sent = self.cloudfront.create(request, role)
        return replace(sent, created=sent.created + self.skew)

    def completed(self, *args: Any) -> Any:
        return self.cloudfront.completed(*args)


def _stands_for(body: str, distribution: str, path: str) -> bool:
    """Whether a dead letter would make the path fresh if it were redriven."""
    message = json.loads(body)
    if "paths" in message:
        mine = message["distribution"] == distribution
        return mine and any(
            path.startswith(p[:-1]) if p.endswith("*") else path == p for p in message["paths"]
        )
    keys = message["keys"] if "keys" in message else [r["s3"]["object"]["key"] for r in message["Records"]]
    return any(path in ("/" + key, "/" + key.removeprefix("docs/")) for key in keys)
