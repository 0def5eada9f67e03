"""A faithful event source from SQS to Lambda.

MiniStack's own takes 10 messages at most and ignores the window. This one reads the mappings that were
deployed and does what AWS does with them [aws-behaviour.md, SQS and Lambda]: five pollers gather batches, at
most MaximumConcurrency invocations run at a time, messages that succeeded are deleted, those that failed come
back after the queue's visibility timeout, and the queue's redrive policy takes what failed too often. A
mapping that is made, changed, disabled or deleted is noticed within a second.
"""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.event_source.mapping import DeployedMapping, deployed_mapping
from infra.local.event_source.polling import Delivery, Poller

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

# Lambda begins with five; more come with time where the concurrency allows, which this source leaves out.
POLLERS = 5
_SECONDS_TO_STOP = 5.0


class EventSource:
    """Runs every SQS mapping of the local AWS while it is open."""

    def __init__(
        self,
        queues: "SQSClient",
        functions: "LambdaClient",
        *,
        pollers: int = POLLERS,
        quiet_wait: int = 1,
        look_every: float = 1.0,
        delivered: Callable[[Delivery], None] | None = None,
    ) -> None:
        """Make an event source.

        Args:
            queues: reads and deletes messages.
            functions: lists mappings and invokes; it must not retry, or a slow batch runs twice.
            pollers: batches gathered at a time for each mapping.
            quiet_wait: seconds a poller may wait on a quiet queue, whatever the window; 20 on AWS.
            look_every: seconds between two looks at the deployed mappings.
            delivered: told of each batch when it is over, on a poller's thread.
        """
        self._queues = queues
        self._functions = functions
        self._pollers = pollers
        self._quiet_wait = quiet_wait
        self._look_every = look_every
        self._delivered = delivered
        self._running: dict[DeployedMapping, list[Poller]] = {}
        self._leaving: list[Poller] = []
        self._deliveries: list[Delivery] = []
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._watcher.join(_SECONDS_TO_STOP)
        give_up = time.monotonic() + _SECONDS_TO_STOP
        for poller in self._stop(self._running):
            poller.join(max(0.0, give_up - time.monotonic()))

    @property
    def deliveries(self) -> list[Delivery]:
        """Every batch that is over, in the order they ended."""
        return list(self._deliveries)

    @property
    def reading(self) -> bool:
        """Whether a message may still be received: a mapping that was disabled is read until it is noticed."""
        return bool(self._running) or any(poller.is_alive for poller in self._leaving)

    def _watch(self) -> None:
        while not self._closing.is_set():
            # Where the local AWS is busy or going away, what runs goes on until the next look.
            with suppress(BotoCoreError, ClientError):
                self._follow(self._mappings())
            self._closing.wait(self._look_every)

    def _mappings(self) -> set[DeployedMapping]:
        pages = self._functions.get_paginator("list_event_source_mappings").paginate()
        entries = (entry for page in pages for entry in page["EventSourceMappings"])
        return {mapping for entry in entries if (mapping := deployed_mapping(entry))}

    def _follow(self, mappings: set[DeployedMapping]) -> None:
        self._stop(self._running.keys() - mappings)
        for mapping in mappings - self._running.keys():
            slots = threading.BoundedSemaphore(mapping.concurrency)
            url = self._queues.get_queue_url(QueueName=mapping.queue_name)["QueueUrl"]
            self._running[mapping] = [
                Poller(
                    mapping,
                    url,
                    self._queues,
                    self._functions,
                    slots=slots,
                    quiet_wait=self._quiet_wait,
                    delivered=self._note,
                )
                for _ in range(self._pollers)
            ]
            for poller in self._running[mapping]:
                poller.start()

    def _stop(self, mappings: Iterable[DeployedMapping]) -> list[Poller]:
        leaving = list(mappings)
        stopped = [poller for mapping in leaving for poller in self._running[mapping]]
        self._leaving = [poller for poller in self._leaving if poller.is_alive] + stopped
        for mapping in leaving:
            del self._running[mapping]
        for poller in stopped:
            poller.stop(deliver_the_rest=not self._closing.is_set())
        return stopped

    def _note(self, delivery: Delivery) -> None:
        self._deliveries.append(delivery)
        if self._delivered is not None:
            self._delivered(delivery)
