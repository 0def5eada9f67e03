"""`invalidator dlq purge`: delete dead letters that need nothing any more, after a copy of them was written."""

from pathlib import Path

import click

from infra.cli.dlq.export import write_letters
from infra.cli.dlq.letters import DeadLetter, group
from infra.cli.dlq.sample import require, take_sample, tell
from infra.cli.dlq.selection import Selector, known
from infra.cli.dlq.sqs.queue import DeadLetterQueue, dead_letter_queue
from infra.cli.errors import PARTLY_DONE, CommandError, interrupted_says
from infra.cli.printing import many, print_json, print_text, progress, visible
from infra.cli.session import Session

STEP = 100


def purge_letters(session: Session, selector: Selector, file: Path | None, *, yes: bool) -> int:
    """Delete the selected letters, or say what would be deleted; return the exit code."""
    # A reason that is mistyped is said first; only the letters tell it from one of a newer worker.
    if all(map(known, selector.reasons)):
        _must_copy(file, yes=yes)
    with dead_letter_queue(session) as queue:
        sample = take_sample(queue)
        chosen = require(selector, sample)
        _must_copy(file, yes=yes)
        failed: dict[str, str] = {}
        if yes and file is not None and chosen:
            write_letters(file, chosen)
            failed = _delete(queue, chosen, file)
    deleted = len(chosen) - len(failed) if yes else 0
    if session.as_json:
        print_json(
            {
                **sample.document(),
                "dry_run": not yes,
                "selected": len(chosen),
                "deleted": deleted,
                "failed": [{"id": name, "why": why} for name, why in sorted(failed.items())],
                "file": str(file) if file and yes and chosen else None,
            }
        )
    elif yes:
        click.echo(
            f"{many(deleted, 'dead letter')} deleted"
            + (f"; a copy is in {visible(str(file))}" if chosen else "")
        )
    else:
        for each in group(chosen):
            print_text(f"would delete {len(each.letters)} of {each.reason}")
    tell(sample)
    if failed:
        click.echo(f"{len(failed)} are still there; run it again for them, with another file.", err=True)
    if not chosen:
        click.echo("Nothing is selected.", err=True)
    elif not yes:
        click.echo(
            f"Dry run: nothing was deleted. To delete these {len(chosen)}, add --export FILE --yes.", err=True
        )
    return PARTLY_DONE if failed or (yes and not sample.to_the_end) else 0


def _must_copy(file: Path | None, *, yes: bool) -> None:
    if yes and file is None:
        raise CommandError("purge deletes for good; name a new file for a copy with --export FILE")


def _delete(queue: DeadLetterQueue, chosen: list[DeadLetter], file: Path) -> dict[str, str]:
    """Delete letters of which the file has a copy; return id → why, for those that SQS kept."""
    failed: dict[str, str] = {}
    asked = 0

    def stopped() -> str:
        return (
            f"interrupted; {asked} of {many(len(chosen), 'dead letter')} or a few more are deleted, and all are in "
            f"{visible(str(file))}: run it again for the rest, with another file"
        )

    with progress("deleting", len(chosen)) as advance, interrupted_says(stopped):
        for start in range(0, len(chosen), STEP):
            queue.hold_on()
            failed |= queue.delete(chosen[start : start + STEP])
            asked = min(start + STEP, len(chosen))
            advance(STEP)
    return failed
