"""The subscriptions: whether the buckets that are to send to the queue do, by whatever road; the watch's own reading.

The watch reads it each hour with its role; here it is read now, with the operator's credentials.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from bucket_subscription.bucket_notifications import S3Notifications
from bucket_subscription.errors import SubscriptionError
from bucket_subscription.names import read_queue_arn
from bucket_subscription.owner import ACL_EVENT, EVENTS, Owner
from bucket_subscription.queue_access import SqsQueueAccess
from bucket_subscription.reading.bucket_watch import BucketWatch
from bucket_subscription.reading.lookout import Lookout
from bucket_subscription.reading.roads import ACL_UPDATED, CREATED, DELETED, AwsRoads, Rule
from bucket_subscription.subscription import Subscription
from bucket_subscription.wishes.wish import Maker, Road, Wish
from bucket_subscription.wishes.wish_table import WishTable
from bucket_watch.repair import Repair as Mending
from bucket_watch.repair import Repairs
from infra.cli.bucket.desk import BucketDesk, patience
from infra.cli.bucket.own_rule import own_rule
from infra.cli.bucket.state import UNKNOWN
from infra.cli.check.finding import Finding, Repair, State, ok, wrong
from infra.cli.check.ground import Ground
from infra.cli.errors import CommandError
from infra.cli.printing import many, visible
from infra.cli.session import output

PART, RULE = "subscriptions", "rule"
# As the template calls them.
_TARGET, _DESCRIPTION = "InvalidationQueue", "Changes in buckets that send their events through EventBridge."
_AT_ONCE = 8
_PATIENCE_SECONDS = 15.0
# So many are asked for a line of `status`; `check` asks for all.
_MOST_ASKED = 10


@dataclass(frozen=True, slots=True)
class _Hold:
    """The stack's hold on buckets, with the operator's credentials."""

    ground: Ground
    owner: Owner
    access: SqsQueueAccess
    notifications: S3Notifications
    roads: AwsRoads

    def lookout(self) -> Lookout:
        queue = read_queue_arn(output(self.ground.session, "QueueArn"))
        return Lookout(self.owner, queue, self.notifications, self.access, self.roads)

    def mending(self, lines: list[str], *, dry_run: bool) -> Mending:
        queue = read_queue_arn(output(self.ground.session, "QueueArn"))
        subscription = Subscription(
            self.owner,
            self.notifications,
            self.access,
            lambda: patience(_PATIENCE_SECONDS),
            lines.extend,
            dry_run,
        )
        return Mending(subscription, queue, Repairs.ALL)


def look(ground: Ground) -> Iterator[Finding]:
    """Look at every bucket that was connected ever, by the parameters, by hand, or as the watch learned it."""
    hold = _hold(ground)
    lookout = hold.lookout()
    wishes = _wishes(ground)
    by_bucket = {bucket: list(each) for bucket, each in groupby(wishes, key=lambda wish: wish.bucket)}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        looked = list(pool.map(lambda bucket: lookout.look(bucket, by_bucket[bucket]).watch, by_bucket))
    works = sum(each.state == "works" for each in looked)
    for each in looked:
        if each.state == "lost":
            yield _lost(hold, each, by_bucket[each.bucket])
        elif each.state == "unknown":
            yield Finding(PART, State.UNKNOWN, f"{visible(each.bucket)}: {each.unknown}")
    if works:
        yield ok(PART, f"{many(works, 'bucket')} connected")
    elif not looked:
        yield from any_connected(ground)
    for doubt in hold.access.doubts():
        yield Finding(PART, State.UNKNOWN, doubt)


def rule(ground: Ground) -> Iterator[Finding]:
    """Look at the stack's own EventBridge rule, where its parameters ask for one."""
    if not ground.list_of("EventBridgeBuckets"):
        yield ok(RULE, "none is needed")
        return
    own = next((each for each in _hold(ground).roads.rules if each.own), None)
    name = own.name if own is not None else own_rule(ground.session)
    wanted = _pattern(ground)
    lost = [
        (bucket, kind)
        for bucket in wanted["detail"]["bucket"]["name"]
        for kind in wanted["detail-type"]
        if own is not None and not own.takes(bucket, kind)
    ]
    if own is None:
        text = "the rule that takes EventBridge's events to the queue is gone"
    elif not own.enabled:
        text = f"{own.name} is disabled: no event comes"
    elif not own.targeted:
        text = f"{own.name} does not send to the queue any more"
    elif lost:
        text = f"the pattern of {own.name} does not take {lost[0][1]} of {lost[0][0]} any more"
    else:
        yield ok(RULE, f"{own.name} is on")
        return
    # Deploying again does not bring it back: for CloudFormation nothing changed.
    yield wrong(RULE, text, "invalidator check --repair --yes", _as_the_template_makes_it(ground, name, own))


def _pattern(ground: Ground) -> dict[str, Any]:
    """Return the pattern of the template's rule."""
    kinds = [CREATED, DELETED, *([ACL_UPDATED] if ground.parameters.get("AclChanges") == "yes" else [])]
    names = list(ground.list_of("EventBridgeBuckets"))
    return {"source": ["aws.s3"], "detail-type": kinds, "detail": {"bucket": {"name": names}}}


def _as_the_template_makes_it(ground: Ground, name: str, own: Rule | None) -> Repair | None:
    """Return the repair of the stack's rule; None where nobody knows its name any more."""
    if not name:
        return None
    session, pattern = ground.session, json.dumps(_pattern(ground))
    target: Any = {
        "Id": _TARGET,
        "Arn": output(session, "QueueArn"),
        "DeadLetterConfig": {"Arn": output(session, "DeadLetterQueueArn")},
    }
    lines = []
    if own is None or json.loads(pattern) != own.pattern:
        lines.append(f"rule {name}: pattern {json.dumps(own.pattern) if own else 'none'} → {pattern}")
    if own is None or not own.enabled:
        lines.append(f"rule {name}: {'DISABLED' if own else 'gone'} → ENABLED")
    if own is None or not own.targeted:
        lines.append(f"rule {name}: target {_TARGET} → {target['Arn']}")

    def do() -> None:
        events = session.client("events")
        events.put_rule(Name=name, EventPattern=pattern, State="ENABLED", Description=_DESCRIPTION)
        events.put_targets(Rule=name, Targets=[target])

    return Repair(lines, do)


def any_connected(ground: Ground) -> Iterator[Finding]:
    """Look whether any bucket is to send to the stack; where nobody remembers one, whether one does."""
    wished = {wish.bucket for wish in _wishes(ground)} | set(ground.list_of("TopicArns"))
    if wished:
        yield ok(PART, f"{many(len(wished), 'bucket')} to send to it")
        return
    served = sorted(
        {bucket for routes, _ in ground.deployed.routes.all_routes() for bucket in routes.buckets}
    )
    desk = BucketDesk(ground.session, dry_run=True)
    states = [desk.state(each) for each in served[:_MOST_ASKED]]
    unknown = [each for each in states if each.state == UNKNOWN]
    if any(each.state == "works" for each in states):
        yield ok(PART, "a bucket is connected")
    elif unknown:
        yield Finding(
            PART, State.UNKNOWN, f"{visible(unknown[0].bucket)}: {unknown[0].reason}", "invalidator check"
        )
    elif len(served) <= _MOST_ASKED:
        yield wrong(PART, "no bucket sends its changes to this stack", "invalidator bucket connect NAME")


def _hold(ground: Ground) -> _Hold:
    session = ground.session
    queue = read_queue_arn(output(session, "QueueArn"))
    events = (*EVENTS, ACL_EVENT) if ground.parameters.get("AclChanges") == "yes" else EVENTS
    return _Hold(
        ground,
        Owner(session.stack, (queue.arn,), events),
        SqsQueueAccess(session.client("sqs"), lambda: session.client("kms")),
        S3Notifications(session.client("s3"), queue.account),
        AwsRoads(session.client, queue.arn, own_rule(session), ground.list_of("TopicArns")),
    )


def _wishes(ground: Ground) -> list[Wish]:
    """What is wanted: what the table remembers, and what the parameters name, also where nobody remembers it."""
    table = WishTable(ground.session.client("dynamodb"), output(ground.session, "TableName"))
    try:
        known = table.all()
    except SubscriptionError as error:
        raise CommandError(str(error)) from error
    buckets = {wish.bucket for wish in known}
    named = [Wish(each, Road.QUEUE, Maker.STACK) for each in ground.list_of("Buckets") if each not in buckets]
    named += [
        Wish(each, Road.EVENTBRIDGE, Maker.STACK)
        for each in ground.list_of("EventBridgeBuckets")
        if each not in buckets
    ]
    return sorted([*known, *named])


def _lost(hold: _Hold, watch: BucketWatch, wishes: Sequence[Wish]) -> Finding:
    text = f"{visible(watch.bucket)} ({watch.road}) does not send its changes: {'; '.join(watch.wrong)}"
    return wrong(PART, text, watch.fix, _mend(hold, watch.bucket, wishes))


def _mend(hold: _Hold, bucket: str, wishes: Sequence[Wish]) -> Repair | None:
    """Connect it again as wished; None where that would be refused, or changes nothing: a person has to look."""
    lines: list[str] = []
    try:
        hold.mending(lines, dry_run=True).mend(bucket, wishes)
    except SubscriptionError:
        return None
    if not lines:
        return None

    def do() -> None:
        try:
            hold.mending([], dry_run=False).mend(bucket, wishes)
        except SubscriptionError as error:
            raise CommandError(str(error)) from error

    return Repair([f"{bucket}: {line}" for line in lines], do)
