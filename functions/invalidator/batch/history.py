"""What one distribution was sent lately: what that made fresh, and what of it is still in progress."""

from dataclasses import dataclass, field, replace

from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.room import LONGEST_SECONDS, SHORTEST_SECONDS, in_progress, room
from invalidator.core.sent import CLOCK_MARGIN_SECONDS, Coverage, Sent
from invalidator.core.work import Work
from invalidator.failures import Failure, MemoryUnavailable
from invalidator.ports import Clock, CloudFront, Memory

# Statuses asked for at a time; more would cost more calls than they free.
MOST_STATUS_CALLS = 10


@dataclass(slots=True)
class History:
    """The recent invalidations of the distribution that `work` is for, as the table remembers them since the last look.

    Without the table the history is empty: a path may be paid twice, but none stays stale.
    """

    work: Work
    cloudfront: CloudFront
    memory: Memory
    clock: Clock
    _sent: dict[str, Sent] = field(default_factory=dict)

    def look(self) -> None:
        """Take in what the table remembers by now, the other worker's included; what is known here stays."""
        # What ended this very work can be older than what counts as coverage: sent at once, by a slow clock.
        oldest = min(self.work.paths.values()) - CLOCK_MARGIN_SECONDS
        since = min(oldest, self.clock.now() - LONGEST_SECONDS)
        try:
            remembered = self.memory.sent_since(self.work.distribution.id, since)
        except MemoryUnavailable:
            return
        self._sent = {each.id: each for each in remembered} | self._sent

    def ended(self, digest: str) -> bool:
        """Tell whether this very work, by its digest, was sent before."""
        return any(each.work == digest for each in self._sent.values())

    def uncovered(self) -> dict[str, float]:
        """Return what still has to be sent of the work: viewer path → newest change, epoch seconds."""
        return Coverage(self._sent.values()).uncovered(self.work.paths)

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
                if not self.cloudfront.completed(each.distribution, each.id, self.work.distribution.role):
                    continue
                self._sent[each.id] = replace(each, completed=True)
                self.memory.mark_completed(each)
            except Failure:
                break  # not known: counts as in progress, until it is too old to be
        return self.room()
