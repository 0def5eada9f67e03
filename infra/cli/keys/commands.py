"""`invalidator plan` and `explain`: what changed keys would send, and who serves a key."""

import click

from infra.cli.keys.source import Source, source_options
from infra.cli.session import Session, session_options


@click.command()
@click.option("--bucket", required=True, help="The bucket whose objects changed.")
@click.option("--keys", metavar="FILE", help="The changed keys, one a line, not encoded; - is stdin.")
@click.option(
    "--remembered",
    metavar="FILE",
    help='What was there before, for a remembered bucket: lines of {"key", "etag", "size"}.',
)
@click.option("--changes", metavar="FILE", help="With it, in the place of --keys: what is written, likewise.")
@click.option(
    "--inventory", metavar="FILE", help="Every key in the bucket after the change, one a line; - is stdin."
)
@click.option(
    "--literal", is_flag=True, help="A line of --keys and --inventory is a key, whatever it looks like."
)
@click.option(
    "--max-paths",
    type=click.IntRange(min=1),
    help="The most paths to send.  [default: what a stack that has spent nothing would, or the stack's]",
)
@click.option(
    "--max-wildcards",
    type=click.IntRange(min=1),
    help="The most of them that are wildcards.  [default: likewise]",
)
@source_options
@session_options
def plan(
    session: Session,
    *,
    bucket: str,
    keys: str | None,
    remembered: str | None,
    changes: str | None,
    source: Source,
    inventory: str | None,
    literal: bool,
    max_paths: int | None,
    max_wildcards: int | None,
) -> None:
    """Show what would be invalidated when these keys change; send nothing.

    With --distribution this needs no AWS account, so routing can be tested before it is deployed; the limits are
    then the template's defaults on the first day of a month. Without, the distributions are those that the stack
    would invalidate, and the limits are its own as it stands now.

    \b
    Example:
      aws cloudfront get-distribution --id E1 > e1.json
      printf 'index.html\\nimg/logo.svg\\n' > keys.txt
      invalidator plan --bucket my-site --keys keys.txt --distribution e1.json
    """
    from infra.cli.keys.plan import plan_keys

    plan_keys(
        session,
        bucket=bucket,
        keys=keys,
        remembered=remembered,
        changes=changes,
        inventory=inventory,
        literal=literal,
        source=source,
        max_paths=max_paths,
        max_wildcards=max_wildcards,
    )


@click.command()
@click.argument("url", metavar="s3://BUCKET/KEY|URL")
@source_options
@session_options
def explain(
    session: Session,
    *,
    url: str,
    source: Source,
) -> int:
    """Say where an object is served, and why; and whether it was invalidated.

    For each distribution of the bucket: the viewer paths of the key, the cache behavior that takes each,
    what would be sent, and the newest invalidation that covered it. The key is not encoded, as in
    'aws s3 ls'.

    Of a viewer's URL (by alias, wildcard alias, domain name, or with a distribution's id as its host): the
    distribution, the behavior and origin, the keys that may answer, and what was sent for the path.
    With --distribution, AWS is not asked. Of a bucket that does not exist, the exit code is 1.

    \b
    Examples:
      invalidator explain 'https://www.example.com/docs/?x=1'
      aws cloudfront get-distribution --id E1 > e1.json
      invalidator explain s3://my-site/docs/index.html --distribution e1.json
    """
    from infra.cli.keys.explain import explain_what

    return explain_what(session, url, source)
