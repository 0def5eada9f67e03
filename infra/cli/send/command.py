"""`invalidator send`: invalidate by hand what the worker would send."""

import click

from infra.cli.session import Session, session_options


@click.command()
@click.argument("urls", nargs=-1, required=True, metavar="s3://BUCKET/PREFIX...")
@click.option("--yes", is_flag=True, help="Do it; without, only what it would send and cost is shown.")
@session_options
def send(session: Session, *, urls: tuple[str, ...], yes: bool) -> int:
    """Invalidate what the worker would send if these objects had changed.

    For a backfill, or for what changed before the bucket was connected. A URL that ends in a slash or an asterisk is
    a prefix: all that viewers may have cached below it, also of objects that are gone. Another one is a single key.

    The worker does it: this puts a message on its queue. So it is counted, gathered and kept within the quotas like
    any change, and invalidator wait sees it. The price is shown first; nothing is sent without --yes.

    \b
    Examples:
      invalidator send s3://my-site/docs/
      invalidator send s3://my-site/index.html 's3://my-site/img/logo*' --yes
      invalidator send s3://my-site --yes
    """
    from infra.cli.send.sending import send_by_hand

    return send_by_hand(session, urls, yes=yes)
