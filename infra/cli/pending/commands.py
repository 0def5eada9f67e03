"""`invalidator pending`: what changed and is not sent yet. The commands as they are typed."""

from pathlib import Path

import click

from infra.cli.session import Session, session_options


@click.group(
    epilog="\b\nExample, to see what waits, why, and what would be sent:\n"
    "  invalidator pending list\n  invalidator pending show E2EXAMPLE"
)
def pending() -> None:
    """What changed and is not sent yet, why, and what would be sent."""


@pending.command("list", epilog="\b\nExample:\n  invalidator pending list --check")
@session_options
@click.option("--check", is_flag=True, help="Exit with 3 if something waits (for cron).")
def list_(session: Session, *, check: bool) -> int:
    """List whom something waits for, the oldest change first."""
    from infra.cli.pending.list import list_waiting

    return list_waiting(session, check=check)


@pending.command(epilog="\b\nExample:\n  invalidator pending show E2EXAMPLE")
@session_options
@click.argument("name")
def show(session: Session, *, name: str) -> None:
    """Show what waits for one, and what would be sent now.

    NAME is a distribution's id, a bucket's name for all that serve it, or `unknown` for what changed in buckets
    that no survey knows. The worker's own reading, routing, coverage and planning run over
    it; nothing is sent or written.
    """
    from infra.cli.pending.show import show_waiting

    show_waiting(session, name)


@pending.command(epilog="\b\nExample:\n  invalidator pending export waiting.jsonl")
@session_options
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("names", nargs=-1, metavar="[NAME]...")
def export(session: Session, *, file: Path, names: tuple[str, ...]) -> None:
    """Write what waits to FILE, one JSON document a line; it goes on waiting.

    Of all, or of the distributions that are named. Each line holds waits_for, buckets, first, newest, reason, and
    body: a message that the worker reads where it is sent to the stack's queue.
    """
    from infra.cli.pending.export import export_waiting

    export_waiting(session, file, names)


@pending.command(epilog="\b\nExample:\n  invalidator pending drop E2EXAMPLE --yes")
@session_options
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop(session: Session, *, name: str, yes: bool) -> None:
    """Settle what waits for a distribution without sending it. It stays stale there.

    It asks first, and says what. What changes meanwhile, or later, is sent as ever. NAME may be `unknown` as well.
    """
    from infra.cli.pending.drop import drop_waiting

    drop_waiting(session, name, yes=yes)
