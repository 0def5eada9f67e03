"""A rival in virtual time: a simulated bucket, queue and CloudFront in front of a function of one's choice.

`infra.simulator.simulation` runs the real worker; here another one stands in its place, fed as it is usually deployed:
with batches of what came within a window, a few at a time.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from infra.local.cloudfront.quotas import QuotaSettings, Regime
from infra.simulator.aws.cloudfront import SimulatedCloudFront
from infra.simulator.aws.sqs import SimulatedQueue
from infra.simulator.freshness import Freshness
from infra.simulator.simulation import START, Site, distribution_id
from infra.simulator.traffic import Traffic, Write
from infra.simulator.virtual_time import VirtualTime
from invalidator.ports import Message

DISTRIBUTION = distribution_id(0)
BATCH_SIZE = 10_000
BATCHES_AT_A_TIME = 2
WINDOW_SECONDS = 20.0

Function = Callable[["Scene", Sequence[Message]], None]


@dataclass(slots=True)
class Scene:
    """Everything around the function, which never fails: it waits for CloudFront as long as it must.

    Attributes:
        writes: what is written, in order of time.
        function: takes a batch.
        regime: the quotas that CloudFront enforces.
        window: seconds for which messages are gathered to a batch.
        seed: decides every chance.
    """

    writes: Sequence[Write]
    function: Function
    regime: Regime = Regime.BOTH
    window: float = WINDOW_SECONDS
    seed: int = 0
    time: VirtualTime = field(init=False)
    cloudfront: SimulatedCloudFront = field(init=False)
    freshness: Freshness = field(init=False)
    _queue: SimulatedQueue = field(init=False)
    _traffic: Traffic = field(init=False)
    _running: int = 0

    def __post_init__(self) -> None:
        self.time = VirtualTime(START)
        # A function that waits for days would find its messages again.
        self._queue = SimulatedQueue(self.time, visibility=float("inf"))
        self.freshness = Freshness({DISTRIBUTION: Site().bucket(0)})
        quotas = QuotaSettings(regime=self.regime, seed=self.seed)
        self.cloudfront = SimulatedCloudFront(
            self.time, quotas, seed=self.seed, on_created=self.freshness.invalidated
        )
        self._traffic = Traffic(
            self.time,
            self.writes,
            random.Random(self.seed),
            lambda write: self.freshness.changed(write.bucket, write.key, write.at),
            self._queue.send,
        )

    @property
    def seconds_late(self) -> float:
        """How long after the last write the last object was fresh."""
        return self.freshness.last_fresh - self._traffic.last_write

    def run(self, watch: Callable[[float], None] = lambda _: None) -> None:
        """Run until everything is worked off; `watch` is called every second, with the seconds since the start."""

        def tick() -> None:
            seconds = self.time.now() - START
            watch(seconds)
            if seconds % self.window == 0:
                self._invoke()
            if self._running or self._queue.visible or not self._traffic.done:
                self.time.at(self.time.now() + 1.0, tick)

        self.time.at(START, tick)
        self.time.run()

    def _invoke(self) -> None:
        while self._queue.visible and self._running < BATCHES_AT_A_TIME:
            self._running += 1
            self.time.start(partial(self._work, self._queue.receive(BATCH_SIZE)))

    def _work(self, messages: Sequence[Message]) -> None:
        self.function(self, messages)
        self._queue.delete(messages)
        self._running -= 1
