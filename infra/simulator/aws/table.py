"""The table, in memory: what the DynamoDB adapters do, for the simulator and for tests.

A contract test runs the same cases against this and against them.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace

from infra.simulator.aws.table_units import SMALL_BYTES, TableUnits, packed_size
from invalidator.core.limits.account import OWN_ACCOUNT, Account
from invalidator.core.limits.budget import Spending, day_of, month_of
from invalidator.core.limits.budget import believed as believed_spending
from invalidator.core.limits.slots import Calls
from invalidator.core.pending.entry import Entry, bucket_of_owner, bucket_owner, target_owner
from invalidator.core.pending.wakes import ABSURD_SECONDS, LONGEST_LEASE_SECONDS, Wake, believed, shard_of
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.target import NOT_SEEN, Seen, TargetRoutes
from invalidator.core.sent import Sent
from invalidator.core.target_state import TargetState
from invalidator.ports import (
    FEW_TARGETS,
    LONGEST_SURVEY_SECONDS,
    MOST_IN_FLIGHT,
    SURVEYS_APART_SECONDS,
    Dealt,
    SurveyState,
    TargetView,
)

MONTH = ""
DAYS = [f"{day:02}" for day in range(1, 32)]


@dataclass(slots=True)
class _Log:
    """A log: its entries by number, each with its size in bytes; None for a number that was closed."""

    newest: int = 0
    known: bool = False
    targets: tuple[str, ...] = ()
    entries: dict[int, tuple[Entry | None, int]] = field(default_factory=dict)
    last: int = 0

    def standing(self, number: int, entry: Entry | None, size: int) -> tuple[Entry | None, int]:
        """Put an entry under a number if nothing stands there; return what does then."""
        self.last = max(self.last, number)
        return self.entries.setdefault(number, (entry, size))

    def after(self, number: int) -> Iterator[tuple[int, Entry | None, int]]:
        """Yield what stands after a number, in order, with its size."""
        for each in range(number + 1, self.last + 1):
            if each in self.entries:
                yield each, *self.entries[each]


@dataclass(slots=True)
class _Woken:
    """A wake, with who holds it, and the first change behind what was asked for since it was begun."""

    wake: Wake
    token: str = ""
    asked_since: float | None = None


@dataclass(slots=True)
class _Survey:
    state: SurveyState = field(default_factory=SurveyState)
    leased_until: float = 0.0
    token: str = ""


class InMemoryTable:
    """The table's items as Python values: `Log`, `Wakes`, `Targets`, `Accounts` and `RoutesStore`.

    Args:
        now: tells the time, for what is counted by the second.

    Attributes:
        units: what was asked of it.
        pinned: what people have pinned.
    """

    def __init__(self, now: Callable[[], float] = lambda: 0.0) -> None:
        self.units = TableUnits(now)
        self.pinned: list[Pin] = []
        self._logs: dict[str, _Log] = {}
        self._woken: dict[str, _Woken] = {}
        self._routes: dict[str, tuple[TargetRoutes, Seen]] = {}
        self._buckets: dict[str, tuple[str, ...]] = {}
        self._states: dict[str, TargetState] = {}
        self._sent: dict[str, list[Sent]] = {}
        self._spent: dict[tuple[str, str, str], int] = {}
        self._calls: dict[str, Calls] = {}
        self._survey = _Survey()
        self._tries: dict[str, int] = {}

    # Logs

    def deal(self, owner: str) -> Dealt | None:
        """Deal the next number of an owner's log; None for a bucket that nobody knows."""
        self.units.write(f"log#{owner}")
        log = self._log(owner)
        bucket = bucket_of_owner(owner)
        if bucket is not None and not log.known:
            return None
        log.newest += 1
        few = bucket is not None and 0 < len(log.targets) <= FEW_TARGETS
        return Dealt(log.newest, log.targets if few else None)

    def put(self, owner: str, number: int, entry: Entry) -> bool:
        """Write an entry under its number; False where something else stands there."""
        size = packed_size(entry.changed)
        self.units.write(f"log#{owner}", size)
        standing, _ = self._log(owner).standing(number, entry, size)
        return standing is entry or standing == entry

    def read(self, owner: str, after: int) -> Iterator[tuple[int, Entry | None]]:
        """Yield what stands in a log after a number, in order; None for a number that was closed."""
        log = self._logs.get(owner, _Log())
        total = 0
        try:
            for number, entry, size in log.after(after):
                total += size
                yield number, entry
        finally:
            self.units.read(total)

    def close(self, owner: str, number: int) -> Entry | None:
        """Close a number that nothing stands under; return the entry where a writer was faster."""
        self.units.write(f"log#{owner}")
        standing, size = self._log(owner).standing(number, None, SMALL_BYTES)
        if standing is not None:
            self.units.read(size)
        return standing

    def count_try(self, message: str) -> int:
        """Count a try of a message that came often already; return how many there were."""
        self.units.write(f"tries#{message}")
        self._tries[message] = self._tries.get(message, 0) + 1
        return self._tries[message]

    def before(self, owner: str, written: float) -> int:
        """Return the number up to which all entries were written before a time."""
        self.units.read(SMALL_BYTES)
        log = self._logs.get(owner, _Log())
        last: int | None = None
        end = log.newest + 1
        for number, entry, _ in log.after(0):
            if entry is not None and entry.written >= written:
                end = number
                break
            last = number
        return max(0, end - 1 - MOST_IN_FLIGHT) if last is None else last

    def newest(self, owner: str) -> int:
        """Return the number dealt last; 0 for none."""
        self.units.read(SMALL_BYTES)
        return self._logs.get(owner, _Log()).newest

    def catch_up(self, owner: str) -> bool:
        """Let the next number follow on the last that stands; tell whether earlier ones were dealt."""
        self.units.read(SMALL_BYTES)
        self.units.write(f"log#{owner}")
        log = self._log(owner)
        last = max(log.entries, default=0)
        behind = log.newest < last
        log.newest = max(log.newest, last)
        return behind

    def expire(self, owner: str, number: int) -> None:
        """Let the entries up to a number expire, as the table's TTL does."""
        entries = self._logs.get(owner, _Log()).entries
        for each in [one for one in entries if one <= number]:
            del entries[each]

    def drop_head(self, owner: str) -> None:
        """Remove the head of a log, as somebody may by hand: what is dealt, and whom it concerns, is forgotten."""
        log = self._log(owner)
        log.newest, log.known, log.targets = 0, False, ()

    def _log(self, owner: str) -> _Log:
        log = self._logs.get(owner)
        if log is None:
            log = self._logs[owner] = _Log()
        return log

    # Wakes

    def wake(self, name: str, due: float, since: float, called: float) -> Wake | None:
        """Ask for a look where none is asked for; return the wake then."""
        self._write_wake(name)
        woken = self._woken.setdefault(name, _Woken(Wake(name)))
        before = woken.wake
        if before.due is not None and before.due <= due + ABSURD_SECONDS:
            return None
        known = before.since
        woken.wake = replace(before, due=due, called=called, since=since if known is None else known)
        woken.asked_since = since
        return woken.wake

    def begin(self, name: str, now: float, until: float, token: str) -> Wake | None:
        """Take the lease until a time, and clear what was asked for; return how it stood before."""
        self._write_wake(name)
        woken = self._woken.setdefault(name, _Woken(Wake(name)))
        before = woken.wake
        if _held(before.leased_until, now, LONGEST_LEASE_SECONDS):
            return None
        woken.wake = replace(before, due=None, called=0.0, leased_until=until)
        woken.token, woken.asked_since = token, None
        return believed(before, now)

    def end(self, name: str, token: str, left: Wake) -> bool:
        """Give the lease back, and keep what the run leaves; tell whether it is this run that asked for a look."""
        self._write_wake(name)
        woken = self._woken.get(name)
        if woken is None or woken.token != token:
            return False
        asked = woken.wake
        woken.token = ""
        if asked.due is None:
            called = 0.0 if left.due is None else left.called
            woken.wake = replace(left, name=name, leased_until=0.0, called=called)
            return left.due is not None
        self._write_wake(name)  # the table's own has to look twice
        since = woken.asked_since if left.since is None else left.since
        woken.wake = replace(
            left, name=name, leased_until=0.0, due=asked.due, called=asked.called, since=since
        )
        return False

    def called(self, name: str, due: float, at: float) -> bool:
        """Note that a message is sent at `at` for what is asked for at `due`."""
        self._write_wake(name)
        woken = self._woken.get(name)
        if woken is None or woken.wake.due != due:
            return False
        woken.wake = replace(woken.wake, called=at)
        return True

    def waiting(self) -> Iterator[Wake]:
        """Yield all that is asked for, held, waiting or resting."""
        self.units.read(SMALL_BYTES * len(self._woken))
        for woken in list(self._woken.values()):
            yield woken.wake

    def forget(self, name: str, before: float) -> None:
        """Remove one for which nothing is asked and nothing waits, and whose rest ended before a time."""
        self._write_wake(name)
        woken = self._woken.get(name)
        if woken is None:
            return
        wake = woken.wake
        ended = max(wake.rest.until, wake.leased_until) < before
        if ended and wake.due is None and wake.since is None:
            del self._woken[name]

    def idle(self) -> bool:
        """Tell, at no cost, whether nobody is asked for and nothing waits."""
        return all(each.wake.due is None and each.wake.since is None for each in self._woken.values())

    def _write_wake(self, name: str) -> None:
        self.units.write(f"wakes#{shard_of(name)}")

    # Targets

    def view(self, target: str, now: float) -> TargetView:
        """Return what is known of a target and of the worker's own account."""
        self.units.read(*[SMALL_BYTES] * 5)
        routes = self._routes.get(target)
        return TargetView(
            None if routes is None else routes[0],
            self._states.get(target, TargetState()),
            self._account(OWN_ACCOUNT, now),
            self._logs.get(target_owner(target), _Log()).newest,
        )

    def save(self, target: str, state: TargetState) -> None:
        """Remember a target's state."""
        self.units.write(f"target#{target}")
        self._states[target] = state

    def sent_since(self, target: str, since: float) -> list[Sent]:
        """Return the target's invalidations created at or after `since`, newest first."""
        found: list[Sent] = []
        for each in reversed(self._sent.get(target, [])):
            if each.created < since:
                break
            found.append(each)
        self.units.read(sum(packed_size(each.paths) for each in found))
        return found

    def record(self, sent: Sent) -> None:
        """Remember an invalidation."""
        self.units.write(f"sent#{sent.distribution}", packed_size(sent.paths))
        listed = self._sent.setdefault(sent.distribution, [])
        if any(each.id == sent.id for each in listed[-1:]) or sent.created <= _newest(listed):
            listed[:] = [each for each in listed if each.id != sent.id]
        listed.append(sent)
        if len(listed) > 1 and listed[-2].created > sent.created:
            listed.sort(key=lambda each: each.created)

    def mark_completed(self, sent: Sent) -> None:
        """Remember that CloudFront finished an invalidation."""
        self.units.write(f"sent#{sent.distribution}", packed_size(sent.paths))
        listed = self._sent.get(sent.distribution, [])
        listed[:] = [replace(each, completed=True) if each.id == sent.id else each for each in listed]

    def of_bucket(self, bucket: str) -> list[str]:
        """Return the ids of all targets that a bucket has."""
        targets = self._buckets.get(bucket, ())
        self.units.read(SMALL_BYTES * len(targets))
        return list(targets)

    # Accounts

    def count(self, account: str, paths: int, now: float, limit: int) -> Spending | None:
        """Count paths before they are sent; return the sum, None where it would pass `limit`."""
        self.units.write(f"account#{account}")
        spent = self._account(account, now).spending
        if paths > 0 and limit > 0 and spent.month + paths > limit:
            return None
        month = month_of(now)
        for day in (MONTH, day_of(now)):
            self._spent[account, month, day] = self._spent.get((account, month, day), 0) + paths
        return Spending(spent.month + paths, spent.day + paths)

    def mend_spending(self, account: str, now: float) -> Spending:
        """Put right what cannot have been counted; return what is spent."""
        self.units.read(SMALL_BYTES)
        self.units.write(f"account#{account}")
        spending, days = self._spending(account, now)
        for day, paths in {MONTH: spending.month, **days}.items():
            self._spent[account, month_of(now), day] = paths
        return spending

    def draw(self, account: str) -> Calls:
        """Draw a ticket: return the queue, whose `dealt` is the ticket."""
        self.units.write(f"account#{account}")
        before = self._calls.get(account, Calls())
        self._calls[account] = replace(before, dealt=before.dealt + 1)
        return self._calls[account]

    def take_turn(self, account: str, ticket: int, last: float, now: float) -> bool:
        """Take a ticket's turn; False where another call was made since `last`."""
        self.units.write(f"account#{account}")
        calls = self._calls.get(account, Calls())
        if calls.last != last:
            return False
        self._calls[account] = replace(calls, last=now, served=max(calls.served, ticket))
        return True

    def learn(self, account: str, calls: Calls, learned: float) -> None:
        """Remember gap, lesson and refusal of a queue, unless another run learned a wider gap since `learned`."""
        self.units.write(f"account#{account}")
        if calls.unreadable:
            self._calls[account] = replace(calls, unreadable=False)
            return
        known = self._calls.get(account, Calls())
        if known.learned > learned and known.gap > calls.gap:
            return
        self._calls[account] = replace(calls, last=known.last, dealt=known.dealt, served=known.served)

    def known(self, account: str, now: float) -> Account:
        """Return what is known of an account."""
        self.units.read(SMALL_BYTES, SMALL_BYTES)
        return self._account(account, now)

    def _account(self, account: str, now: float) -> Account:
        return Account(self._spending(account, now)[0], self._calls.get(account, Calls()))

    def _spending(self, account: str, now: float) -> tuple[Spending, dict[str, int]]:
        month = month_of(now)
        days = {day: paths for day in DAYS if (paths := self._spent.get((account, month, day))) is not None}
        return believed_spending(self._spent.get((account, month, MONTH), 0), days, day_of(now))

    # What the survey writes

    def all_routes(self) -> Iterator[tuple[TargetRoutes, Seen]]:
        """Yield the routing of every target."""
        self.units.read(SMALL_BYTES * len(self._routes))
        yield from list(self._routes.values())

    def store_routes(self, routes: TargetRoutes, seen: Seen = NOT_SEEN) -> None:
        """Remember a target's routing."""
        self.units.write("distributions")
        self._routes[routes.target] = routes, seen

    def routes_of(self, target: str) -> tuple[TargetRoutes, Seen] | None:
        """Return one target's routing."""
        self.units.read(SMALL_BYTES)
        return self._routes.get(target)

    def forget_routes(self, target: str) -> None:
        """Forget a target that is gone."""
        self.units.write("distributions")
        self._routes.pop(target, None)

    def know_bucket(self, bucket: str, targets: Collection[str]) -> bool:
        """Note that a bucket is known, and the targets that serve it; return whether its log said so already."""
        listed = tuple(sorted(targets))
        for _ in {*listed} ^ {*self._buckets.get(bucket, ())}:
            self.units.write(f"bucket#{bucket}")
        self.units.write(f"log#{bucket_owner(bucket)}")
        self._buckets[bucket] = listed
        log = self._log(bucket_owner(bucket))
        as_it_was = log.known and log.targets == listed
        log.known, log.targets = True, listed
        return as_it_was

    def pins(self) -> list[Pin]:
        """Return what people have pinned."""
        return list(self.pinned)

    def survey_state(self) -> SurveyState:
        """Return how far the survey is."""
        self.units.read(SMALL_BYTES)
        return self._survey.state

    def ask_survey(self, now: float) -> bool:
        """Note that one is asked for at `now`; False where one was lately."""
        self.units.write("survey")
        if abs(now - self._survey.state.started) < SURVEYS_APART_SECONDS:
            return False
        self._survey.state = replace(self._survey.state, started=now)
        return True

    def begin_survey(self, now: float, until: float, token: str) -> SurveyState | None:
        """Take the survey's lease until a time; return how far it was."""
        self.units.write("survey")
        if _held(self._survey.leased_until, now, LONGEST_SURVEY_SECONDS):
            return None
        before = self._survey.state
        self._survey = _Survey(replace(before, started=now), until, token)
        return before

    def save_survey(self, token: str, state: SurveyState, until: float = 0.0) -> bool:
        """Remember how far it is, and keep the lease until a time."""
        self.units.write("survey", packed_size(state.unserved))
        if self._survey.token != token:
            return False
        started = self._survey.state.started
        self._survey = _Survey(replace(state, started=started), until, token if until else "")
        return True


def _held(leased_until: float, now: float, longest: float) -> bool:
    return now < leased_until <= now + longest


def _newest(listed: list[Sent]) -> float:
    return listed[-1].created if listed else float("-inf")
