"""Reads the dead-letter queue for a command, with progress, and says how much of the queue that was."""

from dataclasses import dataclass
from typing import Any

import click

from infra.cli.dlq.letters import DeadLetter
from infra.cli.dlq.selection import MOST_LETTERS, Selector, refuse_unknown
from infra.cli.dlq.sqs.queue import HOLD_SECONDS, Counts, DeadLetterQueue
from infra.cli.errors import CommandError
from infra.cli.printing import many, progress


@dataclass(frozen=True, slots=True)
class Sample:
    """What was received.

    Attributes:
        letters: the letters, all of them.
        about: how many SQS estimated before.
        to_the_end: whether the queue was read until nothing new came.
    """

    letters: tuple[DeadLetter, ...]
    about: Counts
    to_the_end: bool

    @property
    def empty(self) -> bool:
        """Whether there is no dead letter, as far as anybody can tell."""
        return not self.letters and not self.about.visible and not self.about.in_flight

    @property
    def held_elsewhere(self) -> bool:
        """Whether someone else was reading the queue."""
        return self.about.in_flight > 0

    def document(self) -> dict[str, Any]:
        """Return what JSON says of the sample."""
        return {
            "received": len(self.letters),
            "about": self.about.visible,
            "held_by_another_reader": self.about.in_flight,
            "read_to_the_end": self.to_the_end,
        }


def take_sample(queue: DeadLetterQueue, most: int = MOST_LETTERS) -> Sample:
    """Receive what there is, hold it, and talk about it on stderr."""
    about = queue.counts()
    letters: list[DeadLetter] = []
    with progress("receiving", about.visible) as advance:

        def collect(batch: list[DeadLetter]) -> None:
            letters.extend(batch)
            advance(len(batch))

        to_the_end = queue.read(collect, most)
    return Sample(tuple(letters), about, to_the_end)


def tell(sample: Sample) -> None:
    """Say on stderr how much of the queue the sample is."""
    if sample.empty:
        click.echo("The dead-letter queue is empty.", err=True)
        return
    received = len(sample.letters)
    if received != sample.about.visible:
        click.echo(
            f"{many(received, 'dead letter')} received, about {sample.about.visible:,} in the queue. "
            "A receive is a sample:\nwhat another reader holds does not show.",
            err=True,
        )
    if not sample.to_the_end:
        left = sample.about.visible - received
        more = f"There are more, about {left:,}" if left > 0 else "There may be more"
        click.echo(f"{more}: this is only the part that was read; run it again for them.", err=True)
    if sample.held_elsewhere:
        click.echo(
            f"Someone else is reading this queue and holds about {sample.about.in_flight}; they come back "
            f"when it is\ndone or killed, after {HOLD_SECONDS} s if it was this command.",
            err=True,
        )


def require(selector: Selector, sample: Sample) -> list[DeadLetter]:
    """Return the selected letters.

    Raises CommandError where an id was not received, or where nobody knows a reason: neither this version nor a letter.
    """
    refuse_unknown(selector, (letter.reason for letter in sample.letters))
    chosen = [letter for letter in sample.letters if selector.takes(letter)]
    missing = sorted(selector.ids - {letter.id for letter in sample.letters})
    if missing:
        hint = (
            f"another reader holds {sample.about.in_flight}: try again in {HOLD_SECONDS} s"
            if sample.held_elsewhere
            else "see the ids with: invalidator dlq list --json"
        )
        raise CommandError(f"no dead letter {missing[0]!r} was received; {hint}")
    return chosen
