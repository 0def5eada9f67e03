"""What deleting a stack takes with it, and what it leaves: said before it is done."""

from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from bucket_subscription.errors import SubscriptionError
from bucket_subscription.wishes.wish import Maker, Wish
from bucket_subscription.wishes.wish_table import WishTable
from infra.cli.bucket.desk import BucketDesk
from infra.cli.deployed import Deployed
from infra.cli.errors import CommandError, explain_aws_error
from infra.cli.printing import many
from infra.cli.session import Session, output
from invalidator.failures import Failure


@dataclass(slots=True)
class Farewell:
    """What a stack holds that its deletion concerns.

    Attributes:
        table: name of its table, which stays.
        dead_letters: how many go with their queue.
        waiting: how many messages go with the changes queue.
        pending: for how many distributions changes wait.
        pins: how many routes people pinned.
        by_hand: buckets that people connected; they are disconnected.
        elsewhere: other roads to the queue, which only their makers can take away.
        unknown: what could not be asked, and why.
    """

    table: str
    dead_letters: int = 0
    waiting: int = 0
    pending: int = 0
    pins: int = 0
    by_hand: list[str] = field(default_factory=list)
    elsewhere: list[Wish] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def look(session: Session) -> Farewell:
    """Return what the stack holds. Raises CommandError where there is no stack."""
    deployed = Deployed(session)
    found = Farewell(output(session, "TableName"))

    def ask(what: str, question: Callable[[], None]) -> None:
        try:
            question()
        except (BotoCoreError, ClientError) as error:
            found.unknown.append(f"{what}: {explain_aws_error(error)}")
        except (CommandError, Failure, SubscriptionError) as error:
            found.unknown.append(f"{what}: {error}")

    def letters() -> None:
        found.dead_letters = _messages(session, "DeadLetterQueueUrl")

    def waiting() -> None:
        found.waiting = _messages(session, "QueueUrl")

    def pending() -> None:
        found.pending = sum(wake.since is not None for wake in deployed.wakes.waiting())

    def pins() -> None:
        found.pins = len(deployed.pins.pins())

    def roads() -> None:
        wishes = WishTable(session.client("dynamodb"), found.table).all()
        found.by_hand = sorted({wish.bucket for wish in wishes if wish.maker is Maker.PERSON})
        found.elsewhere = [wish for wish in wishes if wish.maker is Maker.LEARNED]

    ask("dead letters", letters)
    ask("messages", waiting)
    ask("what is pending", pending)
    ask("pinned routes", pins)
    ask("how buckets are connected", roads)
    return found


def as_lines(found: Farewell, stack: str) -> list[str]:
    """Say it: first what is lost, then what is done, then what stays."""
    lines = []
    if found.dead_letters:
        lines.append(
            f"lost: {many(found.dead_letters, 'dead letter')}; before: invalidator dlq export --stack {stack}"
        )
    if found.waiting:
        lines.append(f"lost: {many(found.waiting, 'message')} on the changes queue, not read yet")
    if found.pending:
        lines.append(
            f"lost: changes that wait for {many(found.pending, 'distribution')}; "
            f"before: invalidator wait --stack {stack}"
        )
    if found.by_hand:
        lines.append(f"disconnected: what was connected by hand: {', '.join(found.by_hand)}")
    lines += [
        f"left: {wish.bucket} goes on sending by {wish}, to nobody; take that away where it was made"
        for wish in found.elsewhere
    ]
    lines.append(f"left: the table {found.table}, with {many(found.pins, 'pinned route')}")
    lines += [f"not known: {each}" for each in found.unknown]
    return lines


def disconnect(session: Session, buckets: list[str]) -> list[str]:
    """Disconnect buckets; return a line for each that could not be."""
    desk = BucketDesk(session, dry_run=False)
    failed = []
    for bucket in buckets:
        try:
            desk.disconnect(bucket, None)
        except SubscriptionError as error:
            failed.append(f"{bucket} is not disconnected: {error}")
    return failed


def kept(found: Farewell) -> list[str]:
    """Say what stays, how it is used again, and how it is removed."""
    again = f"invalidator route export --table {found.table} > pins.json"
    return [
        f"kept: the table {found.table}",
        f"  its pinned routes, for a new stack: {again}; then: invalidator route import pins.json",
        f"  remove it: aws dynamodb delete-table --table-name {found.table}",
    ]


def _messages(session: Session, name: str) -> int:
    asked = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    got = session.client("sqs").get_queue_attributes(QueueUrl=output(session, name), AttributeNames=asked)
    return sum(int(got["Attributes"][each]) for each in asked)
