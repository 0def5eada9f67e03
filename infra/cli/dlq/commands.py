"""`invalidator dlq`: the failure desk. The commands as they are typed; each loads what it does when it is."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra.cli.dlq.selection import MOST_LETTERS, Selector, selector_options
from infra.cli.session import Session, session_options

if TYPE_CHECKING:
    from collections.abc import Callable


@click.group(
    epilog="\b\nExample, to see it, understand it, mend it, and send it again:\n"
    "  invalidator dlq list\n  invalidator dlq explain\n  invalidator dlq redrive --yes"
)
def dlq() -> None:
    """What failed for good, why, and what to do."""


def _yes(command: "Callable[..., int]") -> "Callable[..., int]":
    return click.option("--yes", is_flag=True, help="Do it; without this, only say what would be done.")(
        command
    )


@dlq.command("list", epilog="\b\nExample:\n  invalidator dlq list --check")
@session_options
@click.option("--check", is_flag=True, help="Exit with 3 if the queue is not empty (for cron).")
@click.option(
    "--limit",
    type=click.IntRange(1, MOST_LETTERS),
    default=MOST_LETTERS,
    help="Receive about this many at most.",
)
def list_(session: Session, *, check: bool, limit: int) -> int:
    """List what is in the dead-letter queue, by reason."""
    from infra.cli.dlq.list import list_letters

    return list_letters(session, check=check, limit=limit)


@dlq.command(epilog="\b\nExample:\n  invalidator dlq show 5fea7756-0ea4-451a-a703-a558b933e274")
@session_options
@click.argument("identifier", metavar="ID")
def show(session: Session, identifier: str) -> None:
    """Show one dead letter whole: its reason, its attributes, its body."""
    from infra.cli.dlq.list import show_letter

    show_letter(session, identifier)


@dlq.command(epilog="\b\nExample:\n  invalidator dlq explain --reason access-denied")
@session_options
@selector_options
def explain(session: Session, *, selector: Selector) -> None:
    """Say for each reason what is wrong, how it stands with the objects now, and the fix.

    The worker's own reading, routing, planning and coverage run over the letters; nothing is sent.
    """
    from infra.cli.dlq.explain import explain_letters

    explain_letters(session, selector)


@dlq.command(epilog="\b\nExample:\n  invalidator dlq export dead-letters.jsonl --reason not-json")
@session_options
@selector_options
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(session: Session, *, selector: Selector, file: Path) -> None:
    """Write dead letters to FILE, one JSON document a line; they stay in the queue.

    Each line holds id, reason, detail, sent, buckets, distribution, body and attributes.
    """
    from infra.cli.dlq.export import export_letters

    export_letters(session, selector, file)


@dlq.command(
    epilog="\b\nExamples:\n  invalidator dlq redrive\n  invalidator dlq redrive --reason access-denied --yes"
)
@session_options
@selector_options
@_yes
def redrive(session: Session, *, selector: Selector, yes: bool) -> int:
    """Send dead letters to the queue again: all, or those selected.

    Nothing is sent without --yes. Interrupted, it loses nothing and can be run again; killed, what it held comes
    back to the dead-letter queue after two minutes.
    """
    from infra.cli.dlq.redrive import redrive_selected

    return redrive_selected(session, selector, yes=yes)


@dlq.command(epilog="\b\nExample:\n  invalidator dlq purge --reason not-json --export purged.jsonl --yes")
@session_options
@selector_options
@click.option(
    "--export",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the letters to this new file first (JSON lines); required with --yes.",
)
@_yes
def purge(session: Session, *, selector: Selector, file: Path | None, yes: bool) -> int:
    """Delete dead letters: all, or those selected. What they stand for stays stale.

    Nothing is deleted without --yes, nor without a copy in the file of --export.
    """
    from infra.cli.dlq.purge import purge_letters

    return purge_letters(session, selector, file, yes=yes)
