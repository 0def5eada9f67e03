"""`invalidator verify`: does a viewer get what lies in S3 now."""

import click

from infra.cli.session import Session, session_options


@click.command()
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@click.option(
    "--edge",
    metavar="URL",
    envvar="INVALIDATOR_EDGE",
    help="Ask this server as the edge, such as http://127.0.0.1:8080; the URL's host goes along as Host.",
)
@session_options
def verify(session: Session, *, urls: tuple[str, ...], edge: str | None) -> int:
    """Fetch URLs from the edge, and compare what comes with what lies in S3 now.

    By ETag, length, the content itself where the ETag is its MD5, and the headers that S3 keeps. Says how old the
    copy is, what X-Cache says, which invalidation should have cleared it, and what to do. One edge answers: the one
    nearest to you.

    Exit code 3 where a viewer does not get what lies in S3, 2 where that cannot be told. A URL is fetched as it is
    typed: where signed URLs are wanted, give one with its signature.

    \b
    Examples:
      invalidator verify https://www.example.com/ https://www.example.com/docs/
      invalidator verify https://www.example.com/a.css --json
    """
    from infra.cli.verify.verifying import verify_urls

    return verify_urls(session, urls, edge)
