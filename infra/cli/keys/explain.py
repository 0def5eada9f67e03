"""`invalidator explain`: which distributions serve a key, under which viewer paths, and why or why not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from infra.cli.buckets import no_such_bucket
from infra.cli.errors import DENIED, CommandError, explain_aws_error
from infra.cli.keys.explain_url import explain_url
from infra.cli.keys.explanation import Found, found_as_json, print_found
from infra.cli.keys.freshness import Freshness, freshness
from infra.cli.keys.routers import find_routers
from infra.cli.keys.source import Source
from infra.cli.printing import instant, print_json, print_text, visible
from infra.cli.s3_url import read_s3_url
from infra.cli.serving import as_of_text
from infra.cli.session import Session
from infra.cli.viewer.url import is_viewer_url
from invalidator.core.remembering.row import Kind, Row
from invalidator.core.routing.paths.explanation import Explanation

if TYPE_CHECKING:
    from datetime import datetime

    from infra.cli.deployed import Deployed

REMEMBERED_DAYS = 15
DAY_SECONDS = 86_400
NO_BUCKET = "there is no bucket {}; is it spelled so? see: invalidator bucket list"


def explain_what(session: Session, url: str, source: Source) -> int:
    """Explain an object (`s3://BUCKET/KEY`), or what a viewer sees under a URL (`https://HOST/PATH`)."""
    if is_viewer_url(url):
        explain_url(session, url, source)
        return 0
    return explain_key(session, url, source)


def explain_key(session: Session, url: str, source: Source) -> int:
    """Say where an object is served, and why; and whether it was invalidated. Return the exit code.

    Raises CommandError where nobody has the bucket and nothing serves it. A distribution may still name one that was
    deleted: that is shown, and is an error all the same.
    """
    bucket, key = _bucket_and_key(url)
    theirs = find_routers(session, bucket, source)
    changed, missing = None, False
    if theirs.deployed is not None:
        changed, why = _last_modified(session, bucket, key)
        missing = why == NO_BUCKET
        if missing and not theirs.routers:
            raise CommandError(NO_BUCKET.format(visible(bucket)))
        if why:
            click.echo(f"note: when the object changed is not known: {why.format(visible(bucket))}", err=True)
    found = []
    for name, routers in theirs.routers.items():
        explanations = [router.explain(key) for router in routers]
        known = None
        if theirs.deployed is not None and any(each.paths for each in explanations):
            known = _freshness(theirs.deployed, name, explanations, changed)
        found.append(Found(name, explanations, routers[0].distribution.aliases, known))
    remembered = None if theirs.deployed is None else _remembered(theirs.deployed, bucket, key)
    if session.as_json:
        print_json(found_as_json(bucket, key, changed, found, theirs.as_of) | {"remembered": remembered})
    else:
        click.echo(visible(url))
        if remembered:
            print_text(remembered, "  ")
        if theirs.deployed is not None:
            click.echo(as_of_text(theirs.as_of))
        for each in found:
            click.echo()
            print_found(each)
    return int(missing)


def _bucket_and_key(text: str) -> tuple[str, str]:
    url = read_s3_url(
        text,
        "s3://BUCKET/KEY" if text.startswith("s3:") else "s3://BUCKET/KEY, or a viewer's: https://HOST/PATH",
    )
    if not url.rest:
        raise CommandError(f"{visible(text)}: no key; write s3://BUCKET/KEY")
    return url.bucket, url.rest


def _last_modified(session: Session, bucket: str, key: str) -> tuple[float | None, str]:
    """When S3 says the object changed, or None and why it does not say: deleted, or reading is not allowed."""
    from botocore.exceptions import ClientError, ParamValidationError

    try:
        modified: datetime = session.client("s3").head_object(Bucket=bucket, Key=key)["LastModified"]
    except (ClientError, ParamValidationError, UnicodeEncodeError) as error:
        code = (
            error.response["Error"]["Code"]
            if isinstance(error, ClientError)
            else "that is no name for an object"
        )
        if code in {"404", "NoSuchKey", "NoSuchBucket"} and no_such_bucket(session, bucket):
            return None, NO_BUCKET
        if code in {"404", "NoSuchKey"}:
            return None, "it does not exist (any more)"
        # Without s3:ListBucket, S3 says 403 of what is not there, too (S3 API reference, HeadObject).
        missing = " (or s3:ListBucket, where there is no such object)" if code in DENIED else ""
        return None, (explain_aws_error(error) if isinstance(error, ClientError) else code) + missing
    return modified.timestamp(), ""


def _remembered(deployed: "Deployed", bucket: str, key: str) -> str | None:
    """What the bucket's memory says of the key, in a line; None where the bucket is not remembered."""
    from infra.cli.deployed import one_line, settings_or_why

    settings = settings_or_why(deployed)
    if isinstance(settings, str) or bucket not in settings.remembered or deployed.memory is None:
        return None
    with one_line():
        state = deployed.memory.state(bucket)
        row = deployed.memory.rows(bucket, state.epoch, [key]).get(key)
    if state.stopped:
        return f"its bucket's memory is stopped: {state.forgotten}"
    return in_words(row)


def in_words(row: Row | None) -> str:
    """What is remembered of a key, for people."""
    if row is None:
        return "nothing is remembered of it: its next change counts"
    if row.kind is Kind.OWED:
        return (
            "its last invalidation was given up: its next upload counts, also of the same bytes and headers"
        )
    if row.kind is Kind.ABSENT:
        return "remembered as not there"
    if row.kind is Kind.UNKNOWN:
        return "remembered, but not what it holds: its next change counts"
    since = instant(row.since)
    if row.unchanged:
        return f"uploaded {instant(row.unchanged)}: same bytes and headers as on {since}: nothing sent"
    return f"remembered as it is since {since}"


def _freshness(
    deployed: "Deployed", distribution: str, explanations: Sequence[Explanation], changed: float | None
) -> Freshness:
    import time

    from infra.cli.deployed import one_line

    with one_line():
        sent = deployed.targets.sent_since(distribution, time.time() - REMEMBERED_DAYS * DAY_SECONDS)
    return freshness([path for each in explanations for path in each.paths], sent, changed)
