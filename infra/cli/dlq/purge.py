"""`invalidator dlq purge`: delete dead letters that need nothing any more, after a copy of them was written."""

from pathlib import Path

import click

from infra.cli.dlq.export import write_letters
from infra.cli.dlq.letters import group
from infra.cli.dlq.sample import require, take_sample, tell
from infra.cli.dlq.selection import Selector
from infra.cli.dlq.sqs.queue import dead_letter_queue
from infra.cli.errors import PARTLY_DONE, CommandError
from infra.cli.printing import many, print_json, print_text, progress, visible
from infra.cli.session import Session

STEP = 100


def purge_letters(session: Session, selector: Selector, file: Path | None, *, yes: bool) -> int:
    """Delete the selected letters, or say what would be deleted; return the exit code."""
    if yes and file is None:
        raise CommandError("purge deletes for good; name a new file for a copy with --export FILE")
    with dead_letter_queue(session) as queue:
        sample = take_sample(queue)
        chosen = require(selector, sample)
        failed: dict[str, str] = {}
        if yes and file is not None and chosen:
            write_letters(file, chosen)
            with progress("deleting", len(chosen)) as advance:
                for start in range(0, len(chosen), STEP):
                    queue.hold_on()
                    failed |= queue.delete(chosen[start : start + STEP])
                    advance(STEP)
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
