"""Wakes: when the sender looks at what is pending for a target, and how long it rests after a send.

A target waits for quiet, so that what belongs together goes out together; while changes keep coming it rests between
its invalidations, so that a page that is rewritten every few seconds does not cost a path each time.
"""

import zlib
from dataclasses import dataclass, replace

# A stamp that lies further ahead was written by a clock that is off, and says nothing of when it was.
LATEST_AHEAD_SECONDS = 5.0
# The first rest after an invalidation; it doubles while changes keep coming.
FIRST_REST_SECONDS = 2.0
# No message is delayed longer: what waits longer stands in the table alone, and the sweep calls when it is due.
LONGEST_DELAY_SECONDS = 60.0
# A due time further off than this was not written by a worker whose clock is right.
ABSURD_SECONDS = 14 * 86_400.0
# No run of the sender lives half as long: a lease that ends later was not written by one whose clock is right.
LONGEST_LEASE_SECONDS = 120.0
SHARDS = 8


@dataclass(frozen=True, slots=True)
class Gathering:
    """How long changes are gathered before they are sent.

    Attributes:
        quiet: seconds without a change after which a target is sent what it has (setting QuietSeconds).
        most: seconds after the oldest change at which it is sent at the latest (setting GatherSeconds).
    """

    quiet: float = 1.0
    most: float = 10.0


@dataclass(frozen=True, slots=True)
class Rest:
    """How long a target rests after its last invalidation.

    Attributes:
        seconds: the length of the rest; 0 where there was none yet.
        until: when it ends, epoch seconds.
    """

    seconds: float = 0.0
    until: float = 0.0

    def lasts(self, at: float) -> bool:
        """Tell whether what comes at a time is still of the same busy time: it ends after a silence as long."""
        return self.seconds > 0 and at <= self.until + self.seconds


@dataclass(frozen=True, slots=True)
class Wake:
    """What the table holds of one that is woken: a target, a bucket, or the log of unknown buckets.

    Attributes:
        name: its owner name, `target:E1`, `bucket:my-site` or `unknown`.
        due: when it is to be looked at, epoch seconds; None while nobody asked for that.
        called: when the newest message was sent for it, or was not needed since it sleeps until `due`; 0 for never.
        since: the first change that is not sent yet, epoch seconds; None where nothing waits.
        leased_until: until when a run holds it; 0 while none does.
        rest: its rest after the last invalidation.
        waiting: how many paths wait, as the last run counted them.
        reason: why they wait, for people; "" while they only gather.
    """

    name: str
    due: float | None = None
    called: float = 0.0
    since: float | None = None
    leased_until: float = 0.0
    rest: Rest = Rest()
    waiting: int = 0
    reason: str = ""


def shard_of(name: str) -> int:
    """Return which of the `SHARDS` parts of the table a wake stands in: one alone would be too hot."""
    return zlib.crc32(name.encode()) % SHARDS


def believed(wake: Wake, now: float) -> Wake:
    """Return a wake as it is to be taken at `now`: no time in it lies absurdly far ahead."""
    latest = now + ABSURD_SECONDS
    return replace(
        wake,
        due=now if wake.due is not None and wake.due > latest else wake.due,
        called=wake.called if wake.called <= latest else 0.0,
        since=now if wake.since is not None and wake.since > latest else wake.since,
        leased_until=wake.leased_until if wake.leased_until <= latest else 0.0,
        rest=Rest() if wake.rest.until > latest else wake.rest,
    )


def due_after(
    written: tuple[float, float], rest: Rest, gathering: Gathering, now: float, *, many: bool = False
) -> float:
    """Return when a target that has changes pending is to be sent them; not later than `now`: at once.

    Args:
        written: when the oldest and the newest pending entry were written, by clocks that may be minutes off.
        rest: its rest.
        gathering: how long changes are gathered.
        now: epoch seconds.
        many: whether so much is pending that it will be a few wildcards, however long it gathers: then half of the
            longest gathering is enough, and the rest between invalidations keeps them few.
    """
    oldest, newest = (min(each, now) for each in written)
    quiet = min(newest + gathering.quiet, oldest + gathering.most / (2 if many else 1))
    if written[1] > now + LATEST_AHEAD_SECONDS:
        quiet = now  # taken for new, it would be so until the true time has come up to it
    # A rest that would last longer than any does was written by a clock that is off.
    rested = rest.until if rest.until <= now + gathering.most else now
    return max(quiet, rested)


def rest_after(rest: Rest, gathering: Gathering, now: float) -> Rest:
    """Return the rest after an invalidation at `now`: twice the last one while changes keep coming.

    A rest ends for good after a silence as long as itself: what comes later begins anew.
    """
    longest = max(gathering.most, gathering.quiet)
    if longest <= 0:
        return Rest()
    seconds = min(rest.seconds * 2 if rest.lasts(now) else FIRST_REST_SECONDS, longest)
    return Rest(seconds, now + seconds)
