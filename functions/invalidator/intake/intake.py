"""A batch of the changes queue: message → change → pending, in the table, and a wake for whoever it concerns.

A message is acknowledged when each of its changes is pending or lies in the dead-letter queue with its reason. Intake
never asks CloudFront, and no bucket holds up another.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from invalidator.core.messages.backlog import PathBacklog
from invalidator.core.messages.change import Change, ChangeKind
from invalidator.core.messages.message_content import Problem
from invalidator.core.pending.entry import Times, entries, memory_owner, merged, target_owner
from invalidator.core.pending.heard import Heard
from invalidator.core.pending.wakes import Gathering
from invalidator.core.reasons import Reason
from invalidator.core.remembering.hints import NO_HINTS, Hints
from invalidator.failures import QueueUnavailable, TableUnavailable
from invalidator.handing_over import hand_over
from invalidator.intake.inbox import Inbox, read
from invalidator.logs import append
from invalidator.ports import ChangesQueue, Clock, DeadLetters, Log, Message, Surveys, Targets
from invalidator.waking import Waking

# A batch this large may have more behind it: the queue is drained on for a moment, so that a bulk upload costs tens
# of writes and not thousands.
FULL_BATCH = 10
DRAINED_AT_ONCE = 500
MOST_DRAINED = 2000
DRAINING_SECONDS = 2.0
# Buckets that are taken in however late it is. No honest batch names more; a forged message may name thousands.
ALWAYS_TAKEN_IN = 20
# A message that was received so often may be what breaks the function: from now on its tries are counted.
SUSPICIOUS_RECEIVES = 3


@dataclass(slots=True)
class Intaken:
    """What became of a batch.

    Attributes:
        messages: how many there were, drained ones included.
        inbox: what was read.
        pending: bucket → changed keys that are pending now.
        unknown: bucket → changed keys of buckets that no survey knows.
        hinted: bucket → changes that need nothing by what people say of its keys (IgnoredKeys, ImmutableKeys).
        given_up: messages that were put in the dead-letter queue, each once, and why.
        woken: how many targets and buckets nobody had asked for.
        retry: ids of messages that stay on the queue.
        problems: why they do, one line for each bucket.
        unsent: why wakes could not be sent, "" where they could: the sweep calls.
    """

    messages: int = 0
    inbox: Inbox = field(default_factory=Inbox)
    pending: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    hinted: Counter[str] = field(default_factory=Counter)
    given_up: list[tuple[Message, Problem]] = field(default_factory=list)
    woken: int = 0
    retry: set[str] = field(default_factory=set)
    problems: dict[str, str] = field(default_factory=dict)
    unsent: str = ""


@dataclass(slots=True)
class Intake:
    """The intake, wired to the outside world.

    Attributes:
        most_receives: tries of a message that breaks the function before it is given up (setting MaxReceiveCount).
        acl_changes: whether a new ACL is a change of its object (setting AclChanges).
        remembered: buckets whose changes are judged before they are pending (setting RememberedBuckets).
        hints: what people say of the keys of buckets (settings IgnoredKeys, ImmutableKeys).
    """

    log: Log
    targets: Targets
    surveys: Surveys
    queue: ChangesQueue
    dead_letters: DeadLetters
    waking: Waking
    clock: Clock
    gathering: Gathering
    most_receives: int
    acl_changes: bool = False
    remembered: frozenset[str] = frozenset()
    hints: Hints = NO_HINTS

    def handle(self, messages: Sequence[Message], deadline: float) -> Intaken:
        """Take in a batch, and what waits behind a full one; no draining after `deadline` (epoch seconds).

        Of more buckets than any honest batch names, those that are left at `deadline` come again with their messages.
        """
        drained = self._drain(deadline) if len(messages) >= FULL_BATCH else []
        done = Intaken(len(messages) + len(drained))
        everything = self._without_poison([*messages, *drained], done)
        done.inbox = read(everything, acl_changes=self.acl_changes)
        self._give_up_unreadable(done)
        self._take_in_keys(done, deadline)
        for message, backlog in done.inbox.paths:
            self._take_in_paths(message, backlog, done)
        self._delete(drained, done)
        done.unsent = self.waking.take_unsent()
        return done

    def _drain(self, deadline: float) -> list[Message]:
        drained: list[Message] = []
        until = min(deadline, self.clock.now() + DRAINING_SECONDS)
        while len(drained) < MOST_DRAINED and self.clock.now() < until:
            try:
                more = self.queue.receive_more(DRAINED_AT_ONCE)
            except QueueUnavailable:
                break
            drained += more
            if len(more) < DRAINED_AT_ONCE / 2:
                break
        return drained

    def _without_poison(self, messages: Iterable[Message], done: Intaken) -> list[Message]:
        """Give up messages that the function did not survive time and again, counted while the table answers."""
        good = []
        for message in messages:
            if message.receives <= SUSPICIOUS_RECEIVES:
                good.append(message)
                continue
            try:
                tries = self.log.count_try(message.id)
                if tries <= self.most_receives:
                    good.append(message)
                    continue
                problem = Problem(Reason.UNFINISHED, f"no run finished it in {tries} tries")
                self._bury(message, problem, done)
            except (TableUnavailable, QueueUnavailable) as failure:
                done.retry.add(message.id)
                done.problems["a message received often"] = str(failure)
        return good

    def _give_up_unreadable(self, done: Intaken) -> None:
        for message, problem in done.inbox.unreadable:
            try:
                self._bury(message, problem, done)
            except QueueUnavailable as failure:
                done.retry.add(message.id)
                done.problems["the dead-letter queue"] = str(failure)

    def _bury(self, message: Message, problem: Problem, done: Intaken) -> None:
        """Put a message in the dead-letter queue, and note it: what is noted is logged, counted and told."""
        self.dead_letters.give_up_message(message, problem.reason, problem.detail)
        done.given_up.append((message, problem))

    def _take_in_keys(self, done: Intaken, deadline: float) -> None:
        buckets: dict[str, dict[str, Times]] = {}
        behind: dict[str, set[str]] = {}
        heard: dict[str, dict[str, list[Heard]]] = {}
        for message, changes in done.inbox.changes:
            for change in changes if self.hints is NO_HINTS else self._noticed(changes, done):
                if change.bucket in self.remembered:
                    keys = heard.setdefault(change.bucket, {})
                    keys.setdefault(change.key, []).append(_heard(change))
                at = change.at
                merged(buckets.setdefault(change.bucket, {}), ((change.key, (at, at)),))
                behind.setdefault(change.bucket, set()).add(message)
        for message, backlog in done.inbox.keys:
            merged(
                buckets.setdefault(backlog.bucket, {}),
                ((key, (at, at)) for key, at in backlog.keys.items()),
            )
            _unheard(heard.get(backlog.bucket, {}), backlog.keys)
            behind.setdefault(backlog.bucket, set()).add(message)
        named = Counter(message for messages in behind.values() for message in messages)
        # A forged message may name thousands of buckets: those that honest ones name come first.
        honest_first = sorted(buckets, key=lambda each: min(named[message] for message in behind[each]))
        for place, bucket in enumerate(honest_first):
            if place >= ALWAYS_TAKEN_IN and self.clock.now() > deadline:
                done.retry |= behind[bucket]
                done.problems[bucket] = "no time was left for so many buckets"
                continue
            try:
                if bucket in self.remembered:
                    self._write_to_memory(bucket, buckets[bucket], heard.get(bucket, {}), done)
                else:
                    self._write(bucket, buckets[bucket], done)
            except TableUnavailable as failure:
                done.retry |= behind[bucket]
                done.problems[bucket] = str(failure)

    def _write(self, bucket: str, changed: dict[str, Times], done: Intaken) -> None:
        """Write first, then look whether a wake is due: a sender clears the wake first, then reads."""
        now = self.clock.now()
        handed = hand_over(self.log, bucket, entries(changed, bucket, now))
        (done.pending if handed.known else done.unknown)[bucket] = len(changed)
        since = min(first for first, _ in changed.values())
        quiet = self.gathering.quiet if handed.known else 0.0
        done.woken += self.waking.ask(handed.owners, now + quiet, since)

    def _write_to_memory(
        self, bucket: str, changed: dict[str, Times], heard: dict[str, list[Heard]], done: Intaken
    ) -> None:
        """Leave it to the bucket's memory to judge: S3 is never asked here, so that no upload slows another."""
        now = self.clock.now()
        told = {key: tuple(dict.fromkeys(events)) for key, events in heard.items()}
        owner = memory_owner(bucket)
        for entry in entries(changed, bucket, now, heard=told):
            append(self.log, owner, entry)
        done.pending[bucket] = len(changed)
        since = min(first for first, _ in changed.values())
        done.woken += self.waking.ask([owner], now + self.gathering.quiet, since)

    def _noticed(self, changes: Iterable[Change], done: Intaken) -> Iterator[Change]:
        """Yield the changes that need something, for all that people say of their keys."""
        for change in changes:
            removed = change.kind is not ChangeKind.CREATED
            if self.hints.ignores(change.bucket, change.key, removed=removed):
                done.hinted[change.bucket] += 1
            else:
                yield change

    def _take_in_paths(self, message: str, backlog: PathBacklog, done: Intaken) -> None:
        """Take in viewer paths: a dead letter that was redriven, or what 0.1.0 left on the queue."""
        now = self.clock.now()
        target = backlog.distribution
        try:
            if self.targets.view(target, now).routes is None:
                # A survey will tell; meanwhile the message stays. Tried too often, it is given up as any other.
                self.surveys.start()
                done.retry.add(message)
                done.problems[target] = "no survey knows this distribution yet"
                return
            changed = {path: (at, at) for path, at in backlog.paths.items()}
            for entry in entries(changed, "", now):
                append(self.log, target_owner(target), entry)
            done.woken += self.waking.ask(
                [target_owner(target)], now + self.gathering.quiet, min(backlog.paths.values())
            )
        except TableUnavailable as failure:
            done.retry.add(message)
            done.problems[target] = str(failure)

    def _delete(self, drained: Sequence[Message], done: Intaken) -> None:
        ended = [message for message in drained if message.id not in done.retry]
        try:
            if ended:
                self.queue.delete(ended)
        except QueueUnavailable as failure:
            # They come again, and are found covered.
            done.problems["messages that were drained"] = str(failure)


def _heard(change: Change) -> Heard:
    version = "" if change.version == "null" else change.version
    removed = change.kind is not ChangeKind.CREATED
    return Heard(change.at, removed, change.etag, change.sequencer, version)


def _unheard(heard: dict[str, list[Heard]], keys: Iterable[str]) -> None:
    """Leave out keys of a dead letter that is redriven: nobody knows what happened to them."""
    for key in keys:
        heard.pop(key, None)
