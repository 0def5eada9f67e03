"""What the worker needs of the outside world. `aws/` holds the AWS side of each; the simulator brings its own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from invalidator.core.limits.account import Account
from invalidator.core.limits.pace import Pace
from invalidator.core.messages.backlog import KeyBacklog, PathBacklog
from invalidator.core.reasons import Reason
from invalidator.core.request import Request
from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.pins import Pin
from invalidator.core.sent import Sent


@dataclass(frozen=True, slots=True)
class Message:
    """A queue message as Lambda hands it over.

    Attributes:
        id: SQS's message id.
        body: the text.
        sent: when SQS took it, epoch seconds.
    """

    id: str
    body: str
    sent: float


@dataclass(frozen=True, slots=True)
class StoredRoutes:
    """What the table knows of a bucket: who serves it, as scanned, and until when that counts as fresh.

    Attributes:
        distributions: found by the last scan, or pinned; empty when no distribution serves the bucket.
        fresh_until: epoch seconds; past that, the answer is stale but better than none.
    """

    distributions: tuple[Distribution, ...]
    fresh_until: float

    def fresh(self, now: float) -> bool:
        """Tell whether the answer still counts as fresh at `now`, epoch seconds."""
        return self.fresh_until > now


class Clock(Protocol):
    """Time, passed in."""

    def now(self) -> float:
        """Return epoch seconds."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class CloudFront(Protocol):
    """The distributions of every account that the worker may ask."""

    def create(self, request: Request, role: str | None) -> Sent:
        """Send one invalidation request. Raises the errors of `invalidator.failures`."""

    def completed(self, distribution: str, invalidation: str, role: str | None) -> bool:
        """Tell whether CloudFront has finished an invalidation. Raises the errors of `invalidator.failures`."""


class Listing(Protocol):
    """Lists a bucket."""

    def below(self, bucket: str, prefix: str) -> tuple[list[str], bool]:
        """Return some keys below a prefix, and whether there are more. Raises the errors of `invalidator.failures`."""


class Discovery(Protocol):
    """Finds out who serves which bucket."""

    def scan(self, pins: Sequence[Pin]) -> Mapping[str, tuple[Distribution, ...]]:
        """Return bucket → distributions, for every bucket that any distribution serves or a pin names.

        Raises the errors of `invalidator.failures`.
        """


class Memory(Protocol):
    """The table: the routes, what was sent, what was spent and learned. Raises `MemoryUnavailable`."""

    def recall(
        self, buckets: Iterable[str], account: str, now: float
    ) -> tuple[dict[str, StoredRoutes], Account]:
        """Return what is known of the buckets (absent: never asked) and of an account, in one call."""

    def store_routes(self, routes: Mapping[str, StoredRoutes]) -> None:
        """Remember who serves which bucket."""

    def pins(self) -> list[Pin]:
        """Return what people have pinned."""

    def sent_since(self, distribution: str, since: float) -> list[Sent]:
        """Return the distribution's invalidations created at or after `since`, epoch seconds."""

    def record(self, sent: Sent, account: str, now: float) -> None:
        """Remember an invalidation, and add its paths to what the account has spent."""

    def mark_completed(self, sent: Sent) -> None:
        """Remember that CloudFront finished an invalidation."""

    def learn(self, account: str, pace: Pace) -> None:
        """Remember what CloudFront accepts."""

    def reserve_call(self, account: str, now: float, gap: float, latest: float) -> float | None:
        """Take the account's next free call slot, so that two workers keep `gap` seconds apart together.

        Returns the time of the slot, or None where it would lie after `latest`; then none is taken.
        """


class Queue(Protocol):
    """The invalidation queue and its dead-letter queue. Raises `QueueUnavailable`; then nothing was handed over."""

    def put_back(self, backlog: PathBacklog | KeyBacklog, delay: float) -> None:
        """Put work back on the queue as compact messages, visible after `delay` seconds."""

    def give_up(self, backlog: PathBacklog | KeyBacklog, reason: Reason, detail: str) -> None:
        """Put work in the dead-letter queue as compact messages, with the reason."""

    def give_up_message(self, message: Message, reason: Reason, detail: str) -> None:
        """Put a message that cannot be read in the dead-letter queue as it came, with the reason."""
