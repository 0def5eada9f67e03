"""`invalidator bucket`: an existing bucket's notification to the queue, others' entries untouched."""

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from bucket_subscription.errors import SubscriptionError
from bucket_subscription.key_filter import asked_filter
from infra.cli.bucket.desk import BucketDesk
from infra.cli.bucket.state import BROKEN, UNKNOWN, print_states
from infra.cli.errors import IN_PARTS, NOT_EMPTY, PARTLY_DONE, CommandError, interrupted_says
from infra.cli.printing import harmless, print_notes, print_text
from infra.cli.session import Session, session_options

_AT_ONCE = 8


@click.group()
def bucket() -> None:
    """Connect existing buckets to the queue, and disconnect them."""


def _filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    suffix = click.option("--suffix", default="", help="Only keys that end so, such as .html")
    prefix = click.option("--prefix", default="", help="Only keys that start so, such as site/")
    dry_run = click.option("--dry-run", is_flag=True, help="Print the difference; change nothing.")
    names = click.argument("names", nargs=-1, required=True, metavar="NAME...")
    return names(prefix(suffix(dry_run(command))))


@bucket.command()
@_filter_options
@click.option("--eventbridge", is_flag=True, help="Send to EventBridge instead of the queue.")
@session_options
def connect(
    session: Session, names: tuple[str, ...], prefix: str, suffix: str, *, dry_run: bool, eventbridge: bool
) -> int:
    """Make buckets send their changes to the queue.

    Entries of others stay as they are; a bucket that is connected already is
    not written to. S3 tests the queue while connecting. Then a survey looks
    who serves them.

    \b
    Examples:
      invalidator bucket connect my-site
      invalidator bucket connect my-site --prefix public/ --dry-run
      invalidator bucket connect my-site --eventbridge
    """
    from infra.cli.bucket.desk import BucketDesk

    if eventbridge and (prefix or suffix):
        raise CommandError("EventBridge takes all events of a bucket; leave out --prefix and --suffix")
    desk = BucketDesk(session, dry_run=dry_run)

    def one(name: str) -> dict[str, Any]:
        if eventbridge:
            return desk.connect_eventbridge(name)
        return desk.connect(name, asked_filter(prefix, suffix))

    code = _each(session, names, one)
    if not dry_run and code in {0, PARTLY_DONE}:
        _survey_now(session)
    return code


def _survey_now(session: Session) -> None:
    """Have CloudFront looked at, so that the bucket's first change finds its distribution; say where that failed."""
    from infra.cli.deployed import Deployed
    from infra.cli.surveying import or_why, survey_to_its_end

    why = or_why(lambda: survey_to_its_end(Deployed(session)))
    if isinstance(why, str):
        print_text(f"note: who serves it is seen by the next survey; none could be made now: {why}", err=True)


@bucket.command()
@_filter_options
@session_options
def disconnect(session: Session, names: tuple[str, ...], prefix: str, suffix: str, *, dry_run: bool) -> int:
    """Take this stack's entries out of buckets' notifications.

    Entries of others stay as they are, and so does delivery to EventBridge,
    on which others may rely. Without --prefix and --suffix all entries of this
    stack go; with them, the one that was connected with the same.

    \b
    Examples:
      invalidator bucket disconnect my-site
      invalidator bucket disconnect my-site --prefix public/ --dry-run
    """
    from infra.cli.bucket.desk import BucketDesk

    desk = BucketDesk(session, dry_run=dry_run)

    def one(name: str) -> dict[str, Any]:
        return desk.disconnect(name, asked_filter(prefix, suffix) if prefix or suffix else None)

    return _each(session, names, one)


@bucket.command("list")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@session_options
def list_(session: Session, names: tuple[str, ...]) -> int:
    """Show what each bucket sends, where, and whether it works.

    Without names: all buckets of the account in the stack's region. Exits with 3
    where a bucket is broken.

    \b
    Examples:
      invalidator bucket list
      invalidator bucket list my-site --json
    """
    from concurrent.futures import ThreadPoolExecutor

    desk = BucketDesk(session, dry_run=True)
    chosen: Sequence[str] = _checked(names) or desk.all_names()
    with (
        ThreadPoolExecutor(_AT_ONCE) as pool,
        click.progressbar(
            pool.map(desk.state, chosen), length=len(chosen), label="reading buckets", file=sys.stderr
        ) as found,
    ):
        states = list(found)
    if session.as_json:
        click.echo(json.dumps({"buckets": [state.as_json() for state in states]}, indent=2))
    else:
        print_states(states, asked=bool(names))
    print_notes(desk.doubts())
    unread = sum(state.state == UNKNOWN for state in states) if names else 0
    if unread:
        return PARTLY_DONE if unread < len(states) else 1
    return NOT_EMPTY if any(state.state == BROKEN for state in states) else 0


@bucket.command()
@click.argument("name", metavar="NAME")
@click.option("--forget", is_flag=True, help="Forget all of it, and stop remembering.")
@session_options
def remember(session: Session, name: str, *, forget: bool) -> None:
    """Show what is remembered of a bucket; start that, or stop it.

    What is uploaded again as it was needs nothing, and neither does what is new. First
    a round asks S3 for the headers of each object; this shows how far it is. The bucket
    has to be in the stack's RememberedBuckets.

    \b
    Examples:
      invalidator bucket remember my-site
      invalidator bucket remember my-site --forget
    """
    from infra.cli.bucket.remember import remember_bucket

    remember_bucket(session, _checked((name,))[0], forget=forget)


def _checked(names: tuple[str, ...]) -> tuple[str, ...]:
    from bucket_subscription.names import check_bucket_names

    try:
        return check_bucket_names(names)
    except SubscriptionError as error:
        raise CommandError(str(error)) from error


def _each(session: Session, names: tuple[str, ...], one: Callable[[str], dict[str, Any]]) -> int:
    """Do one thing to each bucket, print what became of them, and return the exit code."""
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for name in _checked(names):
        try:
            with interrupted_says(lambda: IN_PARTS):
                done.append(one(name))
        except SubscriptionError as error:
            failed.append({"bucket": name, "error": str(error)})
            said = str(error) if name in str(error) else f"{name}: {error}"
            click.echo(harmless(f"invalidator: {said}"), err=True)
            continue
        if not session.as_json:
            print_text(f"{name}: {done[-1]['summary']}")
            for note in done[-1]["notes"]:
                print_text(f"note: {note}", err=True)
    if session.as_json:
        click.echo(json.dumps({"buckets": [*done, *failed]}, indent=2))
    if failed:
        return PARTLY_DONE if done else 1
    return 0
