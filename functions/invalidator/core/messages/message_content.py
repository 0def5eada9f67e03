"""What one queue message says, once it is read: changes, work put back earlier, or why it cannot be read."""

from dataclasses import dataclass
from typing import NamedTuple

from invalidator.core.messages.backlog import KeyBacklog, PathBacklog
from invalidator.core.messages.change import Change
from invalidator.core.reasons import Reason

# What a message says of itself is quoted to people, but never at the length it chose.
MOST_DETAIL = 300


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a message, or one of its records, cannot be read; `detail` names the field for a person."""

    reason: Reason
    detail: str

    def __post_init__(self) -> None:
        # The way a frozen dataclass derives a field:
        # https://docs.python.org/3/library/dataclasses.html#frozen-instances
        object.__setattr__(self, "detail", self.detail[:MOST_DETAIL])


class MessageContent(NamedTuple):
    """What one message says. Each has at least one of these: nothing is read in silence.

    No dataclass, for the reason that `Change` is none.

    Attributes:
        changes: objects that were written or removed.
        backlog: work put back earlier, in a compact message.
        test_event: whether it is S3's greeting on a new notification, which asks for nothing.
        ignored: how many records tell of what viewers cannot see (tagging, access control, restore).
        ignored_kinds: what those tell of, each once, a few at most; for the log.
        problem: the first thing that could not be read; what could be read stands beside it.
        misdated: how many of S3's changes have no time that can be: none, a later than their message, or a far older
            one. They count as young as their message.
    """

    changes: tuple[Change, ...] = ()
    backlog: PathBacklog | KeyBacklog | None = None
    test_event: bool = False
    ignored: int = 0
    ignored_kinds: tuple[str, ...] = ()
    problem: Problem | None = None
    misdated: int = 0
