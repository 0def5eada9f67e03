"""One poller of an event source: it gathers a batch, invokes the function, and deletes what succeeded."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.event_source.batching import Batch
from infra.local.event_source.invocation import failed_ids, sqs_record
from infra.local.event_source.mapping import DeployedMapping

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import DeleteMessageBatchRequestEntryTypeDef, MessageTypeDef

# The most that ReceiveMessage and DeleteMessageBatch take.
_CALL_SIZE = 10
# While a batch is open a poller looks this often whether it is over; SQS waits in whole seconds.
_LONG_POLL_SECONDS = 1
_SHORT_PAUSE_SECONDS = 0.05
_PAUSE_AFTER_ERROR_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Delivery:
    """One batch that went to a function and is over.

    Attributes:
        function: the function's ARN.
        began: when it was invoked, epoch seconds.
        ended: when it had answered.
        messages: ids of the batch's messages.
        failed: ids of those that stay in the queue.
        error: why all of them do: what the function raised, or why it could not be invoked; None otherwise.
    """

    function: str
    began: float
    ended: float
    messages: tuple[str, ...]
    failed: frozenset[str]
    error: str | None = None


class Poller:
    """Gathers and delivers batches of one mapping until it is stopped."""

    def __init__(
        self,
        mapping: DeployedMapping,
        queue_url: str,
        queues: "SQSClient",
        functions: "LambdaClient",
        *,
        slots: threading.BoundedSemaphore,
        quiet_wait: int,
        delivered: Callable[[Delivery], None],
    ) -> None:
        self._mapping = mapping
        self._queue_url = queue_url
        self._queues = queues
        self._functions = functions
        self._slots = slots
        self._quiet_wait = quiet_wait
        self._delivered = delivered
        self._stopped = threading.Event()
        self._deliver_the_rest = True
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether it still polls, or delivers its last batch."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to poll, on a thread of its own."""
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait until the last batch is over, but no longer than so many seconds."""
        self._thread.join(seconds)

    def stop(self, *, deliver_the_rest: bool) -> None:
        """Stop polling; what was gathered is delivered, or left to the visibility timeout."""
        self._deliver_the_rest = deliver_the_rest
        self._stopped.set()

    def _run(self) -> None:
        batch = self._new_batch()
        while not self._stopped.is_set():
            try:
                messages = self._receive(batch)
            except (BotoCoreError, ClientError):
                # The queue is going away, or the local AWS is: the watcher will say which.
                self._stopped.wait(_PAUSE_AFTER_ERROR_SECONDS)
                messages = []
            for message in messages:
                body_bytes = len(message["Body"].encode())
                if not batch.has_room(body_bytes):
                    self._deliver(batch.messages)
                    batch = self._new_batch()
                batch.add(time.monotonic(), message, body_bytes)
            if batch.is_due(time.monotonic()):
                self._deliver(batch.messages)
                batch = self._new_batch()
        if batch.messages and self._deliver_the_rest:
            self._deliver(batch.messages)

    def _new_batch(self) -> "Batch[MessageTypeDef]":
        return Batch(self._mapping.rules)

    def _receive(self, batch: "Batch[MessageTypeDef]") -> "list[MessageTypeDef]":
        wait = self._quiet_wait
        if batch.closes_at is not None:
            left = batch.closes_at - time.monotonic()
            wait = _LONG_POLL_SECONDS if left >= _LONG_POLL_SECONDS else 0
        answer = self._queues.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=min(_CALL_SIZE, self._mapping.rules.size - len(batch.messages)),
            WaitTimeSeconds=wait,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        if not messages and wait == 0:
            self._stopped.wait(_SHORT_PAUSE_SECONDS)
        return messages

    def _deliver(self, messages: "list[MessageTypeDef]") -> None:
        ids = tuple(message["MessageId"] for message in messages)
        records = [sqs_record(message, self._mapping.queue_arn) for message in messages]
        with self._slots:
            began = time.time()
            error = None
            try:
                answer = self._functions.invoke(
                    FunctionName=self._mapping.function, Payload=json.dumps({"Records": records}).encode()
                )
                payload = answer["Payload"].read()
                if "FunctionError" in answer:
                    error = payload.decode(errors="replace")
            except (BotoCoreError, ClientError) as problem:
                error = str(problem)
            ended = time.time()
        failed = set(ids) if error else failed_ids(payload, ids, partial=self._mapping.partial)
        self._delete([message for message in messages if message["MessageId"] not in failed])
        self._delivered(Delivery(self._mapping.function, began, ended, ids, frozenset(failed), error))

    def _delete(self, messages: "list[MessageTypeDef]") -> None:
        for start in range(0, len(messages), _CALL_SIZE):
            entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages[start : start + _CALL_SIZE])
            ]
            try:
                self._queues.delete_message_batch(QueueUrl=self._queue_url, Entries=entries)
            except (BotoCoreError, ClientError):
                # As on AWS, what could not be deleted is delivered again: at least once.
                return
