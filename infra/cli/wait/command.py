"""`invalidator wait`: return when what changed is fresh, for the end of a CI job."""

import click

from infra.cli.session import Session, session_options


@click.command()
@click.argument("url", required=False, metavar="[s3://BUCKET/PREFIX]")
@click.option(
    "--timeout",
    type=click.IntRange(1, 86_400),
    default=600,
    show_default=True,
    help="Give up after so many seconds.",
)
@click.option(
    "--settle",
    type=click.IntRange(0, 600),
    default=10,
    show_default=True,
    help="Seconds that S3 is given to tell of the last change.",
)
@session_options
def wait(session: Session, *, url: str | None, timeout: int, settle: int) -> int:
    """Return when nothing waits to be sent, and what was sent has completed.

    With a URL, of that bucket or prefix alone; without one, of the whole stack. S3 tells of a change within a second
    or so, rarely in more than ten: no answer comes before --settle seconds, and only after the queue of changes was
    seen empty twice then. Other buckets' messages on it are waited for too, as nobody can see whose they are.

    A wait that cannot end says why, with exit code 1: paused, past the budget, refused, given up, no route, not
    connected.

    \b
    Examples:
      aws s3 sync site s3://my-site && invalidator wait s3://my-site
      invalidator wait s3://my-site/docs/ --timeout 300
      invalidator wait
    """
    from infra.cli.wait.waiting import wait_until_fresh

    return wait_until_fresh(session, url, timeout=timeout, settle=settle)
