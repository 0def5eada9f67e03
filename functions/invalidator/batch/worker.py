"""One batch, from messages to outcomes: every message ends done, waiting, given up with a reason, or retried.

Work is handed over (to CloudFront, back to the queue, to the dead-letter queue) before its messages are
acknowledged; only where handing over fails do the messages themselves stay on the queue.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from invalidator.batch.handover import by_age, hand_over, postpone, reason_to_give_up
from invalidator.batch.inbox import read
from invalidator.batch.pacing import Pacing
from invalidator.batch.probing import Probing
from invalidator.batch.report import Postponed, Report
from invalidator.batch.routes import Routes, find_routes, scan
from invalidator.batch.sending import Limits, Sending
from invalidator.core.bucket_changes import by_bucket
from invalidator.core.messages.backlog import KeyBacklog, PathBacklog
from invalidator.core.outcome import Outcome
from invalidator.core.reasons import Reason
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.work import Work, sort_by_distribution
from invalidator.failures import Failure, MemoryUnavailable, QueueUnavailable
from invalidator.ports import (
    Account,
    Clock,
    CloudFront,
    Discovery,
    Listing,
    Memory,
    Message,
    Queue,
    StoredRoutes,
)

OWN_ACCOUNT = "self"


@dataclass(slots=True)
class Worker:
    """The worker, wired to the outside world.

    Attributes:
        limits: what the operator allows.
        routing: what the operator says of the sites.
        mapping_seconds: how long a scan of the distributions counts as fresh.
        listing: lists buckets, None where the stack was not allowed to.
        listing_calls: the most listings for one distribution's work.
    """

    cloudfront: CloudFront
    discovery: Discovery
    memory: Memory
    queue: Queue
    clock: Clock
    limits: Limits
    routing: RoutingSettings
    mapping_seconds: float
    listing: Listing | None = None
    listing_calls: int = 0
    _last_routes: dict[str, StoredRoutes] = field(default_factory=dict)

    def handle(self, messages: Sequence[Message], deadline: float) -> Report:
        """Work off a batch; stop sending at `deadline` (epoch seconds) and put back what is left."""
        report = Report(len(messages), read(messages))
        inbox = report.inbox
        for message, problem in inbox.unreadable:
            try:
                self.queue.give_up_message(message, problem.reason, problem.detail)
            except QueueUnavailable:
                report.retry.add(message.id)
        report.buckets = by_bucket(inbox.changes, inbox.keys)
        asked = {*report.buckets, *(name for _, backlog in inbox.paths for name in backlog.buckets)}
        if not asked:
            return report
        stored, known = self._recall(asked)
        report.routes = find_routes(
            asked,
            stored,
            discovery=self.discovery,
            memory=self.memory,
            now=self.clock.now(),
            mapping_seconds=self.mapping_seconds,
        )
        self._postpone_unknown(report)
        report.work = sort_by_distribution(
            report.buckets, self._routable(report), report.routes.serving, self.routing
        )
        self._send_all(report, known, deadline)
        return report

    def _recall(self, buckets: Iterable[str]) -> tuple[dict[str, StoredRoutes], Account | None]:
        try:
            stored, account = self.memory.recall(buckets, OWN_ACCOUNT, self.clock.now())
        except MemoryUnavailable:
            return {name: self._last_routes[name] for name in buckets if name in self._last_routes}, None
        # What nobody serves is left out: names are the sender's choice, and a warm worker lives for hours.
        self._last_routes |= {name: each for name, each in stored.items() if each.distributions}
        return stored, account

    def _postpone_unknown(self, report: Report) -> None:
        """Hand over the work of buckets that neither the table nor CloudFront can tell of."""
        for name, failure in report.routes.unknown.items():
            bucket = report.buckets.get(name)
            if bucket is not None:
                backlog = KeyBacklog(name, bucket.keys, bucket.attempts)
                self._postpone(report, backlog, failure, bucket.messages)
        for message, paths in report.inbox.paths:
            unknown = _unknown(paths, report.routes)
            if unknown is not None:
                self._postpone(report, paths, unknown, [message])

    def _routable(self, report: Report) -> list[tuple[str, PathBacklog]]:
        return [
            (message, paths)
            for message, paths in report.inbox.paths
            if _unknown(paths, report.routes) is None
        ]

    def _send_all(self, report: Report, known: Account | None, deadline: float) -> None:
        pacings: dict[str, Pacing] = {} if known is None else {OWN_ACCOUNT: self._pacing(OWN_ACCOUNT, known)}
        works = sorted(report.work.by_distribution.values(), key=lambda work: work.distribution.id)
        for position, work in enumerate(works):
            account = work.distribution.role or OWN_ACCOUNT
            if account not in pacings:
                pacings[account] = self._pacing(account, self._recall_account(account))
            now = self.clock.now()
            outcome = Sending(
                work,
                pacings[account],
                now + max(0.0, deadline - now) / (len(works) - position),
                self.cloudfront,
                self.memory,
                self.clock,
                self.limits,
                self._probing(work),
            ).run()
            self._forget_unserved(report, work, outcome)
            self._hand_over(report, work, outcome)
            report.outcomes.append((work, outcome))
        if known is not None:
            report.paths_this_month = pacings[OWN_ACCOUNT].known.spending.month

    def _pacing(self, account: str, known: Account) -> Pacing:
        return Pacing(account, known, self.limits.ceiling, self.memory, self.clock)

    def _probing(self, work: Work) -> Probing | None:
        if self.listing is None:
            return None
        return Probing(work, self.listing, self.clock, self.listing_calls, self.routing)

    def _recall_account(self, account: str) -> Account:
        try:
            return self.memory.recall((), account, self.clock.now())[1]
        except MemoryUnavailable:
            return Account()

    def _forget_unserved(self, report: Report, work: Work, outcome: Outcome) -> None:
        """Look again when CloudFront does not know the distribution: deleted, it serves nothing any more."""
        gone = [dead for dead in outcome.dead if dead.reason is Reason.DISTRIBUTION_GONE]
        if not gone:
            return
        try:
            found = scan(self.discovery, self.memory, self.clock.now() + self.mapping_seconds, work.buckets)
        except Failure:
            return
        still_routed = {each.id for name in work.buckets for each in found[name].distributions}
        if work.distribution.id not in still_routed:
            outcome.dead = [dead for dead in outcome.dead if dead not in gone]
            report.work.dropped += [work.backlog(dead.paths, 0, dead.detail) for dead in gone]

    def _hand_over(self, report: Report, work: Work, outcome: Outcome) -> None:
        try:
            hand_over(self.queue, work, outcome, self.clock.now())
        except QueueUnavailable:
            report.retry.update(work.messages)

    def _postpone(
        self, report: Report, backlog: KeyBacklog | PathBacklog, failure: Failure, messages: Sequence[str]
    ) -> None:
        for part in by_age(backlog, self.clock.now()):
            give_up = reason_to_give_up(part, failure)
            report.postponed.append(Postponed(part, failure, give_up, messages))
            try:
                postpone(self.queue, part, failure, give_up)
            except QueueUnavailable:
                report.retry.update(messages)


def _unknown(backlog: PathBacklog, routes: Routes) -> Failure | None:
    """Why a backlog cannot be routed: no known bucket leads to its distribution, and some are unknown."""
    for name in backlog.buckets:
        if any(each.id == backlog.distribution for each in routes.serving.get(name, ())):
            return None
    return next((routes.unknown[name] for name in backlog.buckets if name in routes.unknown), None)
