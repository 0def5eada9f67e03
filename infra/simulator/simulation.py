"""A simulated upload: the real worker, in virtual time, against a CloudFront that enforces the quotas."""

import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from infra.local.cloudfront.quotas import QuotaSettings, Regime
from infra.local.event_source.batching import BatchRules
from infra.simulator.batch_pollers import TICK_SECONDS, EventSource
from infra.simulator.cloudfront import Freshness, SimulatedCloudFront
from infra.simulator.memory import InMemoryTable
from infra.simulator.sqs import SimulatedQueue
from infra.simulator.upload import Uploading
from infra.simulator.virtual_time import VirtualTime
from invalidator.batch.sending import Limits
from invalidator.batch.worker import Worker
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.budget import cost_usd
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.settings import RoutingSettings
from invalidator.ports import Message

BUCKET = "simulated-bucket"
DISTRIBUTION = Distribution(
    id="ESIMULATED",
    origins=(Origin("s3", f"{BUCKET}.s3.us-east-1.amazonaws.com", BUCKET),),
    behaviors=(Behavior("*", ("s3",)),),
)
# The middle of a month, when half of the budget is earned.
START = datetime(2026, 11, 16, tzinfo=UTC).timestamp()
FUNCTION_SECONDS = 48.0
BATCH_SIZE = 10_000
INVOCATION_SECONDS = 0.05
# How many points a chart gets.
MOMENTS = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """What is uploaded, and how the stack is set.

    Attributes:
        keys: the objects' keys, in the order of their upload.
        rate: objects a second.
        window: BatchWindowSeconds.
        regime: the quotas that CloudFront enforces.
        monthly_budget: paths a month; 0 is no budget.
        seed: decides every chance.
        error_rate: the part of CloudFront's answers that are 5xx.
    """

    keys: Sequence[str]
    rate: float
    window: float
    regime: Regime = Regime.BOTH
    monthly_budget: int = 1000
    seed: int = 0
    error_rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Moment:
    """How things stood at one time.

    Attributes:
        seconds: since the first upload.
        uploaded: objects written until then.
        stale: objects that changed and are not invalidated since.
        waiting: messages on the queue, gathered in a batch, or in the function's hands.
        paths: sent until then.
        requests: made until then.
    """

    seconds: float
    uploaded: int
    stale: int
    waiting: int
    paths: int
    requests: int


@dataclass(slots=True)
class Result:
    """What the simulation counted: the fields of `invalidator simulate --json` (contract.md), and the way there.

    Attributes:
        last_fresh_seconds: from the last upload to the invalidation that made the last object fresh.
        median_stale_seconds: how long an object was stale, by the median.
        refused_after_first_minute: the part of requests that met a quota after the first minute.
        moments: how things stood at evenly spaced times.
    """

    objects: int
    messages: int = 0
    invocations: int = 0
    requests: int = 0
    refused_requests: int = 0
    refused_after_first_minute: float = 0.0
    paths: int = 0
    wildcards: int = 0
    cost_usd: float = 0.0
    dead_lettered: int = 0
    stale_objects: int = 0
    last_fresh_seconds: float = 0.0
    median_stale_seconds: float = 0.0
    moments: list[Moment] = field(default_factory=list)


class _Discovery:
    def scan(self, pins: Sequence[Pin]) -> dict[str, tuple[Distribution, ...]]:  # noqa: ARG002  the port's
        return {BUCKET: (DISTRIBUTION,)}


def simulate(upload: Upload, progress: Callable[[int], None] = lambda _: None) -> Result:
    """Run one upload until the queue is empty and nothing runs.

    Args:
        upload: what is uploaded.
        progress: told how many objects were uploaded so far.
    """
    time = VirtualTime(START)
    chance = random.Random(upload.seed)  # noqa: S311  not cryptography
    queue = SimulatedQueue(time)
    freshness = Freshness()
    chance = random.Random(upload.seed)  # noqa: S311  not cryptography
    uploading = Uploading(BUCKET, upload.keys, upload.rate, START, chance, queue, freshness)
    cloudfront = SimulatedCloudFront(
        time,
        QuotaSettings(regime=upload.regime, seed=upload.seed),
        upload.error_rate,
        upload.seed,
        freshness.invalidated,
    )
    worker = Worker(
        cloudfront=cloudfront,
        discovery=_Discovery(),
        memory=InMemoryTable(),
        queue=queue,
        clock=time,
        limits=Limits(Allowance(1000, 15), upload.monthly_budget),
        routing=RoutingSettings(("index.html",)),
        mapping_seconds=600,
    )

    def invoke(messages: Sequence[Message]) -> set[str]:
        time.sleep(INVOCATION_SECONDS)
        return worker.handle(messages, time.now() + FUNCTION_SECONDS).retry

    source = EventSource(time, queue, BatchRules(BATCH_SIZE, upload.window), invoke)
    result = Result(objects=len(upload.keys))
    step = len(upload.keys) / upload.rate / MOMENTS

    def tick() -> None:
        uploading.advance(time.now())
        source.poll()
        if len(result.moments) * step <= time.now() - START:
            result.moments.append(_moment(time.now(), uploading, source, cloudfront))
            progress(uploading.written)
        if not (uploading.done and source.idle() and not len(queue)):
            time.at(time.now() + TICK_SECONDS, tick)

    time.at(START, tick)
    time.run()
    return _summed_up(result, uploading, source, cloudfront)


def _moment(now: float, uploading: Uploading, source: EventSource, cloudfront: SimulatedCloudFront) -> Moment:
    return Moment(
        seconds=now - START,
        uploaded=uploading.written,
        stale=len(uploading.freshness.stale),
        waiting=len(source.queue) + source.in_work,
        paths=cloudfront.paths,
        requests=cloudfront.requests,
    )


def _summed_up(
    result: Result, uploading: Uploading, source: EventSource, cloudfront: SimulatedCloudFront
) -> Result:
    freshness = uploading.freshness
    result.messages = uploading.queue.taken
    result.invocations = source.invocations
    result.requests = cloudfront.requests
    result.refused_requests = len(cloudfront.refusals)
    result.refused_after_first_minute = cloudfront.refused_share_after(START + 60)
    result.paths = cloudfront.paths
    result.wildcards = cloudfront.wildcards
    result.cost_usd = cost_usd(cloudfront.paths)
    result.dead_lettered = len(uploading.queue.dead)
    result.stale_objects = len(freshness.stale)
    result.last_fresh_seconds = round(freshness.last_fresh - uploading.last_write, 3)
    result.median_stale_seconds = round(statistics.median(freshness.delays), 3) if freshness.delays else 0.0
    return result
