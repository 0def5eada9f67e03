"""`invalidator dlq redrive`: send dead letters to the queue again.

Sent first, deleted only when SQS has taken them. So a letter may be sent twice, when this is killed in between,
but none is lost; and the second time costs nothing, because its paths are covered by then.
"""

import time
from dataclasses import dataclass, field
from threading import Lock

import click

from infra.cli.dlq.letters import DeadLetter, group
from infra.cli.dlq.sample import require, take_sample, tell
from infra.cli.dlq.selection import Selector, refuse_unknown
from infra.cli.dlq.sqs.move import Moved, move_all
from infra.cli.dlq.sqs.queue import DeadLetterQueue, dead_letter_queue
from infra.cli.errors import PARTLY_DONE, CommandError, interrupted_says
from infra.cli.printing import harmless, many, print_json, print_text, progress
from infra.cli.session import Session
from invalidator.core.sent import CLOCK_MARGIN_SECONDS

MOST_FAILURES_SHOWN = 5


@dataclass(slots=True)
class Done:
    """What became of the selected letters.

    Attributes:
        seen: ids of all letters that were received, selected or not.
        reasons: the reasons of all of them.
        sent: how many SQS took again.
        deleted: how many of these left the dead-letter queue.
        failed: id → why, for what could not be sent or deleted.
        to_the_end: whether the queue was read until nothing new came.
        left: how many letters SQS counts in the queue afterwards, about, besides those that this command holds.
        late: how many of the selected came while it ran, and stay: else what fails at once would be sent for ever.
    """

    seen: set[str] = field(default_factory=set)
    reasons: set[str] = field(default_factory=set)
    sent: int = 0
    deleted: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    to_the_end: bool = True
    left: int = 0
    late: int = 0


def redrive_selected(session: Session, selector: Selector, *, yes: bool) -> int:
    """Send the selected letters to the queue again, or say what would be sent; return the exit code."""
    with dead_letter_queue(session) as queue:
        if not yes:
            return _dry_run(session, queue, selector)
        if selector.everything:
            moved = _move_all(queue)
            if isinstance(moved, Moved):
                return _tell_moved(session, moved)
            click.echo(
                f"SQS does not move the whole queue itself here ({moved}): sending letter by letter.",
                err=True,
            )
        with interrupted_says(lambda: "interrupted; nothing is lost: run it again for the rest"):
            done = redrive_letters(queue, selector)
    refuse_unknown(selector, done.reasons)
    missing = sorted(selector.ids - done.seen)
    if missing and not done.sent:
        raise CommandError(
            f"no dead letter {missing[0]!r} was received; see the ids with: invalidator dlq list --json"
        )
    return _tell_done(session, done, missing)


def _move_all(queue: DeadLetterQueue) -> Moved | str:
    with interrupted_says(lambda: "interrupted; SQS goes on moving: run it again to follow it"):
        return move_all(queue)


def redrive_letters(queue: DeadLetterQueue, selector: Selector) -> Done:
    """Send the selected letters again, each batch as it is received; hold the others until the end."""
    done = Done()
    lock = Lock()
    began = time.time()
    told: set[str] = set()

    def is_new(letter: DeadLetter) -> bool:
        """Whether it came after this began. SQS's clock may differ: of those in doubt, none is sent twice."""
        doubtful = abs(letter.sent - began) <= CLOCK_MARGIN_SECONDS
        return letter.body in told if doubtful else letter.sent > began

    with progress("redriving", queue.counts().visible) as advance:

        def handle(batch: list[DeadLetter]) -> None:
            selected = [letter for letter in batch if selector.takes(letter)]
            with lock:
                chosen = [letter for letter in selected if not is_new(letter)]
                told.update(letter.body for letter in chosen if letter.sent >= began - CLOCK_MARGIN_SECONDS)
            failed = queue.send_again(chosen)
            taken = [letter for letter in chosen if letter.id not in failed]
            kept = queue.delete(taken)
            with lock:
                done.seen.update(letter.id for letter in batch)
                done.reasons.update(letter.reason for letter in batch)
                done.late += len(selected) - len(chosen)
                done.sent += len(taken)
                done.deleted += len(taken) - len(kept)
                done.failed |= failed | {name: f"sent, but not deleted: {why}" for name, why in kept.items()}
            advance(len(batch))

        done.to_the_end = queue.read(handle)
    if not done.to_the_end:
        done.left = queue.counts().visible
    return done


def _dry_run(session: Session, queue: DeadLetterQueue, selector: Selector) -> int:
    sample = take_sample(queue)
    groups = group(require(selector, sample))
    count = sum(len(each.letters) for each in groups)
    if session.as_json:
        by_reason = {each.reason: len(each.letters) for each in groups}
        print_json({**sample.document(), "dry_run": True, "selected": count, "by_reason": by_reason})
    else:
        for each in groups:
            print_text(f"would redrive {len(each.letters)} of {each.reason}; first: {each.fix}")
    tell(sample)
    if not count:
        click.echo("Nothing is selected.", err=True)
    else:
        click.echo(f"Dry run: nothing was sent. To redrive these {count}, add --yes.", err=True)
    return 0


def _tell_moved(session: Session, moved: Moved) -> int:
    complete = moved.status == "COMPLETED"
    if session.as_json:
        print_json({
            "dry_run": False, "method": "move-task", "status": moved.status, "sent": moved.moved, "why": moved.why,
        })  # fmt: skip
    else:
        click.echo(
            f"{many(moved.moved, 'dead letter')} moved back to the queue by SQS: {moved.status.lower()}"
        )
    if complete:
        return 0
    if not moved.moved:
        raise CommandError(f"SQS ended the move with {moved.status}: {moved.why or 'no reason given'}")
    click.echo(
        harmless(f"Not all were moved: {moved.why or moved.status}; run it again for the rest."), err=True
    )
    return PARTLY_DONE


def _tell_done(session: Session, done: Done, missing: list[str]) -> int:
    if session.as_json:
        print_json(
            {
                "dry_run": False,
                "method": "receive-send-delete",
                "received": len(done.seen),
                "sent": done.sent,
                "deleted": done.deleted,
                "failed": [{"id": name, "why": why} for name, why in sorted(done.failed.items())],
                "not_received": missing,
                "read_to_the_end": done.to_the_end,
                "left": done.left,
                "came_meanwhile": done.late,
            }
        )
    else:
        click.echo(
            f"{many(done.sent, 'dead letter')} sent to the queue again, {done.deleted} of them deleted here."
        )
        if not done.seen:
            click.echo("The dead-letter queue is empty, or someone else holds its letters.", err=True)
    for name, why in sorted(done.failed.items())[:MOST_FAILURES_SHOWN]:
        click.echo(harmless(f"{name}: {why}"), err=True)
    if done.failed:
        click.echo(f"{len(done.failed)} failed and are still there; run it again for them.", err=True)
    if missing:
        click.echo(f"{len(missing)} ids were not received, the first is {missing[0]}.", err=True)
    if not done.to_the_end:
        click.echo(
            f"About {many(done.left, 'letter')} in the queue were not looked at; run it again for them.",
            err=True,
        )
    if done.late:
        click.echo(
            f"{many(done.late, 'letter')} came while it ran, and stay. What was sent may have failed anew; see: "
            "invalidator dlq explain",
            err=True,
        )
    return PARTLY_DONE if done.failed or missing or done.late or not done.to_the_end else 0
