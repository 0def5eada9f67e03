"""The subscriptions: whether the buckets that should send to the queue do, by whatever road."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from bucket_subscription.errors import SubscriptionError
from bucket_subscription.key_filter import KeyFilter
from infra.cli.bucket.desk import BucketDesk
from infra.cli.bucket.state import UNKNOWN, BucketState
from infra.cli.check.finding import Finding, Repair, State, ok, wrong
from infra.cli.check.ground import Ground
from infra.cli.errors import CommandError
from infra.cli.printing import many, visible

PART = "subscriptions"
_AT_ONCE = 8
# So many are asked for a line of `status`; `check` asks for all.
_MOST_ASKED = 10


def look(ground: Ground) -> Iterator[Finding]:
    """Look at every bucket of the account in the stack's region, and those that the parameters name."""
    desk = BucketDesk(ground.session, dry_run=True)
    named = {*ground.list_of("Buckets"), *ground.list_of("EventBridgeBuckets")}
    names = sorted({*desk.all_names(), *named})
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        states = list(pool.map(desk.state, names))
    works = 0
    for state in states:
        if state.state == "works":
            works += 1
        elif state.state == "broken" or (state.state == "not connected" and state.bucket in named):
            yield _lost(ground, state)
        elif state.state == UNKNOWN and state.bucket in named:
            yield Finding(PART, State.UNKNOWN, f"{visible(state.bucket)}: {state.reason}")
    if works:
        yield ok(PART, f"{many(works, 'bucket')} connected")
    elif not ground.list_of("TopicArns"):
        yield wrong(PART, "no bucket sends its changes to this stack", "invalidator bucket connect NAME")


def any_connected(ground: Ground) -> Iterator[Finding]:
    """Look whether any bucket sends to the stack: those of the parameters, else some of those that are served."""
    named = [*ground.list_of("Buckets"), *ground.list_of("EventBridgeBuckets"), *ground.list_of("TopicArns")]
    if named:
        yield ok(PART, f"{many(len(named), 'bucket or topic')} named by the parameters")
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


def _lost(ground: Ground, state: BucketState) -> Finding:
    name = state.bucket
    text = f"{visible(name)} does not send its changes: {state.reason or 'its notification is gone'}"
    through_events = name in ground.list_of("EventBridgeBuckets")
    fix = f"invalidator bucket connect {visible(name)}{' --eventbridge' if through_events else ''}"
    return wrong(PART, text, fix, _connect(ground, name, through_events=through_events))


def _connect(ground: Ground, name: str, *, through_events: bool) -> Repair | None:
    """Connect it again; None where that would be refused, and a person has to look."""
    dry = BucketDesk(ground.session, dry_run=True, quiet=True)
    filters = [each for each in ground.list_of("BucketFilters") if each.startswith(f"{name}=")]
    try:
        planned = (
            dry.connect_eventbridge(name)
            if through_events
            else dry.connect(name, _key_filter(filters[0]) if len(filters) == 1 else KeyFilter())
        )
    except SubscriptionError:
        return None
    if len(filters) > 1 or not planned["difference"]:
        return None

    def do() -> None:
        desk = BucketDesk(ground.session, dry_run=False, quiet=True)
        try:
            if through_events:
                desk.connect_eventbridge(name)
            else:
                desk.connect(name, _key_filter(filters[0]) if filters else KeyFilter())
        except SubscriptionError as error:
            raise CommandError(str(error)) from error

    return Repair([f"{name}: {line}" for line in planned["difference"]], do)


def _key_filter(text: str) -> KeyFilter:
    prefix, _, suffix = text.partition("=")[2].partition("*")
    return KeyFilter(prefix, suffix)
