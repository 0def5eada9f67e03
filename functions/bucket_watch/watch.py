"""A round of the watch: each bucket that was ever connected is looked at, mended where allowed, and its gap noted.

The order holds wherever a round dies: that a bucket is wrong is written down before it is mended, and its gap is noted
before it counts as right. So the next round finds what is left to do, and two rounds at once do no harm.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Protocol

from bucket_subscription.document import Document, describe, entries, foreign_part
from bucket_subscription.errors import SubscriptionError
from bucket_subscription.reading.lookout import Lookout
from bucket_subscription.wishes.wish import Wish
from bucket_subscription.wishes.wish_table import Gap, Wishes
from bucket_watch.repair import Repair
from bucket_watch.standing import Standing, Standings
from bucket_watch.summary import BucketLine, GapState, Summary
from invalidator.ports import Clock

DAY_SECONDS = 86_400.0
# A bucket that nobody could look at for longer may have lost changes: it raises the alarm, and is covered when it is
# seen right again. Two right looks an hour apart are believed to have had nothing between them; so are two around one
# look that failed, where others' entries are what they were: one throttled call is no reason to purge a site. Changes
# that arrived meanwhile prove nothing of the keys that did not change, so they are not asked about.
BLIND_SECONDS = 3 * 3600.0
# What one bucket takes at most: reading, waiting for S3 to settle, writing.
ONE_BUCKET_SECONDS = 40.0
_MOST_NEW_ENTRIES = 3


class Senders(Protocol):
    """Which buckets sent changes. Raises TableUnavailable."""

    def have_sent(self, known: Iterable[str]) -> Sequence[str]:
        """Return the buckets whose changes came to the queue, but for those that are known already."""


@dataclass(slots=True)
class Watch:
    """The watch, wired to the outside world.

    Attributes:
        lookout: looks.
        wishes: what is wanted of each bucket, and the gaps.
        standings: how each stood.
        senders: which buckets sent changes.
        repair: mends.
        who: tells who changed a bucket's notification since a time (bucket, epoch seconds); "" where it cannot.
        clock: the time.
    """

    lookout: Lookout
    wishes: Wishes
    standings: Standings
    senders: Senders
    repair: Repair
    who: Callable[[str, float], str]
    clock: Clock

    def run(self, deadline: float) -> Summary:
        """Do a round; no bucket is begun that might not be finished before `deadline` (epoch seconds).

        Raises:
            TableUnavailable: the table cannot be asked; the next round tries again.
            UnsettledError: likewise.
        """
        wanted = {
            bucket: list(wishes)
            for bucket, wishes in groupby(sorted(self.wishes.all()), key=lambda wish: wish.bucket)
        }
        standings = self._noted_absence(self.standings.all())
        learned = self._learn(wanted)
        for bucket in standings.keys() - wanted.keys():
            self.standings.forget(bucket)
        gaps = self.wishes.gaps()
        lines, passed_over = [], []
        # Those come first that were not looked at for longest: where the time is never enough, none is always the last.
        for bucket in sorted(wanted, key=lambda each: (_looked(standings, each), each)):
            if self.clock.now() > deadline - ONE_BUCKET_SECONDS:
                passed_over.append(bucket)
                continue
            standing = standings.get(bucket, Standing(bucket))
            lines.append(self._look_after(wanted[bucket], standing, gaps.get(bucket)))
        self.standings.ended(self.clock.now())
        lines.sort(key=lambda line: line.found.bucket)
        return Summary(lines, learned, passed_over)

    def _noted_absence(self, standings: dict[str, Standing]) -> dict[str, Standing]:
        """Return the standings; where no round came by for long, each bucket's says that nobody could look at it.

        Written before the first is looked at: a round that dies then leaves the others as they were, blind. By the last
        look of all: a bucket's own may be long ago because there are too many for one round, each time.
        """
        last = max((standing.looked for standing in standings.values()), default=0.0)
        if self.clock.now() - last <= BLIND_SECONDS:
            return standings
        blind = {
            bucket: replace(standing, unknown=standing.unknown or "no round of the watch came by")
            for bucket, standing in standings.items()
        }
        for standing in blind.values():
            self.standings.save(standing)
        return blind

    def _learn(self, wanted: dict[str, list[Wish]]) -> list[str]:
        """Remember by which roads buckets send that 0.1.0 or another tool connected: nobody told of them."""
        learned = []
        for bucket in self.senders.have_sent(wanted):
            try:
                document = self.lookout.notifications.read(bucket)
                found = self.lookout.learn(bucket, document)
            except SubscriptionError:
                continue  # what was never seen to be connected cannot be told from a message that somebody made up
            for wish in found:
                self.wishes.wish(wish)
            if found:
                wanted[bucket] = found
                learned.append(bucket)
        return learned

    def _look_after(self, wishes: Sequence[Wish], before: Standing, gap: Gap | None) -> BucketLine:
        bucket = before.bucket
        looked = self.lookout.look(bucket, wishes)
        found, now = looked.watch, self.clock.now()
        standing = replace(
            before, road=found.road, looked=now, wrong=found.wrong, fix=found.fix, unknown=found.unknown
        )
        if found.unknown:
            self.standings.save(standing)
            is_open = before.wrong_since or now - _seen(before, gap) > BLIND_SECONDS
            return BucketLine(
                found,
                right=before.right,
                since=before.wrong_since,
                losses=len(before.losses),
                gap=GapState.OPEN if is_open else _of(gap),
            )
        if not found.wrong:
            if before.unknown and not before.wrong_since:
                self._was_blind(before, looked.document, gap, now)
            self._is_right(standing, looked.document, gap, before.looked)
            noted = self.wishes.gaps().get(bucket) if before.wrong_since or before.unknown else gap
            return BucketLine(found, right=now, gap=_of(noted))
        standing = self._is_wrong(standing, looked.document, now)
        why_not = self._mend(standing, now)
        again = self.lookout.look(bucket, wishes) if not why_not else looked
        line = BucketLine(
            found,
            right=standing.right,
            since=standing.wrong_since,
            losses=len(standing.losses),
            by=standing.by,
            gap=GapState.OPEN,
            not_repaired=why_not,
        )
        if why_not:
            return line
        if again.watch.wrong or again.watch.unknown:
            left = again.watch.unknown or "; ".join(again.watch.wrong)
            return replace(line, not_repaired=f"it was mended, and still: {left}")
        self._is_right(replace(standing, wrong=(), fix=""), again.document, gap, now)
        return replace(line, repaired=True, gap=GapState.WAITS)

    def _was_blind(self, before: Standing, document: Document | None, gap: Gap | None, now: float) -> None:
        """Note the gap of a time in which nobody could look, where anything could have been lost in it.

        It begins when the bucket was seen right last, by the watch or by whoever connected it and noted that.
        """
        seen = _seen(before, gap)
        written = document is not None and _others(document, self.lookout) != before.others
        if now - seen > BLIND_SECONDS:
            why = "nobody could see for hours whether it sent"
        elif written and seen <= before.looked:
            why = "its notification was changed while nobody could see it"
        else:
            return
        self.wishes.note_gap(before.bucket, seen, now, why)

    def _is_wrong(self, standing: Standing, document: Document | None, now: float) -> Standing:
        """Write down that a bucket is wrong, since when, how often, and who may have done it."""
        newly = not standing.wrong_since
        lately = tuple(at for at in standing.losses if now - DAY_SECONDS < at <= now)
        by = self._by(standing, document) if newly or not standing.by else standing.by
        wrong = replace(
            standing,
            wrong_since=standing.wrong_since or now,
            losses=(*lately, now) if newly else lately,
            by=by,
        )
        self.standings.save(wrong)
        return wrong

    def _is_right(
        self, standing: Standing, document: Document | None, gap: Gap | None, seen_wrong: float
    ) -> None:
        """Note the gap, where there was one and nobody noted it, then that the bucket is right.

        Args:
            standing: how it stands.
            document: its notification.
            gap: the newest gap that was noted.
            seen_wrong: when it was looked at last before it was right.
        """
        began, now = standing.wrong_since, self.clock.now()
        # Who connected it again noted that, and when; had it not lasted, it was seen wrong after that.
        if began and not (gap is not None and gap.noted >= seen_wrong):
            self.wishes.note_gap(
                standing.bucket, standing.right, now, "its subscription was lost for a while"
            )
        others = () if document is None else _others(document, self.lookout)
        self.standings.save(replace(standing, right=now, wrong_since=0.0, by="", others=others))

    def _mend(self, standing: Standing, now: float) -> str:
        """Mend a bucket; return why it was not, "" where it was."""
        bucket = standing.bucket
        try:
            # Read again: it may have been disconnected meanwhile.
            wishes = [wish for wish in self.wishes.all() if wish.bucket == bucket]
            if not wishes:
                return "it was disconnected meanwhile"
            why_not = self.repair.why_not(wishes)
            if why_not:
                return why_not
            if not self.standings.claim_repair(bucket, now):
                return "a repair was tried within the hour already"
            self.repair.mend(bucket, wishes)
        except SubscriptionError as error:
            return str(error)
        return ""

    def _by(self, standing: Standing, document: Document | None) -> str:
        """Who took it away, as far as that can be told: the caller, or the entries that came since it was right."""
        told = self.who(standing.bucket, standing.right)
        if document is None:
            return told
        came = [line for line in _others(document, self.lookout) if line not in standing.others]
        if standing.right and came:
            tool = "Terraform's, by its name: " if any(" tf-s3-" in line for line in came) else ""
            new = f"new since it was right: {tool}{'; '.join(came[:_MOST_NEW_ENTRIES])}"
            return f"{told}; {new}" if told else new
        return told


def _seen(before: Standing, gap: Gap | None) -> float:
    """When it was last known that changes come: who connects a bucket notes when that was."""
    return before.right if gap is None else max(before.right, gap.noted)


def _looked(standings: Mapping[str, Standing], bucket: str) -> float:
    return standings[bucket].looked if bucket in standings else 0.0


def _others(document: Document, lookout: Lookout) -> tuple[str, ...]:
    return tuple(sorted(describe(each) for each in entries(foreign_part(document, lookout.owner))))


def _of(gap: Gap | None) -> GapState:
    if gap is None:
        return GapState.NONE
    return GapState.COVERED if gap.covered else GapState.WAITS
