"""The worker's entry: messages of the changes queue go to intake, wakes to the step of whom they name (`steps.follow`):
a target, a bucket, a bucket's memory or the log of unknown buckets. One warm process serves both queues.

Takes an SQS event, returns {"batchItemFailures": [{"itemIdentifier": id}, …]}: the messages that stay on the queue.
"""

# ruff: noqa: E402 - the imports are what collecting is put off for
import gc

# A cold start builds much that stays. Collecting meanwhile finds nothing and takes a fifth of it (`make bench`).
gc.disable()

import os
from functools import partial
from typing import TYPE_CHECKING, Any

from invalidator.announcing import of_buckets, of_intake, of_run
from invalidator.core.messages.wake import read_wake
from invalidator.failures import QueueUnavailable, TableUnavailable
from invalidator.intake.report import report_intake
from invalidator.ports import Message
from invalidator.remembering.remembering import Judged
from invalidator.remembering.report import report_judged
from invalidator.sender.buckets import BucketRun
from invalidator.sender.report import report_buckets, report_run, report_sent
from invalidator.sender.sender import Run
from invalidator.telemetry import flush, telemetry
from invalidator.wiring import wire

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger, metrics, trace = telemetry(os.environ)
wired = wire(os.environ)
# From here on only what batches leave behind is walked through.
gc.freeze()
gc.enable()


@trace
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Work off one batch of either queue; which one, its records' eventSourceARN tells."""
    try:
        return _work(event["Records"], context)
    finally:
        flush(metrics)


def _work(records: list[dict[str, Any]], context: "LambdaContext") -> dict[str, Any]:
    deadline = wired.time_left.begin(context.get_remaining_time_in_millis() / 1000)
    wakes: list[Message] = []
    changes: list[Message] = []
    for record in records:
        (wakes if record.get("eventSourceARN") == wired.wake_queue_arn else changes).append(_message(record))
    retry: set[str] = set()
    if changes:
        done = wired.steps.intake.handle(changes, deadline)
        report_intake(done, logger, metrics)
        wired.announcements.tell(of_intake(done))
        retry = {message.id for message in changes} & done.retry
    for message in wakes:
        if not _look(message, context.aws_request_id, deadline):
            retry.add(message.id)
    return {"batchItemFailures": [{"itemIdentifier": each} for each in sorted(retry)]}


def _look(message: Message, request: str, deadline: float) -> bool:
    """Look at whom a wake names; False where the table or the queues cannot be asked: it comes again."""
    wake = read_wake(message.body)
    token = f"{request}/{message.id}"
    try:
        if wake is None:
            # Only the function writes to this queue: the sweep makes good whatever this stood for.
            logger.error("not a wake", extra={"message_id": message.id, "body": message.body[:200]})
        else:
            accepted = partial(report_sent, logger=logger, metrics=metrics)
            _report(wired.steps.follow(wake, token, deadline, accepted))
    except (TableUnavailable, QueueUnavailable) as failure:
        logger.exception("a wake is tried again", extra={"body": message.body[:200], "detail": str(failure)})
        return False
    return True


def _report(done: Run | BucketRun | Judged) -> None:
    match done:
        case Run():
            report_run(done, logger, metrics)
            wired.announcements.tell(of_run(done))
        case BucketRun():
            report_buckets(done, logger, metrics)
            wired.announcements.tell(of_buckets(done))
        case Judged():
            report_judged(done, logger, metrics)


def _message(record: dict[str, Any]) -> Message:
    attributes = record.get("attributes", {})
    sent = attributes.get("SentTimestamp")
    return Message(
        id=record["messageId"],
        body=record["body"],
        sent=int(sent) / 1000 if sent else wired.clock.now(),
        receives=int(attributes.get("ApproximateReceiveCount", 1)),
    )
