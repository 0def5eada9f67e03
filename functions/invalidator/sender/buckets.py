"""The steps that are no target's: a bucket with many targets wakes them, changes of unknown buckets find an owner."""

import zlib
from collections import Counter
from dataclasses import dataclass, field, replace

from invalidator.core.pending.entry import UNKNOWN, Entry, bucket_owner, target_owner
from invalidator.core.pending.wakes import LONGEST_DELAY_SECONDS, Gathering, Rest, Wake, due_after, rest_after
from invalidator.core.reasons import Reason
from invalidator.logs import append, read_on
from invalidator.ports import Clock, DeadLetters, Log, Surveys, SurveyState, Targets, Wakes
from invalidator.sender.sender import HELD_SECONDS, LEASE_SECONDS
from invalidator.waking import Waking

# While no survey has answered, the log of unknown buckets is looked at so soon, then ever later.
FIRST_LOOK_SECONDS = 10.0
# What waits in the log of unknown buckets is written anew behind what ended, up to so many entries.
MOST_REWRITTEN = 200
# Targets that are woken between two looks at the clock.
MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class DeadKeys:
    """A bucket's changed keys that are given up: what their dead letters say of why.

    Attributes:
        count: how many there are.
        reason: why, by the table of reasons.
        detail: the same for a person.
    """

    count: int
    reason: Reason
    detail: str


@dataclass(slots=True)
class BucketRun:
    """What a step did, for the log and the metrics.

    Attributes:
        name: the bucket's owner name, or `unknown`.
        held: whether another run had it.
        woken: targets that nobody had asked for.
        unserved: bucket → changed keys that nobody serves, by a complete survey that is younger.
        moved: bucket → changed keys that found their bucket's log.
        waiting: bucket → changed keys that wait for a survey.
        unseen: those of them whose changes are younger than the last survey, by their numbers.
        dead: bucket → changed keys that were given up, and why.
        surveying: whether a survey was asked for.
        doubts: entries of the unknown ones' log that cannot be read: nobody can tell whose they are.
        unsent: why wakes could not be sent, "" where they could: the sweep calls.
        mended: what the table said and cannot be, in words for people.
    """

    name: str
    held: bool = False
    woken: int = 0
    unserved: Counter[str] = field(default_factory=Counter)
    moved: Counter[str] = field(default_factory=Counter)
    waiting: Counter[str] = field(default_factory=Counter)
    unseen: set[str] = field(default_factory=set)
    dead: dict[str, DeadKeys] = field(default_factory=dict)
    surveying: bool = False
    doubts: list[str] = field(default_factory=list)
    unsent: str = ""
    mended: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Buckets:
    """The steps of buckets, wired to the outside world.

    Attributes:
        give_up_seconds: changes for whose bucket no survey answered so long are given up (setting GiveUpHours).
        survey_seconds: a survey that is younger has answered for the names that it was asked for (SurveyMinutes).
    """

    log: Log
    wakes: Wakes
    targets: Targets
    surveys: Surveys
    waking: Waking
    clock: Clock
    gathering: Gathering
    dead_letters: DeadLetters
    give_up_seconds: float
    survey_seconds: float

    def hand_out(self, bucket: str, token: str, deadline: float) -> BucketRun:
        """Wake every target of a bucket; those for which no time is left before `deadline` in a run that follows.

        Changes are gathered here first: of hundreds of targets each would look again and again until it is quiet.
        Raises TableUnavailable; what was not woken is when this comes again.
        """
        name = bucket_owner(bucket)
        now = self.clock.now()
        wake = self.wakes.begin(name, now, now + LEASE_SECONDS, token)
        if wake is None:
            return self._held(name, now)
        run = BucketRun(name)
        due = due_after((wake.since or now, self._newest(name)), wake.rest, self.gathering, now)
        if due > now:
            self._look_again(name, token, wake, due)
            return self._told(run)
        targets = self.targets.of_bucket(bucket)
        # Begun at another place each time: where the time never is enough for all, none is always the last.
        first = zlib.crc32(token.encode()) % max(1, len(targets))
        names = [target_owner(each) for each in targets[first:] + targets[:first]]
        since = wake.since or now
        for start in range(0, len(names), MOST_AT_ONCE):
            if start and self.clock.now() > deadline:
                self._look_again(name, token, wake, self.clock.now())
                return self._told(run)
            run.woken += self.waking.ask(names[start : start + MOST_AT_ONCE], now, since)
        # The bucket rests as a target does: while changes keep coming, its targets are asked for less and less often.
        rest = rest_after(wake.rest, self.gathering, now) if wake.since is not None else Rest()
        self.wakes.end(name, token, Wake(name, rest=rest))
        return self._told(run)

    def _newest(self, name: str) -> float:
        """When the newest of the bucket's changes was written, epoch seconds; 0 for none."""
        last = self.log.newest(name)
        return max((entry.written for _, entry in read_on(self.log, name, last - 1) if entry), default=0.0)

    def _look_again(self, name: str, token: str, wake: Wake, due: float) -> None:
        now = self.clock.now()
        left = Wake(name, due=due, called=now, since=wake.since or now, rest=wake.rest)
        if self.wakes.end(name, token, left):
            self.waking.call([(name, due - now)])

    def find_owners(self, token: str, deadline: float) -> BucketRun:
        """Find the owners of what stands in the log of unknown buckets, as far as the time until `deadline` allows.

        A bucket that is known by now gets its changes. What a complete survey that began later does not know, nobody
        serves. All else waits for a survey, which is asked for, and is given up after `give_up_seconds`.

        Raises:
            TableUnavailable: the table cannot be asked; the wake is to be tried again.
            QueueUnavailable: what is given up could not be handed over; likewise.
        """
        now = self.clock.now()
        wake = self.wakes.begin(UNKNOWN, now, now + LEASE_SECONDS, token)
        if wake is None:
            return self._held(UNKNOWN, now)
        run = BucketRun(UNKNOWN)
        survey = self._survey(run)
        state = self.targets.view(UNKNOWN, now).state
        begun = state.settled.get(UNKNOWN, 0)
        waiting: list[Entry] = []
        done = through = begun
        more = False
        for number, entry in read_on(self.log, UNKNOWN, begun, run.mended):
            if more := self.clock.now() > deadline:
                break
            through = number
            if entry is not None and not self._ended(number, entry, survey, run, now):
                waiting.append(entry)
                if number > survey.covers:
                    run.unseen.add(entry.bucket)
            elif not waiting:
                done = number
        done = self._written_anew(waiting, done, through)
        if done != begun:
            self.targets.save(UNKNOWN, replace(state, settled={UNKNOWN: done}))
        if more and not waiting:
            self._look_again(UNKNOWN, token, wake, now)
        else:
            self._leave(run, waiting, survey, token, now)
        return self._told(run)

    def _survey(self, run: BucketRun) -> SurveyState:
        """How far the survey is. Of what the log never dealt no survey has told."""
        survey = self.surveys.state()
        if survey.covers and survey.covers > self.log.newest(UNKNOWN):
            run.mended.append(
                f"survey state: covers is {survey.covers}, and the log of {UNKNOWN} never dealt it"
            )
            return replace(survey, covers=0)
        return survey

    def _written_anew(self, waiting: list[Entry], done: int, through: int) -> int:
        """Return up to where the unknown ones' log is done with.

        What waits is written anew where something ended behind it, which must not come again with it. (Of a flood of
        invented names it may: what is found again is covered.)
        """
        if not waiting:
            return through
        if done + len(waiting) >= through or len(waiting) > MOST_REWRITTEN:
            return done
        for entry in waiting:
            append(self.log, UNKNOWN, entry)
        return through

    def _ended(self, number: int, entry: Entry, survey: SurveyState, run: BucketRun, now: float) -> bool:
        """Tell whether nothing is left to do for an entry of an unknown bucket."""
        if not entry.bucket:
            # It cannot be read: whose changes they were nobody can tell, but that there were some is said.
            run.doubts.append(entry.doubt)
            return True
        # Stamped anew: a log's entries stand about in the order of being written there (`Log.before`).
        dealt = append(self.log, bucket_owner(entry.bucket), replace(entry, written=now))
        oldest = _oldest(entry)
        if dealt is not None:
            run.moved[entry.bucket] += len(entry.changed)
            names = (
                [bucket_owner(entry.bucket)] if dealt.targets is None else map(target_owner, dealt.targets)
            )
            self.waking.ask(names, now, oldest)
            return True
        # By its number and by its time: one that was edited to what this log has dealt meanwhile looked at nothing of
        # it. A writer whose clock is ahead waits for a later survey.
        if number <= survey.covers and entry.written <= survey.completed:
            run.unserved[entry.bucket] += len(entry.changed)
            return True
        if max(oldest, entry.taken_in) <= now - self.give_up_seconds:
            self._give_up(entry, run)
            return True
        run.waiting[entry.bucket] += len(entry.changed)
        return False

    def _give_up(self, entry: Entry, run: BucketRun) -> None:
        keys = {key: newest for key, (_, newest) in entry.changed.items()}
        detail = "for GiveUpHours no survey could tell who serves the bucket"
        if not keys:
            run.doubts.append(f"{entry.bucket}: {entry.doubt}; {detail}")
            return
        before = run.dead.get(entry.bucket)
        dead = DeadKeys(len(keys) + (before.count if before else 0), Reason.UNAVAILABLE, detail)
        self.dead_letters.give_up_keys(entry.bucket, keys, dead.reason, dead.detail)
        run.dead[entry.bucket] = dead

    def _leave(
        self, run: BucketRun, waiting: list[Entry], survey: SurveyState, token: str, now: float
    ) -> None:
        """Give the lease back; while something waits, ask for another look, and for a survey of whom none has seen."""
        if not waiting:
            self.wakes.end(UNKNOWN, token, Wake(UNKNOWN))
            return
        # Invented names start no survey each: who was asked for lately waits for the next, as does what one has seen
        # that was written by a clock ahead of its own.
        asked_lately = survey.completed > now - self.survey_seconds and run.unseen <= survey.unserved
        if not asked_lately:
            run.surveying = True
            self.surveys.start()
        since = min(_oldest(entry) for entry in waiting)
        wait = min(max(FIRST_LOOK_SECONDS, (now - since) / 4), LONGEST_DELAY_SECONDS)
        left = Wake(
            UNKNOWN,
            due=now + wait,
            called=now,
            since=since,
            waiting=sum(run.waiting.values()),
            reason="no survey has told yet who serves the bucket",
        )
        if self.wakes.end(UNKNOWN, token, left):
            self.waking.call([(UNKNOWN, wait)])

    def _held(self, name: str, now: float) -> BucketRun:
        # As for a target: this may be the very message that was sent for the look that is asked for.
        self.wakes.wake(name, now + HELD_SECONDS, now, now)
        self.waking.call([(name, HELD_SECONDS)])
        return self._told(BucketRun(name, held=True))

    def _told(self, run: BucketRun) -> BucketRun:
        run.unsent = self.waking.take_unsent()
        return run


def _oldest(entry: Entry) -> float:
    """When the first of an entry's changes was, epoch seconds; of one that only says a doubt, when it was written."""
    return min((first for first, _ in entry.changed.values()), default=entry.written)
