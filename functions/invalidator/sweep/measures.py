"""What a sweep measures: how old the oldest unsent change and the routes are, and which dead letters are new."""

import math
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
        routes_age_seconds: since the last complete survey began, or else since the first sweep.
        routes_late: whether that is so long that somebody has to know.
    """

    oldest_unsent_seconds: float
    oldest: str
    waiting: int
    called: int
    dead_letters: int
    new_dead_letters: int
    routes_age_seconds: float = 0.0
    routes_late: bool = False


def measure(
    swept: Swept,
    letters: int,
    letters_before: int | None,
    now: float,
    *,
    age: float = 0.0,
    late: float = math.inf,
) -> Measures:
    """Return what a sweep measured.

    The dead letters are counted by how many are there, held by the desk or not: so those count as well that the queue's
    redrive policy has moved, which no function sees and which no metric of SQS counts as sent.

    Args:
        swept: what it found.
        letters: how many dead letters there are.
        letters_before: how many there were a sweep ago; None where this is a stack's first.
        now: epoch seconds.
        age: the routes', in seconds.
        late: past this age they are late.
    """
    unsent = 0.0 if swept.oldest is None else max(0.0, now - swept.oldest)
    new = 0 if letters_before is None else max(0, letters - letters_before)
    return Measures(
        round(unsent, 1),
        swept.oldest_name,
        swept.waiting,
        len(swept.called),
        letters,
        new,
        round(age, 1),
        age > late,
    )
