"""A standard SQS queue in virtual time: visibility, delays, receive counts, redrive, and what its calls cost."""

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from infra.simulator.virtual_time import VirtualTime
from invalidator.ports import Message

# The template's numbers: a test compares them.
MAX_RECEIVE_COUNT = 1000
VISIBILITY_SECONDS = 180.0

# SQS bills a call for each 64 KB of its payload, and takes or gives ten messages with one.
BILLED_BYTES = 65_536
MESSAGES_A_CALL = 10


class DeadLetter(NamedTuple):
    """A message in the dead-letter queue, with the reason it came with ("" from the redrive policy)."""

    body: str
    reason: str


@dataclass(slots=True)
class Waiting:
    """A message on the queue.

    Attributes:
        id: SQS's message id.
        body: the text.
        sent: when SQS took it, epoch seconds.
        receives: how often it was received.
    """

    id: str
    body: str
    sent: float
    receives: int = 0

    def received(self) -> Message:
        """Return it as a receiver sees it."""
        return Message(self.id, self.body, self.sent, self.receives, self.id)


@dataclass(slots=True)
class SimulatedQueue:
    """A queue.

    Attributes:
        time: virtual time.
        visibility: seconds for which a received message is hidden, unless its receiver says otherwise.
        most_receives: a message received more often goes to the dead letters.
        on_visible: called when a message can be received that could not be before.
        visible: what can be received now.
        dead: what the redrive policy took.
        taken: messages that were sent to the queue, ever.
        calls: billed requests, ever: of those who send, of Lambda that polls, and of the function itself.
    """

    time: VirtualTime
    visibility: float = VISIBILITY_SECONDS
    most_receives: int = MAX_RECEIVE_COUNT
    on_visible: Callable[[], None] = lambda: None
    visible: deque[Waiting] = field(default_factory=deque)
    dead: list[DeadLetter] = field(default_factory=list)
    taken: int = 0
    calls: int = 0
    _hidden: dict[str, Waiting] = field(default_factory=dict)
    _until: dict[str, float] = field(default_factory=dict)
    _timers: list[tuple[float, int, str]] = field(default_factory=list)
    _timer: float = float("inf")
    _count: int = 0

    def send(self, body: str, delay: float = 0.0) -> None:
        """Take a message; it can be received after `delay` seconds."""
        self.taken += 1
        self.calls += -(-len(body) // BILLED_BYTES)
        waiting = Waiting(f"m{self.taken}", body, self.time.now())
        if delay > 0:
            self._hide(waiting, delay)
        else:
            self.visible.append(waiting)
            self.on_visible()

    def receive(self, most: int, visibility: float | None = None) -> list[Message]:
        """Receive up to so many of the visible messages; the redrive policy takes those received too often."""
        received: list[Message] = []
        size = 0
        while self.visible and len(received) < most:
            waiting = self.visible.popleft()
            waiting.receives += 1
            if waiting.receives > self.most_receives:
                self.dead.append(DeadLetter(waiting.body, ""))
                continue
            self._hide(waiting, self.visibility if visibility is None else visibility)
            received.append(waiting.received())
            size += len(waiting.body)
        self.calls += max(-(-len(received) // MESSAGES_A_CALL), -(-size // BILLED_BYTES), 1)
        return received

    def delete(self, messages: Sequence[Message]) -> None:
        """Delete received messages."""
        self.calls += -(-len(messages) // MESSAGES_A_CALL)
        for message in messages:
            self._hidden.pop(message.id, None)
            self._until.pop(message.id, None)

    def __len__(self) -> int:
        return len(self.visible) + len(self._hidden)

    def bodies(self) -> Iterable[str]:
        """Yield the bodies of all that is on the queue, received or not."""
        yield from (waiting.body for waiting in (*self.visible, *self._hidden.values()))

    def _hide(self, waiting: Waiting, seconds: float) -> None:
        until = self.time.now() + seconds
        self._hidden[waiting.id] = waiting
        self._until[waiting.id] = until
        if len(self._timers) > 1000 + 2 * len(self._until):
            # Most of what a bulk upload hid is deleted long before it would come back.
            self._timers = [each for each in self._timers if self._until.get(each[2]) == each[0]]
            heapq.heapify(self._timers)
        self._count += 1
        heapq.heappush(self._timers, (until, self._count, waiting.id))
        self._wake_at(until)

    def _wake_at(self, until: float) -> None:
        if until < self._timer:
            self._timer = until
            self.time.at(until, self._show)

    def _show(self) -> None:
        now = self.time.now()
        if now < self._timer:
            return
        self._timer = float("inf")
        shown = False
        while self._timers and (self._timers[0][0] <= now or not self._hides(self._timers[0])):
            timer = heapq.heappop(self._timers)
            if self._hides(timer):
                del self._until[timer[2]]
                self.visible.append(self._hidden.pop(timer[2]))
                shown = True
        if self._timers:
            self._wake_at(self._timers[0][0])
        if shown:
            self.on_visible()

    def _hides(self, timer: tuple[float, int, str]) -> bool:
        return self._until.get(timer[2]) == timer[0]
