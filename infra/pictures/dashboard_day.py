"""A sample day for the dashboard: uploads of many sizes, the real worker, and one message that nobody can read."""

import heapq
import logging
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from aws_lambda_powertools import Logger, Metrics

from infra.simulator.changes import made_tree
from infra.simulator.simulation import START, Site, simulate
from infra.simulator.traffic import Write, upload
from infra.simulator.worker import Done, SimulatedQueues
from invalidator.intake.intake import Intaken
from invalidator.intake.report import report_intake
from invalidator.metric import Metric
from invalidator.sender.report import report_run, report_sent
from invalidator.sender.sender import Run
from invalidator.sweep.measures import measure
from invalidator.sweep.sweep import Swept

HOUR = 3600.0
DAY_SECONDS = 24 * HOUR
SEED = 4
# What the month had cost before this day.
SPENT_BEFORE = 150
BULK = ((10.1 * HOUR, 12_000, 120), (16.4 * HOUR, 2_500, 40))
GARBAGE_ARRIVES, GARBAGE_IS_PURGED = 13.5 * HOUR, 15.0 * HOUR
# Small uploads come this far apart, so that each is invalidated on its own.
GAP_SECONDS = (90, 420)


@dataclass(slots=True)
class Day:
    """What CloudWatch would have: (namespace's last part, metric) → (seconds, value), by time."""

    values: dict[tuple[str, str], list[tuple[float, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _letters: int = 0

    def put(self, source: str, name: str, seconds: float, value: float) -> None:
        """Add one data point."""
        self.values[source, name].append((seconds, value))

    def observe(self, done: Done, queues: SimulatedQueues) -> None:
        """Add what a run counts, and what CloudWatch would sample each minute."""
        seconds = done.ended - START
        what = done.what
        if isinstance(what, Swept):
            self._sample(what, queues, done.ended)
            return
        metrics = Metrics(namespace="CloudFrontInvalidator", service="sample")
        metrics.clear_metrics()
        if isinstance(what, Intaken):
            report_intake(what, SILENT, metrics)
        elif isinstance(what, Run):
            for sent in what.outcome.sent:
                report_sent(sent, SILENT, metrics)
            report_run(what, SILENT, metrics)
        for name, metric in metrics.metric_set.items():
            for value in metric["Value"]:
                self.put("CloudFrontInvalidator", name, seconds, value)
        metrics.clear_metrics()
        self.put("AWS/Lambda", "Duration", seconds, (done.ended - done.began) * 1000)
        self.put("AWS/Lambda", "Invocations", seconds, 1)

    def _sample(self, swept: Swept, queues: SimulatedQueues, now: float) -> None:
        seconds = now - START
        letters = 0 if seconds >= GARBAGE_IS_PURGED else len(queues.dead)
        measures = measure(swept, letters, self._letters, now)
        self._letters = letters
        self.put(
            "CloudFrontInvalidator", Metric.OLDEST_UNSENT_SECONDS, seconds, measures.oldest_unsent_seconds
        )
        self.put("CloudFrontInvalidator", Metric.PENDING_TARGETS, seconds, measures.waiting)
        self.put("CloudFrontInvalidator", Metric.NEW_DEAD_LETTERS, seconds, measures.new_dead_letters)
        visible = queues.changes.visible
        self.put("InvalidationQueue", "ApproximateNumberOfMessagesVisible", seconds, len(visible))
        oldest = now - min((each.sent for each in visible), default=now)
        self.put("InvalidationQueue", "ApproximateAgeOfOldestMessage", seconds, oldest)
        self.put("DeadLetterQueue", "ApproximateNumberOfMessagesVisible", seconds, letters)
        self.put("AWS/Lambda", "Errors", seconds, 0)


SILENT = Logger(service="sample", level=logging.CRITICAL)


def sample_day() -> Day:
    """Run the day. Takes some seconds."""
    day = Day()
    site = Site(spent=SPENT_BEFORE, garbage=(GARBAGE_ARRIVES,), seed=SEED)
    simulate(site, heapq.merge(*_uploads(site)), observe=day.observe)
    return day


def _uploads(site: Site) -> list[Iterator[Write]]:
    chance = random.Random(site.seed)
    bucket = site.bucket(0)
    uploads = [upload(bucket, made_tree(count, folders, 1), 100, START + at) for at, count, folders in BULK]
    at = 7 * HOUR
    while at < DAY_SECONDS - HOUR:
        count = chance.choice((1, 1, 2, 3, 5, 8))
        keys = [f"pages/{int(at)}/{number}.html" for number in range(count)]
        uploads.append(upload(bucket, keys, 20, START + at))
        at += chance.uniform(*GAP_SECONDS)
    return uploads
