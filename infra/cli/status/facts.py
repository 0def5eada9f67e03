"""What `invalidator status` knows: asked of SQS, Lambda, the table, CloudFront and CloudWatch.

Each part stands alone: where one service cannot be asked, its part is None and a note says why.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from bucket_watch.standing import Standing
from infra.cli.check.finding import Finding
from infra.cli.deployed import Deployed, settings_or_why
from infra.cli.errors import CommandError, explain_aws_error
from infra.cli.pause import Step, event_source_mappings, is_off
from infra.cli.session import Session, output
from infra.cli.status.measured import Latency, latency, oldest_seconds
from infra.cli.status.money import Money, month
from invalidator.aws.cloudfront import CloudFrontInvalidations
from invalidator.aws.table.targets import TargetTable
from invalidator.core.limits.account import OWN_ACCOUNT, Limits
from invalidator.core.limits.room import LONGEST_SECONDS, in_progress
from invalidator.core.pending.wakes import Wake
from invalidator.core.remembering.memory_state import MemoryState
from invalidator.core.routes_age import late_after
from invalidator.core.sent import Sent
from invalidator.failures import Failure

# Of an account with more in progress, the first are asked for and the rest is taken from the table.
MOST_STATUS_CALLS = 20
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Backlog:
    """A queue: messages that wait, are in flight, or are delayed until a retry."""

    waiting: int
    in_flight: int
    delayed: int


@dataclass(slots=True)
class Facts:
    """Everything, as far as these credentials may know it.

    Attributes:
        at: when it was asked, epoch seconds.
        backlog: the changes queue, which intake reads.
        oldest_seconds: age of its oldest message.
        dead_letters: how many there are, about.
        paused: which of the worker's steps are switched off.
        pending: whom something waits for that is not sent yet, the oldest change first.
        buckets: how each connected bucket stood when the watch looked last; what is wrong comes first.
        running: invalidations in progress.
        last: the newest invalidation of each distribution, newest first.
        distributions: how many there are to be invalidated.
        surveyed: when the last complete survey began, epoch seconds; 0 for never.
        late_after: the routes' age in seconds past which they are late.
        paths: paths sent this month.
        limits: what the operator allows.
        money: what follows from both.
        latency: of the last 24 hours.
        remembered: how far the memory of each remembered bucket is.
        warnings: why nothing may come, or nothing be sent.
        notes: what could not be asked, and why.
    """

    at: float
    backlog: Backlog | None = None
    oldest_seconds: float | None = None
    dead_letters: int | None = None
    paused: dict[Step, bool] | None = None
    pending: list[Wake] | None = None
    buckets: list[Standing] | None = None
    running: list[Sent] = field(default_factory=list)
    last: list[Sent] | None = None
    distributions: int | None = None
    surveyed: float | None = None
    late_after: float | None = None
    paths: int | None = None
    limits: Limits | None = None
    money: Money | None = None
    latency: Latency | None = None
    remembered: dict[str, MemoryState] = field(default_factory=dict)
    warnings: Sequence[Finding] = ()
    notes: list[str] = field(default_factory=list)


def gather(session: Session, now: float) -> Facts:
    """Ask for all of it. Raises CommandError where there is no stack."""
    facts = Facts(now)
    queue = output(session, "QueueUrl")
    facts.backlog = _ask(facts, "the queue", lambda: _backlog(session, queue))
    dead = _ask(
        facts, "the dead-letter queue", lambda: _backlog(session, output(session, "DeadLetterQueueUrl"))
    )
    facts.dead_letters = None if dead is None else dead.waiting + dead.in_flight
    facts.oldest_seconds = _ask(facts, "the age of the backlog", lambda: oldest_seconds(session, queue, now))
    facts.paused = _ask(facts, "whether it is paused", lambda: _paused(session))
    deployed = Deployed(session)
    settings = settings_or_why(deployed)
    if isinstance(settings, str):
        facts.notes.append(settings)
    else:
        facts.limits = settings.limits
        memory = deployed.memory
        if memory is not None:
            for bucket in sorted(settings.remembered):
                state = _ask(facts, f"the memory of {bucket}", partial(memory.state, bucket))
                if state is not None:
                    facts.remembered[bucket] = state
        facts.late_after = late_after(settings.survey_minutes * 60.0)
    targets = deployed.targets
    facts.pending = _ask(facts, "what is pending", lambda: _pending(deployed))
    facts.buckets = _ask(facts, "how the buckets stand", lambda: _buckets(deployed))
    facts.paths = _ask(
        facts, "the paths of this month", lambda: deployed.accounts.known(OWN_ACCOUNT, now).spending.month
    )
    facts.surveyed = _ask(facts, "how old the routes are", lambda: deployed.routes.survey_state().completed)
    roles = _ask(facts, "the routes", lambda: _roles(deployed))
    if roles is not None:
        facts.distributions = len(roles)
        facts.last = _ask(facts, "the last invalidations", lambda: _last(targets, sorted(roles)))
    if facts.last and roles:
        newest = facts.last
        running = _ask(facts, "invalidations in progress", lambda: _running(targets, newest, now))
        facts.running = _unfinished(deployed, facts, running or [], roles)
    if facts.limits is not None and facts.paths is not None and facts.distributions is not None:
        facts.money = month(facts.paths, facts.limits, facts.distributions, now)
    facts.latency = _ask(facts, "event-to-invalidation times", lambda: latency(session, now))
    return facts


def _ask(facts: Facts, what: str, question: Callable[[], Found]) -> Found | None:
    try:
        return question()
    except (BotoCoreError, ClientError) as error:
        facts.notes.append(f"{what} cannot be read: {explain_aws_error(error)}")
    except (CommandError, Failure) as error:
        facts.notes.append(f"{what} cannot be read: {error}")
    return None


def _backlog(session: Session, url: str) -> Backlog:
    names: Any = ["", "NotVisible", "Delayed"]
    names = [f"ApproximateNumberOfMessages{name}" for name in names]
    got = session.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return Backlog(*(int(got[name]) for name in names))


def _paused(session: Session) -> dict[Step, bool]:
    return {step: is_off(mapping) for step, mapping in event_source_mappings(session).items()}


def _pending(deployed: Deployed) -> list[Wake]:
    waiting = [wake for wake in deployed.wakes.waiting() if wake.since is not None]
    return sorted(waiting, key=lambda wake: (wake.since or 0.0, wake.name))


def _buckets(deployed: Deployed) -> list[Standing]:
    return sorted(deployed.standings.all().values(), key=lambda each: (not each.wrong, each.bucket))


def _roles(deployed: Deployed) -> dict[str, str | None]:
    """Return every distribution that serves a bucket, and the role by which its account is reached."""
    return {routes.target: routes.role for routes, _ in deployed.routes.all_routes() if routes.buckets}


def _last(targets: TargetTable, names: Iterable[str]) -> list[Sent]:
    found = [targets.last_sent(name) for name in names]
    return sorted((sent for sent in found if sent is not None), key=lambda sent: -sent.created)


def _running(targets: TargetTable, newest: list[Sent], now: float) -> list[Sent]:
    oldest = now - LONGEST_SECONDS
    names = [sent.distribution for sent in newest if sent.created >= oldest]
    return in_progress((sent for name in names for sent in targets.sent_since(name, oldest)), now)


def _unfinished(
    deployed: Deployed, facts: Facts, running: list[Sent], roles: Mapping[str, str | None]
) -> list[Sent]:
    """Leave out what CloudFront has finished; what it cannot be asked about counts as in progress."""
    cloudfront = CloudFrontInvalidations(deployed.cloudfront_clients)
    unfinished = []
    for number, sent in enumerate(running):
        asked = number < MOST_STATUS_CALLS and sent.id
        try:
            if asked and cloudfront.completed(sent.distribution, sent.id, roles[sent.distribution]):
                continue
        except Failure as failure:
            facts.notes.append(f"{sent.id} counts as in progress: {failure}")
        unfinished.append(sent)
    return unfinished
