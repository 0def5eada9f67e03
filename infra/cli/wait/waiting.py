"""`invalidator wait`: looks again and again, until all is fresh, the time is up, or it is clear that it cannot end."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import click

from bucket_subscription.errors import SubscriptionError
from infra.cli.bucket.desk import BucketDesk
from infra.cli.bucket.state import UNKNOWN
from infra.cli.deployed import Deployed, one_line
from infra.cli.errors import CommandError
from infra.cli.printing import harmless, iso, many, print_json, print_text, span, visible
from infra.cli.s3_url import S3Url, read_s3_url
from infra.cli.session import Session
from infra.cli.wait.look import Course, Look
from infra.cli.wait.reading import Reader
from invalidator.core.sent import Sent

POLL_SECONDS = 2.0
_TOPIC = "topic"


def wait_until_fresh(session: Session, text: str | None, *, timeout: float, settle: float) -> int:
    """Wait; return the exit code. Raises CommandError where the wait cannot end, or its time is up."""
    url = None if text is None else read_s3_url(text)
    if timeout <= settle:
        raise CommandError(
            f"--timeout {timeout:.0f} ends before an answer can come: S3 is given {settle:.0f} s to tell of the last "
            "change (--settle); give a longer --timeout"
        )
    began = time.time()
    reader = Reader(Deployed(session), url, began)
    course = Course(began, settle, began + timeout)
    if url is not None:
        _must_be_connected(session, url)

    def look() -> Look:
        with one_line():
            return reader.look(time.time())

    seen, why = follow(course, look, reader.no_route, time.sleep)
    sent = sorted(reader.sent.values(), key=lambda each: each.created)
    if session.as_json:
        print_json(_document(url, course, seen, sent, why))
    if why:
        raise CommandError(why)
    if not session.as_json:
        what = "all" if url is None else visible(str(url))
        print_text(
            f"{what} is fresh: nothing waits, and {many(len(sent), 'invalidation')} of the last minutes completed "
            f"({span(seen.at - began)})"
        )
    return 0


def follow(
    course: Course, look: Callable[[], Look], no_route: Callable[[], str], sleep: Callable[[float], None]
) -> tuple[Look, str]:
    """Look until it is done; return the last look, and why it did not end well: "" where it did."""
    said = ""
    while True:
        seen = look()
        if why := no_route() or course.cannot_end(seen):
            return seen, why
        if course.is_done(seen):
            return seen, ""
        if seen.at >= course.deadline:
            return seen, course.too_late(seen)
        text = seen.as_text()
        if text != said:
            click.echo(harmless(f"waiting: {text or 'S3 may still tell of a change'}"), err=True)
            said = text
        sleep(max(0.1, min(POLL_SECONDS, course.deadline - seen.at)))


def _must_be_connected(session: Session, url: S3Url) -> None:
    """A bucket that does not send would be called fresh for ever. Raises CommandError."""
    try:
        state = BucketDesk(session, dry_run=True).state(url.bucket)
    except SubscriptionError as error:
        raise CommandError(str(error)) from error
    if state.state == UNKNOWN:
        click.echo(
            f"note: whether {visible(url.bucket)} sends its changes is not known: {state.reason}", err=True
        )
    elif state.state == "broken":
        raise CommandError(f"{visible(url.bucket)} does not send its changes: {state.reason}")
    elif state.state == "not connected" and not any(entry.kind == _TOPIC for entry, _ in state.entries):
        raise CommandError(
            f"{visible(url.bucket)} does not send its changes to this stack, so nothing of it is ever sent; "
            f"connect it: invalidator bucket connect {visible(url.bucket)}"
        )


def _document(
    url: S3Url | None, course: Course, seen: Look, sent: Sequence[Sent], why: str
) -> dict[str, Any]:
    running = {each.id for each in seen.running}
    return {
        "of": None if url is None else str(url),
        "done": not why,
        "why": why or None,
        "waited_seconds": round(seen.at - course.began, 1),
        "settle_seconds": course.settle,
        "messages_on_the_queue": seen.messages,
        "waiting": [
            {
                "waits_for": each.name,
                "paths": each.paths,
                "since": iso(each.since),
                "not_before": iso(each.not_before) if each.not_before else None,
                "reason": each.reason,
            }
            for each in seen.waiting
        ],
        "given_up": list(seen.given_up),
        "invalidations": [
            {
                "distribution": each.distribution,
                "id": each.id,
                "created": iso(each.created),
                "paths": len(each.paths),
                "completed": each.id not in running,
            }
            for each in sent
        ],
    }
