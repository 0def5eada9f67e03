"""The sweep's entry, every minute: calls for what is due, and measures what waits.

Invoked with any event it does so at once, and returns its measures (`sweep/measures.py`) as JSON.
"""

import os
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import botocore.session
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from invalidator.aws.dynamodb_table import DynamoDbTable
from invalidator.aws.heartbeat import Heartbeat, beat
from invalidator.aws.queue import DeadLetters, WakeQueue
from invalidator.aws.wake_table import WakeTable
from invalidator.metric import Metric
from invalidator.settings import SweepSettings, read_settings
from invalidator.sweep.measures import measure
from invalidator.sweep.sweep import sweep
from invalidator.telemetry import telemetry

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_SDK = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})

MOST_NAMES = 20

logger, metrics, _untraced = telemetry(os.environ)
settings = read_settings(os.environ, SweepSettings)
_sdk: Any = botocore.session.get_session()
_sqs = _sdk.create_client("sqs", config=_SDK)
_table = DynamoDbTable(_sdk.create_client("dynamodb", config=_SDK), settings.table_name)
_wakes = WakeTable(_table)
_wake_queue = WakeQueue(_sqs, settings.wake_queue_url)
_dead_letters = DeadLetters(_sqs, settings.dead_letter_queue_url)


class SystemClock:
    """Real time."""

    def now(self) -> float:
        """Return epoch seconds."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@logger.inject_lambda_context
@metrics.log_metrics(capture_cold_start_metric=False)
def handler(_event: Any, _context: "LambdaContext") -> dict[str, Any]:
    """Sweep once. What cannot be asked raises: the next minute tries again, and an alarm tells when that fails too."""
    clock = SystemClock()
    swept = sweep(_wakes, _wake_queue, clock)
    letters = _dead_letters.count()
    before = beat(_table, Heartbeat(clock.now(), letters))
    measures = measure(swept, letters, None if before is None else before.letters, clock.now())
    metrics.add_metric(Metric.OLDEST_UNSENT_SECONDS, MetricUnit.Seconds, measures.oldest_unsent_seconds)
    metrics.add_metric(Metric.PENDING_TARGETS, MetricUnit.Count, measures.waiting)
    if measures.new_dead_letters:
        metrics.add_metric(Metric.NEW_DEAD_LETTERS, MetricUnit.Count, measures.new_dead_letters)
    if measures.waiting or measures.new_dead_letters or swept.unsent:
        more = {"names": swept.called[:MOST_NAMES], "unsent": swept.unsent}
        logger.info("swept", extra={**asdict(measures), **more})
    return asdict(measures)
