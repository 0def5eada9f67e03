"""A sample day for the dashboard: uploads of many sizes, the real worker, and one message that nobody can read."""

import bisect
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aws_lambda_powertools import Metrics

from infra.pictures.scene import Scene
from infra.simulator.memory import InMemoryTable
from infra.simulator.simulation import BUCKET, DISTRIBUTION, FUNCTION_SECONDS
from infra.simulator.upload import Uploading, made_tree
from invalidator.batch.metrics import count_batch
from invalidator.batch.worker import Worker
from invalidator.core.limits.account import OWN_ACCOUNT, Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.budget import month_of
from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.settings import RoutingSettings
from invalidator.ports import Message

HOUR = 3600.0
DAY_SECONDS = 24 * HOUR
SAMPLE_SECONDS = 60.0
# What the month had cost before this day.
SPENT_BEFORE = 150
BULK = ((10.1 * HOUR, 12_000, 120), (16.4 * HOUR, 2_500, 40))
GARBAGE_ARRIVES, GARBAGE_IS_PURGED = 13.5 * HOUR, 15.0 * HOUR
# Small uploads come this far apart, so that each is a batch of its own.
GAP_SECONDS = (90, 420)


@dataclass(slots=True)
class Day:
    """What CloudWatch would have: (namespace's last part, metric) → (seconds, value), by time."""

    values: dict[tuple[str, str], list[tuple[float, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def put(self, source: str, name: str, seconds: float, value: float) -> None:
        """Add one data point."""
        self.values[source, name].append((seconds, value))


class _Discovery:
    def scan(self, pins: Sequence[Pin]) -> dict[str, tuple[Distribution, ...]]:  # noqa: ARG002  the port's
        return {BUCKET: (DISTRIBUTION,)}


def sample_day() -> Day:
    """Run the day. Takes some twenty seconds."""
    scene, day = Scene(seed=4), Day()
    memory = InMemoryTable()
    memory.spent[OWN_ACCOUNT, month_of(scene.start), "03"] = SPENT_BEFORE
    worker = Worker(
        cloudfront=scene.cloudfront,
        discovery=_Discovery(),
        memory=memory,
        queue=scene.queue,
        clock=scene.time,
        limits=Limits(Allowance(1000, 15), 1000),
        routing=RoutingSettings(("index.html",)),
        mapping_seconds=600,
    )
    done: list[tuple[float, float]] = []

    def function(scene: Scene, messages: Sequence[Message]) -> set[str]:
        began = scene.time.now()
        report = worker.handle(messages, began + FUNCTION_SECONDS)
        ended = scene.time.now()
        metrics = Metrics(namespace="CloudFrontInvalidator", service="sample")
        metrics.clear_metrics()
        count_batch(report, metrics)
        for name, metric in metrics.metric_set.items():
            for value in metric["Value"]:
                day.put("CloudFrontInvalidator", name, ended - scene.start, value)
        metrics.clear_metrics()
        day.put("AWS/Lambda", "Duration", ended - scene.start, (ended - began) * 1000)
        day.put("AWS/Lambda", "Invocations", ended - scene.start, 1)
        day.put("AWS/Lambda", "Errors", ended - scene.start, 0)
        done.extend((each.sent - scene.start, ended - scene.start) for each in messages)
        return report.retry

    scene.run(_uploads(scene), function, _watcher(scene, day, done), DAY_SECONDS)
    _ages(day, done)
    return day


def _uploads(scene: Scene) -> list[Uploading]:
    chance = random.Random(scene.seed)  # noqa: S311  not cryptography
    uploads = [scene.uploading(made_tree(count, folders, 1), 100, at) for at, count, folders in BULK]
    at = 7 * HOUR
    while at < DAY_SECONDS - HOUR:
        count = chance.choice((1, 1, 2, 3, 5, 8))
        keys = [f"pages/{int(at)}/{number}.html" for number in range(count)]
        uploads.append(scene.uploading(keys, 20, at))
        at += chance.uniform(*GAP_SECONDS)
    return uploads


def _watcher(scene: Scene, day: Day, done: list[tuple[float, float]]) -> Callable[[float], None]:
    pending = [GARBAGE_ARRIVES, GARBAGE_IS_PURGED]
    sampled = -SAMPLE_SECONDS

    def watch(seconds: float) -> None:
        nonlocal sampled
        if pending and seconds >= pending[0]:
            if pending.pop(0) == GARBAGE_ARRIVES:
                scene.queue.send("a message that is no notification")
            else:
                scene.queue.dead.clear()
        if seconds - sampled < SAMPLE_SECONDS:
            return
        sampled = seconds
        visible = len(scene.queue.visible)
        day.put("InvalidationQueue", "ApproximateNumberOfMessagesVisible", seconds, visible)
        in_work = scene.queue.taken - len(scene.queue) - len(done)
        day.put("InvalidationQueue", "ApproximateNumberOfMessagesNotVisible", seconds, in_work)
        dead = len(scene.queue.dead)
        day.put("DeadLetterQueue", "ApproximateNumberOfMessagesVisible", seconds, dead)

    return watch


def _ages(day: Day, done: list[tuple[float, float]]) -> None:
    """Tell, for each sample, how long the oldest message had waited that was not worked off yet."""
    arrived = sorted(done)
    for seconds, _ in list(day.values["InvalidationQueue", "ApproximateNumberOfMessagesVisible"]):
        # Nothing waits longer than this here, so older messages are done.
        first = bisect.bisect_left(arrived, (seconds - HOUR, 0.0))
        last = bisect.bisect_right(arrived, (seconds, DAY_SECONDS * 2))
        waiting = [sent for sent, ended in arrived[first:last] if ended > seconds]
        age = seconds - min(waiting) if waiting else 0.0
        day.put("InvalidationQueue", "ApproximateAgeOfOldestMessage", seconds, age)
