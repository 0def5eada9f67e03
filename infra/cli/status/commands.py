"""`invalidator status`: is it fresh, is anything stuck, what does it cost."""

import click

from infra.cli.session import Session, session_options


@click.command(epilog="\b\nExample:\n  invalidator status --watch --interval 10")
@session_options
@click.option("--watch", is_flag=True, help="Go on and refresh until Ctrl-C.")
@click.option(
    "--interval", type=click.IntRange(2, 3600), default=10, show_default=True, help="Seconds between looks."
)
def status(session: Session, *, watch: bool, interval: int) -> None:
    """Show what waits, what failed, what was sent, and what it costs."""
    from infra.cli.status.screen import show_status

    show_status(session, interval if watch else None)
