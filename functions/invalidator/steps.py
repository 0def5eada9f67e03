"""The steps of the worker, each given what it needs of the world: the one place that does so.

`wiring` gives them AWS, virtual time and the tests give them twins.
"""

from collections.abc import Callable
from dataclasses import dataclass

from invalidator.core.limits.account import Limits
from invalidator.core.messages.wake import WakeMessage
from invalidator.core.pending.wakes import Gathering
from invalidator.core.remembering.hints import NO_HINTS, Hints
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.sent import Sent
from invalidator.intake.intake import Intake
from invalidator.ports import (
    Accounts,
    ChangesQueue,
    Clock,
    CloudFront,
    DeadLetters,
    Listing,
    Log,
    Memory,
    Surveys,
    Targets,
    WakeQueue,
    Wakes,
)
from invalidator.remembering.remembering import Judged, Remembering
from invalidator.sender.buckets import BucketRun, Buckets
from invalidator.sender.forgetting import Forgetting
from invalidator.sender.sender import Refreshing, Run, Sender, as_known, untold
from invalidator.waking import Waking


@dataclass(frozen=True, slots=True)
class Outside:
    """What the steps need of the world.

    Attributes:
        listing: lists buckets, None where the stack was not allowed to.
        refresh: asks for another account's distribution again.
        memory: what is remembered of buckets, None where none is.
    """

    log: Log
    wakes: Wakes
    targets: Targets
    accounts: Accounts
    cloudfront: CloudFront
    changes: ChangesQueue
    wake_queue: WakeQueue
    dead_letters: DeadLetters
    surveys: Surveys
    clock: Clock
    listing: Listing | None = None
    refresh: Refreshing = as_known
    memory: Memory | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the operator chose; by default as the template does, where it is not to be said each time.

    Attributes:
        limits: what one invalidation and one month may have.
        gathering: how long changes are gathered.
        routing: what is said of the sites.
        most_receives: MaxReceiveCount.
        survey_seconds: SurveyMinutes.
        listing_calls: the most listings for one run of a target.
        acl_changes: AclChanges.
        remembered: RememberedBuckets.
        hints: IgnoredKeys and ImmutableKeys.
    """

    limits: Limits
    gathering: Gathering
    routing: RoutingSettings
    most_receives: int = 10
    survey_seconds: float = 300.0
    listing_calls: int = 0
    acl_changes: bool = False
    remembered: frozenset[str] = frozenset()
    hints: Hints = NO_HINTS


@dataclass(frozen=True, slots=True)
class Steps:
    """The worker's steps, wired.

    Attributes:
        intake: takes in batches of the changes queue.
        sender: looks at one target.
        buckets: the steps that are no target's.
        remembering: without a memory: what waits for one that the stack has no more is handed over unjudged.
    """

    intake: Intake
    sender: Sender
    buckets: Buckets
    remembering: Remembering

    def follow(
        self, wake: WakeMessage, token: str, deadline: float, accepted: Callable[[Sent], None] = untold
    ) -> Run | BucketRun | Judged:
        """Look at whom a wake names; `accepted` is told of each invalidation.

        Raises TableUnavailable and QueueUnavailable: the wake is to come again.
        """
        if wake.target is not None:
            return self.sender.run(wake.target, token, deadline, accepted)
        if wake.bucket is not None:
            return self.buckets.hand_out(wake.bucket, token, deadline)
        if wake.memory is not None:
            return self.remembering.run(wake.memory, token, deadline)
        return self.buckets.find_owners(token, deadline)


def steps(outside: Outside, chosen: Chosen) -> Steps:
    """Wire the steps."""
    waking = Waking(outside.wakes, outside.wake_queue, outside.clock)
    forgetting = (
        Forgetting(outside.log, outside.memory, chosen.remembered, chosen.routing)
        if outside.memory is not None
        else None
    )
    return Steps(
        intake=Intake(
            log=outside.log,
            targets=outside.targets,
            surveys=outside.surveys,
            queue=outside.changes,
            dead_letters=outside.dead_letters,
            waking=waking,
            clock=outside.clock,
            gathering=chosen.gathering,
            most_receives=chosen.most_receives,
            acl_changes=chosen.acl_changes,
            remembered=chosen.remembered,
            hints=chosen.hints,
        ),
        sender=Sender(
            log=outside.log,
            wakes=outside.wakes,
            targets=outside.targets,
            accounts=outside.accounts,
            cloudfront=outside.cloudfront,
            wake_queue=outside.wake_queue,
            dead_letters=outside.dead_letters,
            surveys=outside.surveys,
            clock=outside.clock,
            limits=chosen.limits,
            gathering=chosen.gathering,
            routing=chosen.routing,
            listing=outside.listing,
            listing_calls=chosen.listing_calls,
            refresh=outside.refresh,
            forgetting=forgetting,
        ),
        buckets=Buckets(
            log=outside.log,
            wakes=outside.wakes,
            targets=outside.targets,
            surveys=outside.surveys,
            waking=waking,
            clock=outside.clock,
            gathering=chosen.gathering,
            dead_letters=outside.dead_letters,
            give_up_seconds=chosen.limits.give_up_seconds,
            survey_seconds=chosen.survey_seconds,
        ),
        remembering=Remembering(
            log=outside.log,
            wakes=outside.wakes,
            targets=outside.targets,
            waking=waking,
            clock=outside.clock,
            gathering=chosen.gathering,
        ),
    )
