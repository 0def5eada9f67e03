"""The entry of the function that remembers buckets (parameter RememberedBuckets): one wake, one bucket.

Takes an SQS event, returns {"batchItemFailures": [{"itemIdentifier": id}, …]}: the messages that stay on the queue.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import botocore.session

from invalidator.aws.client_config import client_config
from invalidator.aws.objects import AT_A_TIME, S3Objects
from invalidator.aws.queue import WakeQueue
from invalidator.aws.signed_heads import CONNECT_SECONDS, READ_SECONDS, SignedHeads
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.gaps import GapTable
from invalidator.aws.table.logs import LogTable
from invalidator.aws.table.memory import AT_A_TIME as ROWS_AT_A_TIME
from invalidator.aws.table.memory import MemoryTable
from invalidator.aws.table.targets import TargetTable
from invalidator.aws.table.wakes import WakeTable
from invalidator.aws.time_left import TimeLeft
from invalidator.clock import SystemClock
from invalidator.core.messages.wake import read_wake
from invalidator.core.pending.wakes import Gathering
from invalidator.core.routing.settings import names_in
from invalidator.failures import TableUnavailable
from invalidator.remembering.remembering import Remembering
from invalidator.remembering.report import report_judged
from invalidator.settings import RememberSettings, read_settings
from invalidator.telemetry import flush, telemetry
from invalidator.waking import Waking

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from botocore.config import Config

# As the worker's (wiring.py); several calls at a time, each by a connection of its own and with many items.
_TABLE = client_config(1, 2, connections=ROWS_AT_A_TIME, checked=False)
_S3 = client_config(CONNECT_SECONDS, READ_SECONDS, connections=AT_A_TIME)
_SQS = client_config(1, 3)
# What a portion takes that began at the last moment: S3 is not asked any more then, and what is left counts as changed.
PORTION_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class Wired:
    """What the entry needs."""

    remembering: Remembering
    time_left: TimeLeft


def wire(environment: Mapping[str, str]) -> Wired:
    """Make it. Raises SettingsError where the environment is not what the template sets."""
    settings = read_settings(environment, RememberSettings)
    clock = SystemClock()
    time_left = TimeLeft(clock.now)
    sdk: Any = botocore.session.get_session()

    def client(service: str, config: "Config") -> Any:
        return time_left.guard(sdk.create_client(service, config=config))

    dynamodb, s3 = client("dynamodb", _TABLE), client("s3", _S3)
    signed = SignedHeads(sdk, s3.meta.config.user_agent, time_left, clock.now)
    table = DynamoDbTable(dynamodb, settings.table_name)
    wakes = WakeTable(table)
    queue = WakeQueue(client("sqs", _SQS), settings.wake_queue_url, settings.remember_queue_url)
    remembering = Remembering(
        log=LogTable(table, clock.now),
        wakes=wakes,
        targets=TargetTable(table),
        waking=Waking(wakes, queue, clock),
        clock=clock,
        gathering=Gathering(settings.quiet_seconds, settings.gather_seconds),
        remembered=frozenset(names_in(settings.remembered_buckets)),
        memory=MemoryTable(DynamoDbTable(dynamodb, settings.remembered_table_name), clock.now),
        objects=S3Objects(s3, signed),
        gaps=GapTable(table),
        hints=settings.hints,
    )
    return Wired(remembering, time_left)


logger, metrics, _untraced = telemetry(os.environ)
wired = wire(os.environ)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Follow the wakes of a batch; one is a batch."""
    deadline = wired.time_left.begin(context.get_remaining_time_in_millis() / 1000)
    retry = []
    try:
        for record in event["Records"]:
            wake = read_wake(record["body"])
            if wake is None or wake.memory is None:
                # Only the functions write to this queue: the sweep makes good whatever this stood for.
                logger.error(
                    "not a wake of a memory",
                    extra={"message_id": record["messageId"], "body": record["body"][:200]},
                )
                continue
            token = f"{context.aws_request_id}/{record['messageId']}"
            try:
                done = wired.remembering.run(wake.memory, token, deadline - PORTION_SECONDS)
            except TableUnavailable as failure:
                logger.exception(
                    "a wake is tried again", extra={"body": record["body"][:200], "detail": str(failure)}
                )
                retry.append(record["messageId"])
            else:
                report_judged(done, logger, metrics)
    finally:
        flush(metrics)
    return {"batchItemFailures": [{"itemIdentifier": each} for each in retry]}
