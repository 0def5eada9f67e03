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
        bytes: size of the bodies that are held.
    """

    bytes: int = 0
    _receipts: dict[str, str] = field(default_factory=dict)
    # When each was received, or held on to, for the last time: the oldest first.
    _since: dict[str, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @property
    def count(self) -> int:
        """How many letters are held."""
        return len(self._receipts)

    def add(self, messages: Sequence[Any], now: float) -> list[Any]:
        """Take note of messages as ReceiveMessage returns them at `now`; return those that were not held already."""
        with self._lock:
            new = [each for each in messages if each["MessageId"] not in self._receipts]
            self._receipts |= {each["MessageId"]: each["ReceiptHandle"] for each in messages}
            self._held_since([each["MessageId"] for each in messages], now)
            self.bytes += sum(len(each["Body"]) for each in new)
        return new

    def receipt(self, letter: DeadLetter) -> str:
        """Return the newest receipt of a letter that is held."""
        return self._receipts[letter.id]

    def due(self, received_before: float, now: float, most: int) -> list[str]:
        """Return receipts of letters that were held on to before, the oldest first; they count as held from `now`."""
        with self._lock:
            names: list[str] = []
            for name, since in self._since.items():
                if since >= received_before or len(names) == most:
                    break
                names.append(name)
            self._held_since(names, now)
            return [self._receipts[name] for name in names]

    def _held_since(self, names: Sequence[str], now: float) -> None:
        for name in names:
            self._since.pop(name, None)  # to the end: the order is that of the times
            self._since[name] = now

    def deleted(self, letters: Sequence[DeadLetter]) -> None:
        """Take note that letters are gone from the queue."""
        with self._lock:
            for letter in letters:
                self._since.pop(letter.id, None)
                if self._receipts.pop(letter.id, None) is not None:
                    self.bytes -= len(letter.body)

    def let_go(self) -> list[str]:
        """Return all receipts, and hold nothing any more."""
        with self._lock:
            receipts = list(self._receipts.values())
            self._receipts.clear()
            self._since.clear()
            self.bytes = 0
        return receipts
