"""What became of a batch, for the handler's answer, the log and the metrics."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from invalidator.batch.inbox import Inbox
from invalidator.batch.routes import Routes
from invalidator.core.bucket_changes import BucketChanges
from invalidator.core.messages.backlog import KeyBacklog, PathBacklog
from invalidator.core.outcome import Outcome
from invalidator.core.reasons import Reason
from invalidator.core.work import BatchWork, Work
from invalidator.failures import Failure


@dataclass(frozen=True, slots=True)
class Postponed:
    """Work whose distributions nobody could tell.

    Attributes:
        backlog: the work.
        failure: why nobody could.
        dead: the reason with which it is given up, None where it waits on the queue.
        messages: ids of the messages behind it.
    """

    backlog: KeyBacklog | PathBacklog
    failure: Failure
    dead: Reason | None
    messages: Sequence[str]


@dataclass(slots=True)
class Report:
    """What became of a batch.

    Attributes:
        messages: how many there were.
        inbox: what was read.
        buckets: the changes by bucket.
        routes: who serves the buckets.
        postponed: the work whose distributions nobody could tell.
        work: the work by distribution, and what needs none.
        outcomes: what became of each distribution's work, with the work.
        retry: ids of messages that stay on the queue, because nothing could be handed over.
        paths_this_month: what the worker's own account has spent, None when the table did not say.
    """

    messages: int
    inbox: Inbox
    buckets: dict[str, BucketChanges] = field(default_factory=dict)
    routes: Routes = field(default_factory=Routes)
    postponed: list[Postponed] = field(default_factory=list)
    work: BatchWork = field(default_factory=BatchWork)
    outcomes: list[tuple[Work, Outcome]] = field(default_factory=list)
    retry: set[str] = field(default_factory=set)
    paths_this_month: int | None = None
