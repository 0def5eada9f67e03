"""`invalidator explain`: which distributions serve a key, under which viewer paths, and why or why not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from infra.cli.errors import CommandError
from infra.cli.keys.explanation import Found, found_as_json, print_found
from infra.cli.keys.freshness import Freshness, freshness
from infra.cli.keys.routing import Source, find_routing, routing_options
from infra.cli.printing import print_json
from infra.cli.session import Session, session_options
from infra.cli.visible import visible
from invalidator.core.routing.explanation import Explanation

if TYPE_CHECKING:
    from datetime import datetime

    from infra.cli.deployed import Deployed

REMEMBERED_DAYS = 15
DAY_SECONDS = 86_400
_S3_URL = "s3://"


@click.command()
@click.argument("url", metavar="s3://BUCKET/KEY")
@routing_options
@session_options
def explain(
    session: Session,
    *,
    url: str,
    **typed: Any,
) -> None:
    """Say where an object is served, and why; and whether it was invalidated.

    For each distribution of the bucket: the viewer paths of the key, the cache behavior that takes each,
    what would be sent, and the newest invalidation that covered it. The key is not encoded, as in
    'aws s3 ls'. With --distribution, AWS is not asked.

    \b
    Example:
      aws cloudfront get-distribution --id E1 > e1.json
      invalidator explain s3://my-site/docs/index.html --distribution e1.json
    """  # noqa: D301  \b is click's mark for a paragraph that keeps its line breaks
    bucket, key = _bucket_and_key(url)
    source = Source(**typed)
    routing = find_routing(session, bucket, source)
    changed = None if routing.deployed is None else _last_modified(session, bucket, key)
    found = []
    for name, routers in routing.routers.items():
        explanations = [router.explain(key) for router in routers]
        known = None
        if routing.deployed is not None and any(each.paths for each in explanations):
            known = _freshness(routing.deployed, name, explanations, changed)
        found.append(Found(name, explanations, routers[0].distribution.aliases, known))
    if session.as_json:
        print_json(found_as_json(bucket, key, changed, found))
    else:
        click.echo(visible(url))
        for each in found:
            click.echo()
            print_found(each)


def _bucket_and_key(url: str) -> tuple[str, str]:
    if not url.startswith(_S3_URL):
        raise CommandError(f"{visible(url)}: not an S3 URL; write s3://BUCKET/KEY")
    bucket, _, key = url.removeprefix(_S3_URL).partition("/")
    if not bucket:
        raise CommandError(f"{visible(url)}: no bucket; write s3://BUCKET/KEY")
    if not key:
        raise CommandError(f"{visible(url)}: no key; write s3://BUCKET/KEY")
    return bucket, key


def _last_modified(session: Session, bucket: str, key: str) -> float | None:
    """When S3 says the object changed; None where it does not say: deleted, or reading is not allowed."""
    from botocore.exceptions import ClientError, ParamValidationError  # noqa: PLC0415  start-up

    try:
        modified: datetime = session.client("s3").head_object(Bucket=bucket, Key=key)["LastModified"]
    except (ClientError, ParamValidationError, UnicodeEncodeError) as error:
        code = (
            error.response["Error"]["Code"]
            if isinstance(error, ClientError)
            else "that is no name for an object"
        )
        reason = "it does not exist (any more)" if code in {"404", "NoSuchKey"} else f"S3 says {code}"
        click.echo(f"note: when the object changed is not known: {reason}", err=True)
        return None
    return modified.timestamp()


def _freshness(
    deployed: "Deployed", distribution: str, explanations: Sequence[Explanation], changed: float | None
) -> Freshness:
    import time  # noqa: PLC0415  start-up

    from infra.cli.deployed import one_line  # noqa: PLC0415  start-up: with files, AWS is not asked

    with one_line():
        sent = deployed.memory.sent_since(distribution, time.time() - REMEMBERED_DAYS * DAY_SECONDS)
    return freshness([path for each in explanations for path in each.paths], sent, changed)
