"""One wake of one remembered bucket: what was heard of it is judged, and what viewers may notice is handed over.

In this order, so that a run can die anywhere and two can be at it at once. What was heard is read first, then what
others wrote into the bucket's log, then what is remembered, then S3 is asked. A change is handed over before its row is
written; that nothing changed counts only once its row is written in the place of the one that was judged by. Only then
is settled what was heard. Whatever dies in between is judged again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from invalidator.continuity import Caught, catch_up
from invalidator.core.limits.budget import month_of
from invalidator.core.pending.entry import Entry, Times, entries, memory_owner, merged
from invalidator.core.pending.heard import Heard
from invalidator.core.pending.wakes import LONGEST_DELAY_SECONDS, Gathering, Rest, Wake, due_after
from invalidator.core.remembering.hints import NO_HINTS, Hints
from invalidator.core.remembering.judging import Judgement, Verdict, judge
from invalidator.core.remembering.memory_state import Counts, MemoryState, begun_anew, counted
from invalidator.core.remembering.row import Kind, Row
from invalidator.core.target_state import TargetState
from invalidator.failures import Failure
from invalidator.handing_over import HandedOver, hand_over
from invalidator.logs import read_on
from invalidator.ports import Clock, Gaps, Log, Memory, Objects, Targets, Wakes
from invalidator.remembering.round import one_page
from invalidator.waking import Waking

# Longer than the function runs; `LONGEST_LEASE_SECONDS` bounds it.
LEASE_SECONDS = 90.0
HELD_SECONDS = 2.0
# Keys that are judged together: some seconds of asking, and an entry or two.
MOST_KEYS = 2000
# From so many keys on, a bulk upload, half of the longest gathering is enough: judging them takes its time too.
MANY_KEYS = 100
# Where S3 could not be asked about the whole bucket, a round is tried again after so long.
REFUSED_SECONDS = 300.0
# Fewer that S3 refuses may be objects that nobody here can read, as those under a key of their own.
SEVERAL_KEYS = 3
# While the bucket's events may be lost, no round begins; whether that is over is looked at so often.
GAP_SECONDS = 60.0


@dataclass(slots=True)
class Judged:
    """What a run did, for the log and the metrics.

    Attributes:
        bucket: its name.
        held: whether another run had it.
        released: changed keys that were handed over unjudged, as the bucket is not remembered (any more).
        unchanged: keys of which nothing changed for viewers.
        new: keys that the bucket did not hold before.
        changed: all others.
        unasked: those of them about which S3 could not be asked.
        refused: why, "" where it could.
        examples: some of the unchanged keys.
        forgotten: why the memory began anew in this run, "" where it did not.
        passed: objects that a round passed in this run.
        state: how far the memory is, None where it was not read.
        unsent: why wakes could not be sent, "" where they could: the sweep calls.
        mended: what the table said and cannot be, in words for people.
    """

    bucket: str
    held: bool = False
    released: int = 0
    unchanged: int = 0
    new: int = 0
    changed: int = 0
    unasked: int = 0
    refused: str = ""
    examples: list[str] = field(default_factory=list)
    forgotten: str = ""
    passed: int = 0
    state: MemoryState | None = None
    unsent: str = ""
    mended: list[str] = field(default_factory=list)


MOST_EXAMPLES = 5


@dataclass(slots=True)
class _Portion:
    """Part of what was heard.

    Attributes:
        times: key → first and newest change.
        heard: key → what S3 said of it.
        unheard: keys of which something happened that nobody knows: a dead letter that was redriven.
        doubts: what cannot be read: all keys may have changed.
        through: the number up to which this is.
        oldest: when the oldest of it was written, epoch seconds.
        newest: likewise the newest.
        ended: whether this is all.
    """

    times: dict[str, Times] = field(default_factory=dict)
    heard: dict[str, list[Heard]] = field(default_factory=dict)
    unheard: set[str] = field(default_factory=set)
    doubts: list[str] = field(default_factory=list)
    through: int = 0
    oldest: float = float("inf")
    newest: float = float("-inf")
    ended: bool = True


@dataclass(slots=True)
class Remembering:
    """The memory of buckets, wired to the outside world.

    Attributes:
        remembered: the buckets that are remembered (setting RememberedBuckets).
        memory: what is remembered, None in a function that only releases.
        objects: S3, None likewise.
        gaps: when the bucket's events may have been lost, None likewise.
        hints: what people say of keys.
    """

    log: Log
    wakes: Wakes
    targets: Targets
    waking: Waking
    clock: Clock
    gathering: Gathering
    remembered: frozenset[str] = frozenset()
    memory: Memory | None = None
    objects: Objects | None = None
    gaps: Gaps | None = None
    hints: Hints = NO_HINTS

    def run(self, bucket: str, token: str, deadline: float) -> Judged:
        """Judge what was heard of a bucket, then go on with its round; no portion begins after `deadline`.

        Raises TableUnavailable: what is not settled is judged again.
        """
        name = memory_owner(bucket)
        now = self.clock.now()
        wake = self.wakes.begin(name, now, now + LEASE_SECONDS, token)
        done = Judged(bucket)
        if wake is None:
            # As for a target: this may be the very message that was sent for the look that is asked for.
            self.wakes.wake(name, now + HELD_SECONDS, now, now)
            self.waking.call([(name, HELD_SECONDS)])
            done.held = True
            return self._told(done)
        due: float | None = now
        portions = 0
        while due is not None and due <= self.clock.now() and (not portions or self.clock.now() < deadline):
            portions += 1
            due = self._portion(bucket, done, f"{token}/{portions}")
        self._end(name, token, wake, due)
        return self._told(done)

    def _portion(self, bucket: str, done: Judged, rev: str) -> float | None:
        """Do a portion; return when there is more to do, epoch seconds, None for nothing."""
        name = memory_owner(bucket)
        now = self.clock.now()
        settled = self.targets.view(name, now).state.settled.get(name, 0)
        portion = self._read(name, settled, done.mended)
        if portion.through != settled:
            if portion.times and portion.ended:
                many = len(portion.times) > MANY_KEYS
                due = due_after((portion.oldest, portion.newest), Rest(), self.gathering, now, many=many)
                if due > now:
                    return due
            if not self._work_off(bucket, portion, done, rev):
                return now + HELD_SECONDS
            self.targets.save(name, TargetState(settled={name: portion.through}))
            return now
        return self._go_round(bucket, done, rev)

    def _read(self, name: str, settled: int, mended: list[str]) -> _Portion:
        portion = _Portion(through=settled)
        for number, entry in read_on(self.log, name, settled, mended):
            if len(portion.times) >= MOST_KEYS:
                portion.ended = False
                break
            portion.through = number
            if entry is None:
                continue
            portion.oldest = min(portion.oldest, entry.written)
            portion.newest = max(portion.newest, entry.written)
            merged(portion.times, entry.changed.items())
            if entry.doubt:
                portion.doubts.append(entry.doubt)
            for key in entry.changed:
                if key in entry.heard:
                    portion.heard.setdefault(key, []).extend(entry.heard[key])
                else:
                    portion.unheard.add(key)
        return portion

    def _work_off(self, bucket: str, portion: _Portion, done: Judged, rev: str) -> bool:
        """Judge or release a portion; False where somebody else changed how far the memory is meanwhile."""
        memory, objects = self.memory, self.objects
        if memory is None or objects is None or bucket not in self.remembered:
            self._release(bucket, portion, done)
            return True
        state = done.state = memory.state(bucket)
        if state.stopped or portion.doubts:
            # What cannot be read makes the memory begin anew, once it meets the doubt in the bucket's log.
            self._release(bucket, portion, done)
            return True
        if _refused_lately(state, self.clock.now()):
            done.refused, done.unasked = state.refused, done.unasked + len(portion.times)
            self._release(bucket, portion, done)
            return True
        caught = self._catch_up(memory, bucket, state, rev)
        if caught is None:
            self._release(bucket, portion, done)
            return True
        if not caught.saved:
            return False
        if caught.state.epoch != state.epoch:
            done.forgotten = caught.state.forgotten
        _Judging(self, memory, objects, bucket, portion, caught.state, done, rev).run()
        return True

    def _release(self, bucket: str, portion: _Portion, done: Judged) -> None:
        """Hand over as changed what was not judged. Whoever judges next sees that somebody else wrote it."""
        done.released += len(portion.times)
        self.hand_over(bucket, portion, portion.times, frozenset())

    def hand_over(
        self, bucket: str, portion: _Portion, changed: Mapping[str, Times], new: frozenset[str]
    ) -> HandedOver:
        """Write changes into the bucket's log, and wake whom they concern."""
        # Gathered once already: who sends them need not wait for quiet again.
        written = min(portion.newest, self.clock.now())
        told = [Entry({}, bucket, written, doubt) for doubt in portion.doubts]
        handed = hand_over(self.log, bucket, [*entries(changed, bucket, written, new=new), *told])
        if handed.owners:
            now = self.clock.now()
            since = min((first for first, _ in changed.values()), default=now)
            self.waking.ask(handed.owners, now, since)
        return handed

    def _go_round(self, bucket: str, done: Judged, rev: str) -> float | None:
        """Go on with a round; return when there is more to do, epoch seconds, None for nothing."""
        memory, objects = self.memory, self.objects
        now = self.clock.now()
        if memory is None or objects is None or bucket not in self.remembered:
            return None
        done.state = memory.state(bucket)
        if not done.state.wants_round(now, self.hints.basis):
            return None
        caught = self._catch_up(memory, bucket, done.state, rev)
        if caught is None or not caught.saved:
            return now + (GAP_SECONDS if caught is None else HELD_SECONDS)
        if caught.state.epoch != done.state.epoch:
            done.forgotten = caught.state.forgotten
        done.state = caught.state
        if _refused_lately(done.state, now):
            return done.state.refused_at + REFUSED_SECONDS
        page = one_page(memory, objects, bucket, done.state, self.hints, now=now, rev=rev)
        saved = memory.save(bucket, page.state)
        done.state, done.refused, done.passed = page.state, page.refused, done.passed + page.passed
        if page.refused:
            return now + REFUSED_SECONDS
        return now if saved else now + HELD_SECONDS

    def _catch_up(self, memory: Memory, bucket: str, state: MemoryState, rev: str) -> Caught | None:
        """Let a memory learn what came past it; None while the bucket's events may be lost.

        After such a gap it begins anew. Whether the gap itself is invalidated (CoverGaps) says nothing of what comes
        later: of what was written in it, and then again as it was before, it would say that nothing changed.
        """
        gap = None if self.gaps is None else self.gaps.of(bucket)
        if gap is not None and not gap.covered:
            return None
        if gap is not None and gap.due != state.gap:
            anew = replace(state, gap=gap.due)
            if state.epoch:  # the first one begins by itself
                anew = begun_anew(anew, state.through, gap.why)
                if not memory.save(bucket, anew):
                    return Caught(state, saved=False)
                anew = replace(anew, rev=anew.rev + 1)
            state = anew
        return catch_up(memory, self.log, bucket, state, rev)

    def _end(self, name: str, token: str, wake: Wake, due: float | None) -> None:
        now = self.clock.now()
        if due is None:
            self.wakes.end(name, token, Wake(name))
            return
        settled = self.targets.view(name, now).state.settled.get(name, 0)
        waits = self.log.newest(name) > settled
        # A round that goes on is no change that waits, and never old. But whoever asks for a look while one is asked
        # for leaves no mark: where the run that follows dies, this is what the sweep sees.
        since = wake.since if waits and wake.since is not None else now
        reason = "" if waits else "a round goes through the bucket"
        wait = max(0.0, due - now)
        asked = self.wakes.end(
            name, token, Wake(name, due=max(due, now), called=now, since=since, reason=reason)
        )
        if asked and wait <= LONGEST_DELAY_SECONDS:
            self.waking.call([(name, wait)])

    def _told(self, done: Judged) -> Judged:
        done.unsent = self.waking.take_unsent()
        return done


def _refused_lately(state: MemoryState, now: float) -> bool:
    return bool(state.refused) and 0 <= now - state.refused_at < REFUSED_SECONDS


@dataclass(slots=True)
class _Judging:
    """A portion being judged."""

    remembering: Remembering
    memory: Memory
    objects: Objects
    bucket: str
    portion: _Portion
    state: MemoryState
    done: Judged
    rev: str
    unasked_before: int = 0

    def run(self) -> None:
        """Judge, hand over, remember. Raises TableUnavailable."""
        portion, bucket = self.portion, self.bucket
        keys = list(portion.times)
        self.unasked_before = self.done.unasked
        known = self.memory.rows(bucket, self.state.epoch, keys)
        judged = dict(self._judged(keys, known))
        before = {key: row.rev for key, row in known.items()}
        unchanged = self._store(judged, before, Verdict.UNCHANGED)
        changed = {key: one.times for key, one in judged.items() if key not in unchanged}
        new = frozenset(key for key, one in judged.items() if one.verdict is Verdict.NEW)
        handed = self.remembering.hand_over(bucket, portion, changed, new)
        numbers = list(handed.numbers)
        if not handed.known:
            # Whether and when these are sent, only a survey will tell.
            judged = {key: _unsure(one) for key, one in judged.items()}
        self._store(judged, before, Verdict.CHANGED)
        doubted = new - self._store(judged, before, Verdict.NEW)
        if doubted:
            # Somebody else judged these meanwhile: which of the two writes was the first nobody can tell.
            again = {key: changed[key] for key in doubted}
            numbers += self.remembering.hand_over(bucket, portion, again, frozenset()).numbers
            new -= doubted
        self._count(unchanged, new, len(changed) - len(new))
        self._save(numbers, Counts("", len(unchanged), len(new), len(changed) - len(new)))

    def _judged(self, keys: list[str], known: Mapping[str, Row]) -> Iterator[tuple[str, Judgement]]:
        complete = self.state.is_complete(self.remembering.clock.now(), self.remembering.hints.basis)
        times, heard, unheard = self.portion.times, self.portion.heard, self.portion.unheard
        for key, answer in self.objects.heads(self.bucket, keys):
            head = None if isinstance(answer, Failure) else answer
            if isinstance(answer, Failure):
                self.done.unasked += 1
                self.done.refused = str(answer)
            told = () if key in unheard else heard[key]
            yield key, judge(times[key], told, known.get(key), head, complete=complete)

    def _store(
        self, judged: Mapping[str, Judgement], before: Mapping[str, str], verdict: Verdict
    ) -> set[str]:
        """Write the rows of one verdict; return the keys whose row stands."""
        rows = {
            key: (replace(one.row, rev=self.rev), before.get(key, ""))
            for key, one in judged.items()
            if one.verdict is verdict
        }
        return rows.keys() - self.memory.store(self.bucket, self.state.epoch, rows)

    def _count(self, unchanged: set[str], new: frozenset[str], changed: int) -> None:
        done = self.done
        done.unchanged += len(unchanged)
        done.new += len(new)
        done.changed += changed
        done.examples += list(islice(sorted(unchanged), MOST_EXAMPLES - len(done.examples)))

    def _save(self, numbers: list[int], counts: Counts) -> None:
        """Write how far the memory is. Where another run was faster, it takes for others' what this one wrote."""
        now = self.remembering.clock.now()
        through = self.state.through
        for number in sorted(numbers):
            if number != through + 1:
                break
            through = number
        unasked = self.done.unasked - self.unasked_before
        # Of single objects S3 may refuse what it is asked; of all it is a permission that lacks, or S3 itself.
        refused = self.done.refused if unasked >= max(SEVERAL_KEYS, len(self.portion.times)) else ""
        self.done.state = replace(
            self.state,
            through=through,
            counts=counted(self.state.counts, month_of(now), counts),
            refused=refused,
            refused_at=now if refused else 0.0,
        )
        self.memory.save(self.bucket, self.done.state)


def _unsure(judgement: Judgement) -> Judgement:
    if judgement.verdict is Verdict.UNCHANGED:
        return judgement
    return replace(judgement, row=replace(judgement.row, kind=Kind.UNKNOWN, seen=None, since=0.0))
