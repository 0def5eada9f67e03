"""What a target was sent lately: what that made fresh, and what of it is still in progress."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.room import LONGEST_SECONDS, SHORTEST_SECONDS, in_progress, room
from invalidator.core.pending.entry import Times
from invalidator.core.sent import CLOCK_MARGIN_SECONDS, Coverage, Sent
from invalidator.core.target_state import TargetState
from invalidator.failures import Failure
from invalidator.ports import CLOCKS_APART_SECONDS, Clock, CloudFront, Targets

# Statuses asked for at a time; more would cost more calls than they free.
MOST_STATUS_CALLS = 10


@dataclass(slots=True)
class History:
    """The recent invalidations of a target, as the table remembers them since the last look.

    Attributes:
        mended: is told what the table said and cannot be, in words for people.
    """

    target: str
    role: str | None
    cloudfront: CloudFront
    targets: Targets
    clock: Clock
    mended: list[str] = field(default_factory=list)
    _sent: dict[str, Sent] = field(default_factory=dict)

    def look(self, oldest: float) -> None:
        """Take in what can cover a change at `oldest` or later, or be in progress. Raises TableUnavailable.

        One that will only be created, by more than clocks differ, is left out: taken for true, it would cover changes
        that came after it. (An edit of less is seen by the item's digest.)
        """
        now = self.clock.now()
        since = min(oldest - CLOCK_MARGIN_SECONDS, now - LONGEST_SECONDS)
        remembered: dict[str, Sent] = {}
        for each in self.targets.sent_since(self.target, since):
            if each.created <= now + CLOCKS_APART_SECONDS + CLOCK_MARGIN_SECONDS:
                remembered[each.id] = each
            else:
                self.mended.append(
                    f"sent#{self.target} {each.id} is created at {each.created}: it covers nothing"
                )
        self._sent = remembered | self._sent

    def uncovered(self, paths: Mapping[str, Times]) -> dict[str, Times]:
        """Return what still has to be sent of these: viewer path → first and newest change, epoch seconds."""
        return Coverage(self._sent.values()).uncovered(paths)

    def add(self, sent: Sent) -> None:
        """Take in what was sent just now."""
        self._sent[sent.id] = sent

    def room(self) -> Allowance:
        """Return what can be in progress beside what counts as being so."""
        return room(in_progress(self._sent.values(), self.clock.now()))

    def ask_room(self) -> Allowance:
        """Ask CloudFront which of ours have finished, and return the room that leaves."""
        now = self.clock.now()
        running = in_progress(self._sent.values(), now)
        for each in [one for one in running if one.created < now - SHORTEST_SECONDS][:MOST_STATUS_CALLS]:
            try:
                if not self.cloudfront.completed(self.target, each.id, self.role):
                    continue
                self._sent[each.id] = replace(each, completed=True)
                self.targets.mark_completed(each)
            except Failure:
                break  # not known: counts as in progress, until it is too old to be
        return self.room()


def needs_a_look(state: TargetState, oldest: float, now: float) -> bool:
    """Tell whether anything that the target was sent can cover a change at `oldest`, or be in progress at `now`."""
    return (
        oldest <= max(state.answered, state.sent - CLOCK_MARGIN_SECONDS) or state.sent > now - LONGEST_SECONDS
    )
