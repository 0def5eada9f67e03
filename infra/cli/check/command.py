"""`invalidator check`: is everything as it must be."""

import click

from infra.cli.session import Session, session_options


@click.command()
@click.option("--repair", is_flag=True, help="Show what can be mended by itself, and how.")
@click.option("--yes", is_flag=True, help="With --repair: do it.")
@session_options
def check(session: Session, *, repair: bool, yes: bool) -> int:
    """Say whether everything is as it must be; exit code 3 where it is not.

    Exit code 2 where some of it could not be looked at and nothing else is wrong.

    Looks at the stack and its version, the functions and what calls them, the queues' policies, the buckets'
    subscriptions, the table, the routes and pins, the memories of remembered buckets, what waits, the budget, dead
    letters and alarms. The worker is called with an empty batch, to see that it starts.

    --repair mends the queue's policy, event sources, rules and subscriptions. It shows the difference first, and
    writes it with --yes.

    \b
    Examples:
      invalidator check
      invalidator check --json
      invalidator check --repair
      invalidator check --repair --yes
    """
    from infra.cli.check.screen import check_everything
    from infra.cli.errors import CommandError

    if yes and not repair:
        raise CommandError("--yes is for --repair: invalidator check --repair --yes")
    return check_everything(session, repair=repair, yes=yes)
