"""When a poller of Lambda's SQS event source closes its batch: a state machine over values, no clock.

The rules are AWS's [aws-behaviour.md, SQS and Lambda; Lambda guide, "Using Lambda with Amazon SQS", batching
behavior]: a batch closes when it holds BatchSize messages, when its payload reaches 6 MB, or when the window,
counted from its first message, is over. The event source uses it in real time, the simulator in virtual time.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

Message = TypeVar("Message")

PAYLOAD_BYTES = 6 * 1024 * 1024
# What AWS writes around a body: ids, a receipt handle of some 400 characters, attributes, ARN.
RECORD_OVERHEAD_BYTES = 900


@dataclass(frozen=True, slots=True)
class BatchRules:
    """What the event source mapping says.

    Attributes:
        size: BatchSize, 1 to 10,000.
        window: MaximumBatchingWindowInSeconds, 0 to 300; at 0 a batch goes as soon as it holds a message.
        payload_bytes: the most a batch may weigh, bodies and what is around them.
    """

    size: int
    window: float
    payload_bytes: int = PAYLOAD_BYTES


class Batch(Generic[Message]):
    """Gathers messages until it is due.

    The one who gathers adds messages while `has_room` says so, sends the batch once it `is_due`, and begins
    the next with the message that found no room.
    """

    def __init__(self, rules: BatchRules) -> None:
        self._rules = rules
        self._payload = 0
        self.messages: list[Message] = []
        self.closes_at: float | None = None

    def has_room(self, body_bytes: int) -> bool:
        """Tell whether a message with a body of so many UTF-8 bytes still fits; the first always does."""
        if not self.messages:
            return True
        return (
            len(self.messages) < self._rules.size
            and self._payload + body_bytes + RECORD_OVERHEAD_BYTES <= self._rules.payload_bytes
        )

    def add(self, now: float, message: Message, body_bytes: int) -> None:
        """Put a message in; the first starts the window. Raises ValueError where it has no room."""
        if not self.has_room(body_bytes):
            raise ValueError("the batch is full: send it and begin another")
        if self.closes_at is None:
            self.closes_at = now + self._rules.window
        self.messages.append(message)
        self._payload += body_bytes + RECORD_OVERHEAD_BYTES

    def is_due(self, now: float) -> bool:
        """Tell whether the batch goes to the function now: it is full, or its window is over."""
        if self.closes_at is None:
            return False
        return now >= self.closes_at or not self.has_room(0)
