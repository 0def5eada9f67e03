"""The Lambda function's entry: an SQS event in, the messages that stay on the queue out."""

# ruff: noqa: E402 - the imports are what collecting is put off for
import gc

# A cold start builds much that stays. Collecting meanwhile finds nothing and takes a fifth of it (`make bench`).
gc.disable()

import json
import os
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics, Tracer

from invalidator.batch.log import log_batch
from invalidator.batch.metrics import count_batch
from invalidator.ports import Message
from invalidator.wiring import wire

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Plain ASCII: powertools writes Unicode as it is, and with it a key's C1 controls and line separators; a key that is
# not UTF-8 cannot be written at all, and its line would be lost.
logger = Logger(json_serializer=partial(json.dumps, default=str, separators=(",", ":")))
metrics = Metrics()
# The calls to AWS alone: by itself it would also import sqlite3 and a dozen other clients to patch them.
tracer = Tracer(patch_modules=["botocore"])
wired = wire(os.environ)
# From here on only what batches leave behind is walked through.
gc.freeze()
gc.enable()


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Work off one batch.

    Returns {"batchItemFailures": [{"itemIdentifier": id}, …]}: the messages that stay on the queue.
    """
    deadline = wired.time_left.begin(context.get_remaining_time_in_millis() / 1000)
    report = wired.worker.handle([_message(record) for record in event["Records"]], deadline)
    log_batch(report, logger, wired.worker.routing)
    count_batch(report, metrics)
    return {"batchItemFailures": [{"itemIdentifier": each} for each in sorted(report.retry)]}


def _message(record: dict[str, Any]) -> Message:
    attributes = record.get("attributes", {})
    sent = attributes.get("SentTimestamp")
    return Message(
        id=record["messageId"],
        body=record["body"],
        sent=int(sent) / 1000 if sent else wired.clock.now(),
    )
