"""The service's own move of a whole dead-letter queue, where it exists: StartMessageMoveTask.

It takes no selection and moves messages as they are. A letter that the worker sent straight to the dead-letter
queue has no original source, so the destination is named [aws-behaviour.md, SQS and Lambda].
"""

import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.cli.dlq.sqs.queue import DeadLetterQueue
from infra.cli.printing import progress

POLL_SECONDS = 1.0
# One task a queue: with these it goes on.
GOING_ON = ("RUNNING", "CANCELLING")


@dataclass(frozen=True, slots=True)
class Moved:
    """How a move task ended.

    Attributes:
        status: COMPLETED, FAILED or CANCELLED.
        moved: how many messages it moved.
        why: the service's reason for a failure.
    """

    status: str
    moved: int
    why: str


def move_all(queue: DeadLetterQueue) -> Moved | str:
    """Move every letter back and wait for the end; or return why the service does not do it here.

    A task that is running already is followed instead of starting another.
    """
    try:
        if not _running(queue):
            queue.client.start_message_move_task(SourceArn=queue.arn, DestinationArn=queue.source_arn)
        return _follow(queue)
    except ClientError as error:
        return str(error.response.get("Error", {}).get("Code", ""))


def _running(queue: DeadLetterQueue) -> bool:
    return _task(queue).get("Status") in GOING_ON


def _follow(queue: DeadLetterQueue) -> Moved:
    with progress("moving", queue.counts().visible) as advance:
        shown = 0
        while True:
            task = _task(queue)
            moved = int(task.get("ApproximateNumberOfMessagesMoved") or 0)
            advance(moved - shown)
            shown = moved
            if task.get("Status") not in GOING_ON:
                return Moved(str(task.get("Status", "UNKNOWN")), moved, str(task.get("FailureReason", "")))
            time.sleep(POLL_SECONDS)


def _task(queue: DeadLetterQueue) -> Any:
    results = queue.client.list_message_move_tasks(SourceArn=queue.arn, MaxResults=1).get("Results", [])
    return results[0] if results else {}
