"""A target's turn among the calls of its account: when it may ask CloudFront, and what the answers teach about that."""

from dataclasses import dataclass, field, replace

from invalidator.core.limits.account import Account
from invalidator.core.limits.slots import Calls, after_throttling, believed, met_together, relearned
from invalidator.ports import Accounts, Clock

# With more tickets than this in the queue, a turn is too dear for a request that may be refused for its size: of three
# hundred targets each would learn that by itself.
LONG_QUEUE = 3
# A run waits so long for its turn; what is further off comes by a wake of its own.
MOST_WAIT_SECONDS = 4.0


@dataclass(slots=True)
class Turns:
    """The account's queue of calls, for one run of one target.

    Attributes:
        account: whose quotas they are.
        known: what is known of the account; kept up to date.
        ticket: the target's position in the queue, 0 where it has none.
        mended: what the table said of the queue and cannot be, in words for people.
    """

    target: str
    account: str
    known: Account
    ticket: int
    accounts: Accounts
    clock: Clock
    mended: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._queue(self.calls)

    @property
    def calls(self) -> Calls:
        """The queue, as known."""
        return self.known.calls

    @property
    def crowded(self) -> bool:
        """Whether others wait for their turn too: then one request is all that a turn carries."""
        return self.calls.gap > 0 and self.calls.queued > 1

    @property
    def long(self) -> bool:
        """Whether so many wait that a turn carries only what is hardly ever refused."""
        return self.calls.gap > 0 and self.calls.queued > LONG_QUEUE

    def expected(self) -> float:
        """Return when the target's turn is, epoch seconds; 0 while calls are not spaced or it has no ticket."""
        return self.calls.turn(self.ticket, self.clock.now()) if self.calls.gap and self.ticket else 0.0

    def take(self, deadline: float) -> bool:
        """Wait for the target's turn and take it; False where it comes too late for this run, or after `deadline`.

        Raises TableUnavailable.
        """
        if self.calls.gap == 0:
            return self.clock.now() < deadline
        if not self.ticket:
            self._queue(self.accounts.draw(self.account))
            self.ticket = self.calls.dealt
        while True:
            now = self.clock.now()
            turn = self.expected()
            if turn > min(deadline, now + MOST_WAIT_SECONDS):
                return False
            if turn > now:
                self.clock.sleep(turn - now)
            now = self.clock.now()
            if self.accounts.take_turn(self.account, self.ticket, self.calls.last, now):
                self._queue(replace(self.calls, last=now, served=max(self.calls.served, self.ticket)))
                self.ticket = 0
                return True
            self._look(now)
            if self.calls.gap == 0:
                return self.clock.now() < deadline

    def accepted(self) -> None:
        """Learn that a call was taken. Raises TableUnavailable."""
        if self.calls.unreadable:
            self._look(self.clock.now())  # another run may have put it right
        self._learn(relearned(self.calls, self.clock.now()))

    def throttled(self) -> None:
        """Learn that a call was refused for the rate of calls. Raises TableUnavailable."""
        now = self.clock.now()
        self._look(now)
        self._learn(after_throttling(self.calls, now))

    def refused_for_size(self, *, small: bool) -> bool:
        """Note a refusal for size; tell whether it is the account's rate, since another target met it within seconds.

        Calls are spaced then; further only for a `small` request, as a large one is the more likely cause.
        Raises TableUnavailable.
        """
        now = self.clock.now()
        self._look(now)
        together = met_together(self.calls, self.target, now)
        spaced = together and (small or self.calls.gap == 0)
        learned = after_throttling(self.calls, now) if spaced else self.calls
        self._learn(replace(learned, refused_target=self.target, refused_at=now))
        return together

    def _learn(self, calls: Calls) -> None:
        if calls != self.calls or calls.unreadable:
            self.accounts.learn(self.account, calls, self.calls.learned)
            self._queue(replace(calls, unreadable=False))

    def _look(self, now: float) -> None:
        self.known = self.accounts.known(self.account, now)
        self._queue(self.calls)

    def _queue(self, calls: Calls) -> None:
        calls, mended = believed(calls, self.clock.now())
        self.mended += [f"account#{self.account} calls: {each}" for each in mended]
        self.known = replace(self.known, calls=calls)
