"""A simulated bucket, queue and CloudFront in front of a function of one's choice, in virtual time.

`infra.simulator.simulate` runs one upload through the worker; here several uploads follow each other, and another
worker can stand in its place.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from infra.local.cloudfront.quotas import QuotaSettings, Regime
from infra.local.event_source.batching import BatchRules
from infra.simulator.batch_pollers import TICK_SECONDS, EventSource
from infra.simulator.cloudfront import Freshness, SimulatedCloudFront
from infra.simulator.simulation import BATCH_SIZE, BUCKET, INVOCATION_SECONDS, START
from infra.simulator.sqs import SimulatedQueue
from infra.simulator.upload import Uploading
from infra.simulator.virtual_time import VirtualTime
from invalidator.ports import Message

Function = Callable[["Scene", Sequence[Message]], set[str]]


@dataclass(slots=True)
class Scene:
    """Everything around the function.

    Attributes:
        regime: the quotas that CloudFront enforces.
        window: BatchWindowSeconds.
        seed: decides every chance.
        start: epoch seconds.
    """

    regime: Regime = Regime.BOTH
    window: float = 20.0
    seed: int = 0
    start: float = START
    time: VirtualTime = field(init=False)
    queue: SimulatedQueue = field(init=False)
    cloudfront: SimulatedCloudFront = field(init=False)
    freshness: Freshness = field(init=False)

    def __post_init__(self) -> None:
        self.time = VirtualTime(self.start)
        self.queue = SimulatedQueue(self.time)
        self.freshness = Freshness()
        self.cloudfront = SimulatedCloudFront(
            self.time,
            QuotaSettings(regime=self.regime, seed=self.seed),
            seed=self.seed,
            on_created=self.freshness.invalidated,
        )

    def uploading(self, keys: Sequence[str], rate: float, at: float = 0.0) -> Uploading:
        """Prepare an upload that begins `at` seconds after the start, `rate` objects a second."""
        chance = random.Random(self.seed)  # noqa: S311  not cryptography
        return Uploading(BUCKET, keys, rate, self.start + at, chance, self.queue, self.freshness)

    def run(
        self,
        uploads: Sequence[Uploading],
        function: Function,
        watch: Callable[[float], None],
        seconds: float = 0.0,
    ) -> None:
        """Run until every upload is worked off, and so many seconds have gone.

        Args:
            uploads: what is uploaded.
            function: takes a batch; returns the ids that failed.
            watch: called often, with the seconds since the start.
            seconds: the least to run.
        """

        def invoke(messages: Sequence[Message]) -> set[str]:
            self.time.sleep(INVOCATION_SECONDS)
            return function(self, messages)

        source = EventSource(self.time, self.queue, BatchRules(BATCH_SIZE, self.window), invoke)

        later = sorted(uploads, key=lambda upload: upload.start, reverse=True)
        under_way: list[Uploading] = []

        def tick() -> None:
            now = self.time.now()
            while later and later[-1].start <= now:
                under_way.append(later.pop())
            for upload in under_way:
                upload.advance(now)
            under_way[:] = [upload for upload in under_way if not upload.done]
            source.poll()
            watch(now - self.start)
            done = not later and not under_way and source.idle() and not len(self.queue)
            if not done or now - self.start < seconds:
                self.time.at(now + TICK_SECONDS, tick)

        self.time.at(self.start, tick)
        self.time.run()
