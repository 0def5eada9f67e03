"""The errors that leave a service, already decided at its edge. `aws/aws_errors.py` holds the table.

Failure
├── BackPressure         CloudFront's quotas: a normal state; the work waits
├── Transient            passing: retried with backoff, for a while
├── InvalidPaths         one of the request's paths is refused, nobody says which
├── Permanent            given up at once, with a reason
├── TableUnavailable     the table cannot be asked: what arrives stays on the queue
│   ├── UnreadableRoutes a target's routing is of another version, or damaged, until the next survey writes it again
│   └── UnreadableHead   the number dealt last in a log is none: somebody edited it
├── UnreadableEntry      what stands under a number of a log is of another version, or damaged
├── UnreadablePin        what somebody pinned is of another version, or damaged: no survey is made without it
└── QueueUnavailable     nothing could be handed over: the messages stay where they are
"""

from invalidator.core.reasons import Reason


class Failure(Exception):  # noqa: N818  the tree's root; each kind below says what happens, not that it is an error
    """An outside call that did not do its work; the text is what the service said."""


class BackPressure(Failure):
    """A quota was met.

    Attributes:
        too_large: whether the request's size can be the cause, and not only the rate of calls.
    """

    def __init__(self, message: str, *, too_large: bool) -> None:
        super().__init__(message)
        self.too_large = too_large


class Transient(Failure):
    """A passing error: 5xx, a reset connection, a time-out before or after the request took effect."""


class InvalidPaths(Failure):
    """CloudFront calls one of the paths invalid, and does not say which."""


class Permanent(Failure):
    """No retry will help.

    Attributes:
        reason: why, by the table of reasons.
    """

    def __init__(self, message: str, reason: Reason) -> None:
        super().__init__(message)
        self.reason = reason


class TableUnavailable(Failure):
    """The table could not be read or written."""


class UnreadableRoutes(TableUnavailable):
    """A target's routing that this version cannot read. What waits for the target waits until a survey wrote it."""

    def __init__(self, target: str, why: str) -> None:
        super().__init__(
            f"the routing of {target} in the table cannot be read: {why}; the next survey mends it"
        )
        self.target = target


class UnreadableHead(TableUnavailable):
    """A log's head that somebody edited into what is none: nothing can be written to the log until it is mended."""


class UnreadablePin(Failure):
    """A pin that this version cannot read; the text names it and the fix.

    Attributes:
        sort_key: its sort key in the table's partition `pins`.
    """

    def __init__(self, sort_key: str, why: str) -> None:
        super().__init__(
            f"the pin {sort_key} cannot be read: {why}; deploy the version that pinned it, or pin it again"
        )
        self.sort_key = sort_key


class UnreadableEntry(Failure):
    """An entry of a log that this version cannot read: of another version, or edited by hand.

    Attributes:
        owner: whose log it is.
        number: its place in the log. Who goes on reads after it.
    """

    def __init__(self, owner: str, number: int, why: str) -> None:
        super().__init__(f"entry {number} in the log of {owner} cannot be read: {why}")
        self.owner = owner
        self.number = number


class QueueUnavailable(Failure):
    """A message could not be sent."""
