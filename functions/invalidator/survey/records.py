"""The records of a round: what the table holds of each target, renewed and written; then told, bucket lists and wakes.

Order is what makes a death anywhere harmless: a target's record first, then the lists of its buckets, then its wake,
then the note that all of it is done. Whatever was left out stands there as untold, and the next round tells it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from invalidator.core.pending.entry import UNKNOWN, bucket_owner, target_owner
from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.documents.tenants import is_tenant
from invalidator.core.routing.renewal import Moment, Renewed, doubted, renewed
from invalidator.core.routing.target import Seen
from invalidator.ports import Clock, Log, RoutesStore, Targets
from invalidator.survey.lease import Lease
from invalidator.survey.summary import Summary
from invalidator.waking import Waking


@dataclass(slots=True)
class Records:
    """What is known of each target in a round.

    Attributes:
        store: the table, as the survey writes it.
        log: the table's logs.
        targets: the table's targets.
        waking: asks for looks.
        clock: time.
        at: when the round looks.
        lease: the round's; kept before each write of a telling.
        summary: what the round did.
        known: target → its record; of all that the table holds, with what this round learned.
        gone: targets that CloudFront has no more: forgotten once that is told.
    """

    store: RoutesStore
    log: Log
    targets: Targets
    waking: Waking
    clock: Clock
    at: Moment
    lease: Lease
    summary: Summary
    known: dict[str, Renewed] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    _served_before: frozenset[str] = frozenset()
    _written: set[str] = field(default_factory=set)

    def read(self) -> None:
        """Read all that the table holds. Raises TableUnavailable."""
        self.known = {routes.target: Renewed(routes, seen) for routes, seen in self.store.all_routes()}
        self._served_before = frozenset(self.serving())

    def keep(self, target: str, routes: tuple[Distribution, ...], seen: Seen, doubt: str = "") -> None:
        """Renew a target's record, and write it where it differs."""
        known = self.known.get(target)
        at = replace(self.at, answered=self.clock.now())
        new = renewed(target, known, routes, seen, at, applied=self._applied(known))
        if not self._of_ours(known, new):
            # Nobody has told this stack of a change in its buckets: nothing of theirs was ever promised.
            new = replace(new, routes=replace(new.routes, reroute_since=None, purge={}))
        if new.change is not None:
            self.summary.changes[target] = new.change.causes
        self._write(known, replace(new, seen=replace(new.seen, doubt=doubt)))

    def doubt(self, target: str, why: str) -> None:
        """Note why a known target cannot be read: its record goes on serving."""
        known = self.known[target]
        self._write(known, doubted(known, why, self.at))

    def forget(self, target: str) -> None:
        """Note that CloudFront has a target no more."""
        self.keep(target, (), Seen())
        self.gone.add(target)

    def _write(self, known: Renewed | None, new: Renewed) -> None:
        if known is None and not new.routes.routes and not is_tenant(new.routes.target):
            # Of a tenant the list does not tell: it would be asked for each time.
            return
        if known is None or (known.routes, known.seen) != (new.routes, new.seen):
            self.store.store_routes(new.routes, new.seen)
        self.known[new.routes.target] = new

    def _applied(self, known: Renewed | None) -> bool:
        """Whether nothing that a record asks for is left to do."""
        if known is None or (known.routes.reroute_since is None and not known.routes.purge):
            return True
        state = self.targets.view(known.routes.target, self.at.now).state
        return state.routing == known.routes.version

    def _of_ours(self, known: Renewed | None, new: Renewed) -> bool:
        """Whether this stack was ever told of a change in one of a target's buckets, or nothing follows from that."""
        if new.change is None or (new.routes.reroute_since is None and not new.routes.purge):
            return True
        buckets = {*new.routes.buckets, *(known.routes.buckets if known else ())}
        newest = self.log.newest
        if any(newest(bucket_owner(bucket)) for bucket in sorted(buckets)):
            return True
        # A change of theirs may stand there: it came before a survey knew them, and may not be handed over yet.
        unknown = newest(UNKNOWN)
        return unknown > 0 and (not buckets <= self._served_before or unknown > self._handed_over())

    def _handed_over(self) -> int:
        """Up to which number of the log of unknown buckets each bucket that is known by now has its changes."""
        return self.targets.view(UNKNOWN, self.at.now).state.settled.get(UNKNOWN, 0)

    def serving(self) -> dict[str, set[str]]:
        """Bucket → the targets that serve it, by all records."""
        serving: dict[str, set[str]] = {}
        for target, known in self.known.items():
            for bucket in known.routes.buckets:
                serving.setdefault(bucket, set()).add(target)
        return serving

    def tell(self, late: float) -> bool:
        """Write the lists of the buckets concerned, and wake the targets with something to do; whether all was told.

        Records left untold by a round that died are among them. After `late` (epoch seconds) no more is begun.
        """
        untold = {target: each for target, each in self.known.items() if not each.seen.told}
        serving = self.serving()
        concerned = {bucket for each in untold.values() for bucket in (*each.routes.buckets, *each.seen.left)}
        for bucket in sorted(concerned):
            if self.clock.now() >= late:
                return False
            self.lease.keep()
            self.store.know_bucket(bucket, serving.get(bucket, set()))
            self._written.add(bucket)
        for target, each in untold.items():
            if self.clock.now() >= late:
                return False
            self.lease.keep()
            self._tell_target(target, each)
        return True

    def mend_lists(self, asked_for: Iterable[str], late: float) -> bool:
        """Write the lists of those of the buckets that are served, whose changes came as of unknown ones: the head of
        such a log was lost, or somebody edited it. Whether all was told; after `late` (epoch seconds) no more is begun.
        """
        serving = self.serving()
        for bucket in sorted((serving.keys() & {*asked_for}) - self._written):
            if self.clock.now() >= late:
                return False
            self.lease.keep()
            if not self.store.know_bucket(bucket, serving[bucket]):
                self.summary.mended.append(
                    f"log#{bucket_owner(bucket)} head: it did not say who serves {bucket}; it is written anew"
                )
        return True

    def _tell_target(self, target: str, record: Renewed) -> None:
        since = min((self.at.now, *record.routes.purge.values()))
        if record.routes.reroute_since is not None or record.routes.purge:
            self.waking.ask([target_owner(target)], self.clock.now(), since)
            self.summary.woken += 1
        if target in self.gone:
            self.store.forget_routes(target)
            return
        told = replace(record.seen, told=True, left=())
        self.store.store_routes(record.routes, told)
        self.known[target] = replace(record, seen=told)
