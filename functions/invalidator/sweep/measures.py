"""What a sweep measures: how old the oldest unsent change is, and which dead letters are new."""

from dataclasses import dataclass

from invalidator.sweep.sweep import Swept


@dataclass(frozen=True, slots=True)
class Measures:
    """What a sweep measured; the fields are those of the function's answer.

    Attributes:
        oldest_unsent_seconds: the age of the first change that is not sent yet; 0 where nothing waits.
        oldest: owner name of whom it waits for; "" for nobody.
        waiting: how many targets, buckets and unknown ones something waits for.
        called: how many of them got a wake.
        dead_letters: how many there are.
        new_dead_letters: how many more than a sweep ago.
    """

    oldest_unsent_seconds: float
    oldest: str
    waiting: int
    called: int
    dead_letters: int
    new_dead_letters: int


def measure(swept: Swept, letters: int, letters_before: int | None, now: float) -> Measures:
    """Return what a sweep measured.

    The dead letters are counted by how many are there, held by the desk or not: so those count as well that the queue's
    redrive policy has moved, which no function sees and which no metric of SQS counts as sent.

    Args:
        swept: what it found.
        letters: how many dead letters there are.
        letters_before: how many there were a sweep ago; None where this is a stack's first.
        now: epoch seconds.
    """
    age = 0.0 if swept.oldest is None else max(0.0, now - swept.oldest)
    new = 0 if letters_before is None else max(0, letters - letters_before)
    return Measures(round(age, 1), swept.oldest_name, swept.waiting, len(swept.called), letters, new)
