"""Lambda's event source mapping in virtual time: pollers gather batches, and so many run at a time.

The rules are AWS's [aws-behaviour.md, SQS and Lambda]: five pollers to begin with, each with a window and a
payload of its own; on a quiet queue a batch waits up to 20 s whatever the window.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from infra.local.event_source.batching import Batch, BatchRules
from infra.simulator.sqs import SimulatedQueue, Waiting
from infra.simulator.virtual_time import VirtualTime
from invalidator.ports import Message

POLLERS = 5
MAX_CONCURRENCY = 2
QUIET_SECONDS = 20.0
QUIET_MESSAGES = 10
RECEIVED_AT_ONCE = 10
TICK_SECONDS = 0.1


@dataclass(slots=True)
class EventSource:
    """Moves messages from the queue to the function.

    Attributes:
        time: virtual time.
        queue: where messages come from.
        rules: batch size, window, payload.
        invoke: the function: a batch in, the ids that failed out; None when it crashed, which fails them all.
        invocations: how often it was invoked.
        in_work: messages that were received and are not done: gathered in a batch, or in the function's hands.
    """

    time: VirtualTime
    queue: SimulatedQueue
    rules: BatchRules
    invoke: Callable[[Sequence[Message]], set[str] | None]
    invocations: int = 0
    in_work: int = 0
    _open: list[Batch[Waiting]] = field(init=False)
    _due: list[Batch[Waiting]] = field(default_factory=list)
    _running: int = 0
    _turn: int = 0

    def __post_init__(self) -> None:
        self._open = [Batch(self.rules) for _ in range(POLLERS)]

    def poll(self) -> None:
        """Let the pollers look once: gather what is visible, close what is due, invoke while there is room."""
        self.queue.wake()
        self._gather()
        for batch in [each for each in self._open if self._is_due(each)]:
            self._close(batch)
        while self._due and self._running < MAX_CONCURRENCY:
            batch = self._due.pop(0)
            self._running += 1
            self._open.append(Batch(self.rules))
            self.time.start(functools.partial(self._run, batch))

    def idle(self) -> bool:
        """Tell whether nothing is gathered or running."""
        return not self._running and not self._due and not any(each.messages for each in self._open)

    def _gather(self) -> None:
        """Each poller in turn receives a handful; one whose batch is closed and waits receives nothing."""
        while self.queue.visible and self._open:
            self._turn += 1
            batch = self._open[self._turn % len(self._open)]
            for _ in range(RECEIVED_AT_ONCE):
                waiting = self.queue.receive()
                if waiting is None:
                    return
                size = len(waiting.message.body)
                if not batch.has_room(size):
                    self.queue.visible.appendleft(waiting)
                    waiting.receives -= 1
                    self._close(batch)
                    break
                batch.add(self.time.now(), waiting, size)
                self.in_work += 1

    def _is_due(self, batch: Batch[Waiting]) -> bool:
        quiet = len(batch.messages) < QUIET_MESSAGES
        late = QUIET_SECONDS - self.rules.window if quiet and self.rules.window < QUIET_SECONDS else 0.0
        return batch.is_due(self.time.now() - late)

    def _close(self, batch: Batch[Waiting]) -> None:
        self._open.remove(batch)
        self._due.append(batch)

    def _run(self, batch: Batch[Waiting]) -> None:
        self.invocations += 1
        failed = self.invoke([each.message for each in batch.messages])
        for waiting in batch.messages:
            if failed is None or waiting.message.id in failed:
                self.queue.hide(waiting)
        self._running -= 1
        self.in_work -= len(batch.messages)
