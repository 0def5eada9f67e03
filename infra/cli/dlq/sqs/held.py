"""What a reader of the dead-letter queue holds: the receipts by which SQS knows it, and how much that is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from infra.cli.dlq.letters import DeadLetter


@dataclass(slots=True)
class Held:
    """The letters that are invisible to others because of this process. Threads share it.

    Attributes:
        received: how many different letters were received so far, also those that are gone since.
        bytes: size of the bodies that are held.
    """

    received: int = 0
    bytes: int = 0
    _receipts: dict[str, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def add(self, messages: Sequence[Any]) -> list[Any]:
        """Take note of messages as ReceiveMessage returns them; return those that were not held already."""
        with self._lock:
            new = [each for each in messages if each["MessageId"] not in self._receipts]
            self._receipts |= {each["MessageId"]: each["ReceiptHandle"] for each in messages}
            self.received += len(new)
            self.bytes += sum(len(each["Body"]) for each in new)
        return new

    def receipt(self, letter: DeadLetter) -> str:
        """Return the newest receipt of a letter that is held."""
        return self._receipts[letter.id]

    def deleted(self, letters: Sequence[DeadLetter]) -> None:
        """Take note that letters are gone from the queue."""
        with self._lock:
            for letter in letters:
                if self._receipts.pop(letter.id, None) is not None:
                    self.bytes -= len(letter.body)

    def let_go(self) -> list[str]:
        """Return all receipts, and hold nothing any more."""
        with self._lock:
            receipts = list(self._receipts.values())
            self._receipts.clear()
            self.bytes = 0
        return receipts
