"""The function behind `Custom::PendingChanges`: its deletion writes pending changes back for version 0.1.0 to read.

The resource exists from this version on. So where an update to it is rolled back, or 0.1.0 is deployed over it,
CloudFormation deletes the resource, after it has put 0.1.0's worker back. Where the stack itself goes, there is nothing
to do.
"""

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import botocore.session

from custom_resource.answer import Answer, Put, put_to_url
from invalidator.aws.aws_errors import AwsError
from invalidator.aws.client_config import client_config
from invalidator.aws.queue import ChangesQueue
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.logs import LogTable
from invalidator.aws.table.targets import TargetTable
from invalidator.aws.table.wakes import WakeTable
from invalidator.failures import QueueUnavailable, TableUnavailable
from invalidator.rollback.write_back import WriteBack, WrittenBack
from invalidator.settings import RollbackSettings, read_settings
from invalidator.telemetry import telemetry

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# What this version's worker was running when 0.1.0's took its place writes to the table a little longer: its time-out.
WORKER_SECONDS = 32.0
# Between two tries, while the table or the queue does not answer.
PAUSE_SECONDS = 5.0
# Kept back from the function's time so that the answer arrives.
MARGIN_SECONDS = 30.0
# A stack in one of these goes away, and with it the queue.
GOING = frozenset({"DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"})
_SDK = client_config(2, 8)

logger, _metrics, _untraced = telemetry(os.environ)
settings = read_settings(os.environ, RollbackSettings)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> None:
    """Do what CloudFormation asks, and answer it."""
    sdk: Any = botocore.session.get_session()
    until = time.time() + context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS

    def make() -> WriteBack:
        table = DynamoDbTable(sdk.create_client("dynamodb", config=_SDK), settings.table_name)
        queue = ChangesQueue(sdk.create_client("sqs", config=_SDK), settings.queue_url)
        return WriteBack(LogTable(table, time.time), WakeTable(table), TargetTable(table), queue.send)

    def status() -> str:
        stacks = sdk.create_client("cloudformation", config=_SDK)
        return str(stacks.describe_stacks(StackName=event["StackId"])["Stacks"][0]["StackStatus"])

    respond(event, until, Rollback(make, status, time.time, time.sleep), put_to_url)


class Rollback:
    """What a deletion does.

    Args:
        make: makes what writes back.
        status: tells the stack's status.
        now: tells the time, epoch seconds.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        make: Callable[[], WriteBack],
        status: Callable[[], str],
        now: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._make = make
        self._status = status
        self._now = now
        self._sleep = sleep

    def write_back(self, until: float) -> str:
        """Write back what is pending, and return what was done, for people.

        Raises TableUnavailable or QueueUnavailable where they did not answer until then (epoch seconds).
        """
        if self._stack_goes():
            return "the stack goes, and its queue with it: nothing is written back"
        self._sleep(WORKER_SECONDS)
        writing = self._make()
        while True:
            try:
                writing.run(self._now())
                break
            except (TableUnavailable, QueueUnavailable) as failure:
                if self._now() + PAUSE_SECONDS > until:
                    raise
                logger.warning("tried again", extra={"detail": str(failure)})
                self._sleep(PAUSE_SECONDS)
        return _told(writing.done)

    def _stack_goes(self) -> bool:
        try:
            return self._status() in GOING
        except AwsError as error:
            # Too much is written back rather than too little.
            logger.warning("the stack's status is not known", extra={"detail": str(error)})
            return False


def respond(event: Mapping[str, Any], until: float, rollback: Rollback, put: Put) -> None:
    """Do what CloudFormation asks, and answer through `put`, whatever happens."""
    physical_id = f"pending-changes-{event.get('LogicalResourceId', '')}"
    answer = Answer(event, lambda _status: physical_id, put)
    try:
        asked = event.get("RequestType")
        done = rollback.write_back(until) if asked == "Delete" else "nothing to do until this is deleted"
        logger.info("pending changes", extra={"request": asked, "done": done})
        answer.succeed(done)
    except (TableUnavailable, QueueUnavailable) as failure:
        logger.exception("what is pending stays in the table")
        answer.fail(f"what is pending could not be written back and stays in the table for a week: {failure}")
    finally:
        # Reached unanswered only through a defect: the stack must not wait for it.
        answer.fail("the function failed unexpectedly; its log says why")


def _told(done: WrittenBack) -> str:
    lines = [f"written back for version 0.1.0: {done.names} keys and paths in {done.messages} messages"]
    if done.unreadable:
        lines.append(f"not readable, so that all is invalidated: {'; '.join(done.unreadable[:5])}")
    return ". ".join(lines)
