"""SQS in virtual time: visibility, delays, receive counts, redrive, and the dead-letter queue."""

import heapq
from collections import deque
from dataclasses import dataclass, field

from invalidator.core.messages.backlog import KeyBacklog, PathBacklog, bodies
from invalidator.core.reasons import Reason
from invalidator.ports import Clock, Message

# The template's numbers: a test compares them.
MAX_RECEIVE_COUNT = 10
VISIBILITY_SECONDS = 720.0


@dataclass(slots=True)
class Waiting:
    """A message on the queue.

    Attributes:
        message: as the function would get it.
        receives: how often it was received.
    """

    message: Message
    receives: int = 0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message in the dead-letter queue, with the reason it came with ("" from the redrive policy)."""

    body: str
    reason: str


@dataclass(slots=True)
class SimulatedQueue:
    """The invalidation queue and its dead-letter queue; for the worker, its `Queue`.

    Attributes:
        clock: virtual time.
        visible: what can be received now.
        dead: the dead-letter queue.
        taken: messages that were sent to the queue, ever.
    """

    clock: Clock
    visible: deque[Waiting] = field(default_factory=deque)
    dead: list[DeadLetter] = field(default_factory=list)
    taken: int = 0
    _hidden: int = 0
    _later: list[tuple[float, int, Waiting]] = field(default_factory=list)

    def send(self, body: str, delay: float = 0.0) -> None:
        """Take a message; it can be received after `delay` seconds."""
        self.taken += 1
        waiting = Waiting(Message(f"m{self.taken}", body, self.clock.now()))
        if delay > 0:
            self._hide(waiting, delay)
        else:
            self.visible.append(waiting)

    def wake(self) -> None:
        """Make visible what has waited long enough."""
        now = self.clock.now()
        while self._later and self._later[0][0] <= now:
            self.visible.append(heapq.heappop(self._later)[2])

    def next_wake(self) -> float | None:
        """When the next hidden message can be received, None when none is hidden."""
        return self._later[0][0] if self._later else None

    def receive(self) -> Waiting | None:
        """Receive one message; the redrive policy takes those received too often."""
        while self.visible:
            waiting = self.visible.popleft()
            waiting.receives += 1
            if waiting.receives <= MAX_RECEIVE_COUNT:
                return waiting
            self.dead.append(DeadLetter(waiting.message.body, ""))
        return None

    def hide(self, waiting: Waiting) -> None:
        """A received message that was not deleted comes back after the visibility timeout."""
        self._hide(waiting, VISIBILITY_SECONDS)

    def put_back(self, backlog: PathBacklog | KeyBacklog, delay: float) -> None:
        """Put work back as compact messages."""
        for body in bodies(backlog):
            self.send(body, delay)

    def give_up(self, backlog: PathBacklog | KeyBacklog, reason: Reason, detail: str) -> None:  # noqa: ARG002  the port's
        """Put work in the dead-letter queue."""
        self.dead += [DeadLetter(body, reason) for body in bodies(backlog)]

    def give_up_message(self, message: Message, reason: Reason, detail: str) -> None:  # noqa: ARG002  the port's
        """Put a message in the dead-letter queue as it came."""
        self.dead.append(DeadLetter(message.body, reason))

    def _hide(self, waiting: Waiting, seconds: float) -> None:
        self._hidden += 1
        heapq.heappush(self._later, (self.clock.now() + seconds, self._hidden, waiting))

    def __len__(self) -> int:
        return len(self.visible) + len(self._later)
