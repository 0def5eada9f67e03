"""One look at what is still to do, and what follows from several. Pure.

A change goes from the queue to the table, from there to CloudFront, and there it completes: looked at in this order,
none slips past between two questions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from infra.cli.printing import instant, many, some, span
from invalidator.core.sent import Sent

# SQS counts its messages about, and a moment late: it has to say twice that there is none.
EMPTY_LOOKS = 2


@dataclass(frozen=True, slots=True)
class Waits:
    """What waits for one, and why.

    Attributes:
        name: whom it waits for, as people read it.
        paths: how many viewer paths; 0 where nobody has counted them yet.
        since: the first change, epoch seconds.
        not_before: nothing is sent earlier, epoch seconds; 0 where that is not said.
        reason: why, "" while it only gathers.
        for_ever: whether nothing will come of it until somebody acts.
    """

    name: str
    paths: int
    since: float
    not_before: float = 0.0
    reason: str = ""
    for_ever: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What one look saw.

    Attributes:
        at: when, epoch seconds.
        messages: on the queue of changes, about: waiting, in flight, delayed.
        waiting: what waits to be sent.
        running: invalidations that have not completed.
        paused: which steps of the worker are switched off.
        given_up: of it since a while before the wait began, a line each.
    """

    at: float
    messages: int = 0
    waiting: Sequence[Waits] = ()
    running: Sequence[Sent] = ()
    paused: Sequence[str] = ()
    given_up: Sequence[str] = ()

    def as_text(self) -> str:
        """Say in a line what is still to do; "" for nothing."""
        parts = []
        if self.messages:
            parts.append(f"{many(self.messages, 'message')} on the queue")
        for each in self.waiting[:2]:
            paths = many(each.paths, "path") if each.paths else "changes"
            parts.append(f"{paths} for {each.name}" + (f" ({each.reason})" if each.reason else ""))
        if (more := len(self.waiting) - 2) > 0:
            parts.append(f"{more} more wait")
        if self.running:
            parts.append(f"in progress: {some([each.id for each in self.running])}")
        return ", ".join(parts)


@dataclass(slots=True)
class Course:
    """What several looks add up to.

    Attributes:
        began: when the wait began, epoch seconds.
        settle: how long S3 is given to tell of the last change, in seconds.
        deadline: when the wait is given up, epoch seconds.
        empty: how often the queue was seen empty since S3 was given its time.
    """

    began: float
    settle: float
    deadline: float
    empty: int = 0

    def is_done(self, look: Look) -> bool:
        """Whether all of it is fresh, by this look and those before it."""
        if look.messages == 0 and look.at >= self.began + self.settle:
            self.empty += 1
        return self.empty >= EMPTY_LOOKS and not look.waiting and not look.running

    def cannot_end(self, look: Look) -> str:
        """Say why the wait cannot end well, or not in time; "" while it may."""
        if look.given_up:
            return (
                f"{many(len(look.given_up), 'dead letter')}: {look.given_up[0]}; see: invalidator dlq explain"
            )
        stopped = [step for step in look.paused if look.waiting or (step == "intake" and look.messages)]
        if stopped:
            return f"{' and '.join(stopped)} paused, and {look.as_text()}; go on with: invalidator resume"
        for each in look.waiting:
            if each.for_ever:
                return f"{each.name}: {each.reason}"
            if each.not_before > self.deadline:
                return (
                    f"{each.name} is sent nothing before {instant(each.not_before)}, after the timeout: "
                    f"{each.reason or 'it rests'}; see: invalidator pending list"
                )
        return ""

    def too_late(self, look: Look) -> str:
        """Say what was still to do when the time was up."""
        waited = span(look.at - self.began)
        if self.empty < EMPTY_LOOKS and look.messages:
            return (
                f"not fresh after {waited}: {look.as_text()}, which was never seen empty: does the worker start, and "
                "keep up? see: invalidator status"
            )
        return f"not fresh after {waited}: {look.as_text() or 'it had just begun'}; see: invalidator pending list"


def overlaps(path: str, areas: Iterable[str]) -> bool:
    """Whether a path, exact or a wildcard, is about what one of the areas (paths or wildcards) is about."""
    return any(_meet(path, area) for area in areas)


def _meet(one: str, other: str) -> bool:
    if one.startswith("#") or other.startswith("#"):
        return True  # which answers have a cache tag is known at the edge alone
    wide, wider = one.endswith("*"), other.endswith("*")
    one, other = one.removesuffix("*"), other.removesuffix("*")
    return one == other or (wider and one.startswith(other)) or (wide and other.startswith(one))
