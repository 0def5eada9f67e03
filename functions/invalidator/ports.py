"""What the functions need of the outside world. `aws/` holds the AWS side of each; the simulator brings its own.

Each method of `Log`, `Wakes`, `Targets` and `Accounts` is one call to the table (a few where an item would be too
large), so that a process can die between any two of them, and the tests let it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from invalidator.core.announcement import Announcement
from invalidator.core.limits.account import Account
from invalidator.core.limits.budget import Spending
from invalidator.core.limits.slots import Calls
from invalidator.core.pending.entry import Entry
from invalidator.core.pending.wakes import Wake
from invalidator.core.reasons import Reason
from invalidator.core.remembering.head import Absent
from invalidator.core.remembering.head import Seen as SeenObject
from invalidator.core.remembering.memory_state import MemoryState
from invalidator.core.remembering.row import Row
from invalidator.core.request import Request
from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.documents.listed import Listed
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.target import NOT_SEEN, Seen, TargetRoutes
from invalidator.core.sent import Sent
from invalidator.core.target_state import TargetState
from invalidator.failures import Failure


@dataclass(frozen=True, slots=True)
class Message:
    """A queue message as Lambda hands it over.

    Attributes:
        id: SQS's message id.
        body: the text.
        sent: when SQS took it, epoch seconds.
        receives: how often it was received, this time included.
        receipt: what deletes it; "" where Lambda does that.
    """

    id: str
    body: str
    sent: float
    receives: int = 1
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Dealt:
    """A number dealt to a writer of a log, and whom the log's owner concerns.

    Attributes:
        number: the entry's place in the log.
        targets: ids of the targets to wake, where they are few; None where the owner itself is to be woken.
    """

    number: int
    targets: tuple[str, ...] | None = None


# Writers' clocks are no further off the true time than this.
CLOCKS_APART_SECONDS = 600.0
# No more writers of one log have a number and have not written its entry yet.
MOST_IN_FLIGHT = 100

# Surveys that are asked for are at least so far apart.
SURVEYS_APART_SECONDS = 30.0
# No survey runs longer [Lambda quotas]: a lease that ends later was not written by one whose clock is right.
LONGEST_SURVEY_SECONDS = 900.0
# A bucket with more targets than this does not name them where a number is dealt: it is woken itself.
FEW_TARGETS = 10


class Clock(Protocol):
    """Time, passed in."""

    def now(self) -> float:
        """Return epoch seconds."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Log(Protocol):
    """The logs of pending changes. Every method raises `TableUnavailable` where the table cannot be asked.

    `read` and `close` raise `UnreadableEntry` where what stands under a number cannot be read: by another version, or
    edited by hand. Who goes on reads after that number.
    """

    def deal(self, owner: str) -> Dealt | None:
        """Deal the next number of an owner's log; None for a bucket that no survey and no pin knows."""

    def put(self, owner: str, number: int, entry: Entry) -> bool:
        """Write an entry under its number; False where a reader has closed it: another number is needed.

        The same entry under the same number again is True: the SDK may have tried twice.
        """

    def read(self, owner: str, after: int) -> Iterator[tuple[int, Entry | None]]:
        """Yield what stands in a log after a number, in order, as of now; None for a number that was closed."""

    def close(self, owner: str, number: int) -> Entry | None:
        """Close a number that nothing stands under; return the entry where a writer was faster."""

    def count_try(self, message: str) -> int:
        """Count a try of a message (by its id) that came often already; return how many there were."""

    def before(self, owner: str, written: float) -> int:
        """Return the number up to which all entries were written before a time (epoch seconds); 0 for none.

        Writers' clocks may be `CLOCKS_APART_SECONDS` off. Numbers whose entries have expired are passed over, all but
        the `MOST_IN_FLIGHT` before what stands: nobody can tell those from numbers that a writer was just dealt.
        """

    def newest(self, owner: str) -> int:
        """Return the number dealt last; 0 for none."""

    def catch_up(self, owner: str) -> bool:
        """Let the next number follow on the last that stands, where a head that was set back deals earlier ones.

        Tells whether it was.
        """


class Wakes(Protocol):
    """Who is to be looked at, and who is being looked at. Every method raises `TableUnavailable`."""

    def wake(self, name: str, due: float, since: float, called: float) -> Wake | None:
        """Ask for a look at `due` where none is asked for; return the wake then, None where one is asked for already.

        Args:
            name: owner name of a target, of a bucket, or `unknown`.
            due: epoch seconds.
            since: the first change behind it, epoch seconds; what is known already stays.
            called: when a message will be sent for it; 0 where the sweep is to do that.
        """

    def begin(self, name: str, now: float, until: float, token: str) -> Wake | None:
        """Take the lease until a time, and clear what was asked for; None where another run has the lease.

        What is returned is how it stood before. A lease or a time that lies absurdly far ahead does not count.
        """

    def end(self, name: str, token: str, left: Wake) -> bool:
        """Give the lease back, and keep what the run leaves; tell whether it is this run that asked for a look.

        Args:
            name: as above.
            token: that of `begin`. Where another run took the lease meanwhile, nothing is changed, and False returned.
            left: `since` and `due` of what waits still (None: nothing), `called` as for `wake`, `rest`, `waiting`,
                `reason`. Where somebody asked for a look since `begin`, theirs stays and False is returned: their
                message comes.
        """

    def called(self, name: str, due: float, at: float) -> bool:
        """Note that a message is sent at `at` for what is asked for at `due`; False where that has changed."""

    def waiting(self) -> Iterator[Wake]:
        """Yield all that is asked for, held, waiting or resting."""

    def forget(self, name: str, before: float) -> None:
        """Remove one for which nothing is asked and nothing waits, and whose rest ended before a time."""


@dataclass(frozen=True, slots=True)
class TargetView:
    """What a run reads of its target at once.

    Attributes:
        routes: its routing, None where no survey knows it.
        state: what it has settled and learned.
        account: the worker's own account.
        own: the number dealt last in the target's own log; None where that cannot be read.
    """

    routes: TargetRoutes | None
    state: TargetState
    account: Account
    own: int | None = 0


class Targets(Protocol):
    """The targets: routing, state, and what they were sent. Every method raises `TableUnavailable`."""

    def view(self, target: str, now: float) -> TargetView:
        """Return what is known of a target and of the worker's own account, strongly consistent, in one call."""

    def save(self, target: str, state: TargetState) -> None:
        """Remember a target's state."""

    def sent_since(self, target: str, since: float) -> list[Sent]:
        """Return the target's invalidations created at or after `since`, newest first."""

    def record(self, sent: Sent) -> None:
        """Remember an invalidation; a large one is written in parts."""

    def mark_completed(self, sent: Sent) -> None:
        """Remember that CloudFront finished an invalidation."""

    def of_bucket(self, bucket: str) -> list[str]:
        """Return the ids of all targets that a bucket has."""


class Accounts(Protocol):
    """What an account spends, and its queue of calls. Every method raises `TableUnavailable`."""

    def count(self, account: str, paths: int, now: float, limit: int) -> Spending | None:
        """Count paths before they are sent; return the sum, None where it would pass `limit` (0: there is none).

        Paths that CloudFront definitely refused are given back by counting them negative.
        """

    def mend_spending(self, account: str, now: float) -> Spending:
        """Put right what cannot have been counted (`Spending.mended`), so that no limit is passed by it."""

    def draw(self, account: str) -> Calls:
        """Draw a ticket: return the queue, whose `dealt` is the ticket."""

    def take_turn(self, account: str, ticket: int, last: float, now: float) -> bool:
        """Take a ticket's turn; False where another call was made since `last`: look at the queue again."""

    def learn(self, account: str, calls: Calls, learned: float) -> None:
        """Remember gap, lesson and refusal of a queue, unless another run learned a wider gap since `learned`.

        One that could not be read is written whole.
        """

    def known(self, account: str, now: float) -> Account:
        """Return what is known of an account, strongly consistent."""


class CloudFront(Protocol):
    """The distributions of every account that the worker may ask."""

    def create(self, request: Request, role: str | None) -> Sent:
        """Send one invalidation request. Raises the errors of `invalidator.failures`."""

    def completed(self, distribution: str, invalidation: str, role: str | None) -> bool:
        """Tell whether CloudFront has finished an invalidation. Raises the errors of `invalidator.failures`."""


class Listing(Protocol):
    """Lists a bucket."""

    def below(self, bucket: str, prefix: str) -> tuple[list[str], bool]:
        """Return some keys below a prefix, and whether there are more. Raises the errors of `invalidator.failures`."""


class Objects(Protocol):
    """The objects of a remembered bucket, several asked for at a time."""

    def heads(self, bucket: str, keys: Iterable[str]) -> Iterator[tuple[str, SeenObject | Absent | Failure]]:
        """Ask for the headers of each object, and yield each answer as it comes; a Failure where there was none."""

    def page(self, bucket: str, after: str) -> tuple[list[str], bool]:
        """Return some keys after one, in S3's order, and whether there are more.

        Raises the errors of `invalidator.failures`.
        """


class Memory(Protocol):
    """What is remembered of buckets. Every method raises `TableUnavailable`."""

    def state(self, bucket: str) -> MemoryState:
        """Return how far a bucket's memory is, strongly consistent."""

    def save(self, bucket: str, state: MemoryState) -> bool:
        """Write how far it is, in the place of what has the same `rev`; False where another has been written since.

        What is written has the next `rev`.
        """

    def rows(self, bucket: str, epoch: int, keys: Iterable[str]) -> dict[str, Row]:
        """Return what is remembered of keys, strongly consistent; what another epoch remembers is left out."""

    def store(self, bucket: str, epoch: int, rows: Mapping[str, tuple[Row, str]]) -> set[str]:
        """Write rows, each in the place of the one with a `rev` ("": of none); return the keys that stand otherwise.

        The same row written again stands: the SDK may have tried twice. A row of a later epoch stays.
        """


class ChangesQueue(Protocol):
    """The queue that buckets write to. Raises `QueueUnavailable`."""

    def receive_more(self, most: int) -> list[Message]:
        """Receive up to `most` more messages that wait there now, hidden for half a minute; [] for none."""

    def delete(self, messages: Sequence[Message]) -> None:
        """Delete messages received so. One that could not be deleted comes again."""


class WakeQueue(Protocol):
    """The queue of wakes. Raises `QueueUnavailable`."""

    def call(self, names: Iterable[tuple[str, float]]) -> None:
        """Send a wake for each (owner name, delay in seconds)."""


class DeadLetters(Protocol):
    """The dead-letter queue. Raises `QueueUnavailable`; then nothing was handed over."""

    def give_up(
        self, target: str, buckets: Iterable[str], paths: Mapping[str, float], reason: Reason, detail: str
    ) -> None:
        """Put a target's viewer paths (path → newest change) there as compact messages, with the reason."""

    def give_up_keys(self, bucket: str, keys: Mapping[str, float], reason: Reason, detail: str) -> None:
        """Put a bucket's keys (key → newest change) there as compact messages, with the reason."""

    def give_up_message(self, message: Message, reason: Reason, detail: str) -> None:
        """Put a message that cannot be read there as it came, with the reason."""


@dataclass(frozen=True, slots=True)
class SurveyState:
    """How far the survey is.

    Attributes:
        started: when the last one was started or asked for, epoch seconds; 0 for never.
        completed: when the last complete one was started, epoch seconds; 0 for never.
        covers: the number in the log of unknown buckets up to which the last complete one came later.
        unserved: buckets that it was asked for and nobody serves (some thousand at most).
    """

    started: float = 0.0
    completed: float = 0.0
    covers: int = 0
    unserved: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which a bucket's changes may have been lost.

    Attributes:
        bucket: its name.
        since: since when, epoch seconds; 0 where nobody knows.
        due: when it is to be covered, epoch seconds: the bucket surely sends again then.
        why: for people.
        covered: when that was done, or left where it is not wanted; 0 while it was not.
    """

    bucket: str
    since: float
    due: float
    why: str
    covered: float = 0.0


class Gaps(Protocol):
    """What buckets may have lost. Every method raises `TableUnavailable`."""

    def open(self) -> list[Gap]:
        """Return those that are not covered yet."""

    def of(self, bucket: str) -> Gap | None:
        """Return the newest gap of a bucket, covered or not; None where it never had one."""

    def covered(self, gap: Gap, now: float) -> bool:
        """Note that a gap is covered; False where it has grown meanwhile: that is covered in its turn."""


class Surveys(Protocol):
    """The survey, as the worker sees it. Raises `TableUnavailable`."""

    def state(self) -> SurveyState:
        """Return how far it is."""

    def start(self) -> None:
        """Ask for one now, unless one was started or asked for within `SURVEYS_APART_SECONDS`."""


class Announcements(Protocol):
    """Others who are told of the work. Never raises: what cannot be told is logged, and work goes on."""

    def tell(self, announcements: Iterable[Announcement]) -> None:
        """Tell them."""


class Told(Protocol):
    """Which invalidations others were told to have completed. Raises `TableUnavailable`."""

    def since(self, created: float) -> set[str]:
        """Return the ids of those created at or after a time (epoch seconds)."""

    def mark(self, sent: Sent) -> None:
        """Note that others were told."""


class RoutesStore(Protocol):
    """What the survey writes, and reads again. Every method raises `TableUnavailable`."""

    def all_routes(self) -> Iterator[tuple[TargetRoutes, Seen]]:
        """Yield the routing of every target; one of a version that cannot be read is left out: it is learned again."""

    def store_routes(self, routes: TargetRoutes, seen: Seen = NOT_SEEN) -> None:
        """Remember a target's routing, in the place of what was known of it."""

    def routes_of(self, target: str) -> tuple[TargetRoutes, Seen] | None:
        """Return one target's routing, None where there is none that can be read."""

    def forget_routes(self, target: str) -> None:
        """Forget a target that is gone."""

    def know_bucket(self, bucket: str, targets: Collection[str]) -> bool:
        """Note that a bucket is known, and the targets that serve it, in the place of those noted before.

        With no targets it stays known: its changes are kept, and wake nobody. The list is written before the bucket
        counts as known, so that whoever finds it known finds its targets. Returns whether all of it was noted before.
        """

    def pins(self) -> list[Pin]:
        """Return what people have pinned."""

    def survey_state(self) -> SurveyState:
        """Return how far the survey is, strongly consistent."""

    def ask_survey(self, now: float) -> bool:
        """Note that one is asked for at `now`; False where one was within `SURVEYS_APART_SECONDS`."""

    def begin_survey(self, now: float, until: float, token: str) -> SurveyState | None:
        """Take the survey's lease until a time; return how far it was, None where another run has the lease."""

    def save_survey(self, token: str, state: SurveyState, until: float = 0.0) -> bool:
        """Remember how far it is, all but `started`, and keep the lease until a time: 0 gives it back.

        False, and nothing is changed, where another run has taken the lease meanwhile.
        """


class Distributions(Protocol):
    """CloudFront's distributions, as the survey asks for them. No method goes on beyond `deadline` (epoch seconds)."""

    def listed(self, pinned: Collection[str], deadline: float) -> Iterator[Listed]:
        """Yield every distribution of the own account.

        Args:
            pinned: ids of distributions that matter although their origins reveal no bucket.
            deadline: as above.

        Raises Failure where the list does not come to its end: what was yielded is then a part.
        """

    def tenants(self, shared: Listed, deadline: float) -> Iterator[Listed]:
        """Yield the tenants of a multi-tenant distribution (`shared`, as listed); each is a target of its own.

        Raises Failure where the list does not come to its end: what was yielded is then a part.
        """

    def configured(
        self, targets: Iterable[str], deadline: float
    ) -> Iterator[tuple[str, Distribution | Failure]]:
        """Ask for configurations, several at a time, and yield each as it comes.

        An answer is the distribution; Permanent where it may not be read, is gone, or is not what this version reads;
        another Failure where it could not be asked, for want of time too.
        """
