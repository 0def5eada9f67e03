"""Looks at the queue, the table, CloudFront and the dead letters for what is still to do of a bucket, or of all."""

import functools
from dataclasses import dataclass, field
from typing import Any

from infra.cli.defaults import settings_for_letters
from infra.cli.deployed import Deployed, settings_or_why
from infra.cli.dlq.letter_work import work_of
from infra.cli.dlq.sample import take_sample
from infra.cli.dlq.sqs.queue import dead_letter_queue
from infra.cli.errors import CommandError
from infra.cli.pause import event_source_mappings, is_off
from infra.cli.pending.reading import LogAsItStands, read_target, read_unknown
from infra.cli.s3_url import S3Url
from infra.cli.serving import NO_SURVEY, Serving, find_serving, routers
from infra.cli.session import output
from infra.cli.wait.look import Look, Waits, overlaps
from infra.cli.waits import in_short, waits_for
from invalidator.aws.cloudfront import CloudFrontInvalidations
from invalidator.core.limits.account import OWN_ACCOUNT
from invalidator.core.pending.entry import UNKNOWN, bucket_owner
from invalidator.core.pending.wakes import Wake
from invalidator.core.routing.paths.joined_router import JoinedRouter
from invalidator.core.routing.target import TargetRoutes
from invalidator.core.sent import CLOCK_MARGIN_SECONDS, Coverage, Sent
from invalidator.settings import Settings

# What was sent or given up so long before the wait began counts as its: a CI job uploads first, then waits.
BEFORE_SECONDS = 900.0


@dataclass
class Reader:
    """Looks for what is still to do.

    Attributes:
        deployed: the stack.
        url: the bucket or prefix, None for the whole stack.
        began: when the wait began, epoch seconds.
        sent: what was sent of it, id → invalidation.
    """

    deployed: Deployed
    url: S3Url | None
    began: float
    sent: dict[str, Sent] = field(default_factory=dict)
    _completed: set[str] = field(default_factory=set)
    _serving: Serving = field(default_factory=Serving)
    _letters: int = 0
    _given_up: tuple[str, ...] = ()

    def look(self, now: float) -> Look:
        """Look, in the order in which a change goes. Raises TableUnavailable, CommandError."""
        self._serving = find_serving(self.deployed)
        if self._serving.unreadable:
            raise CommandError(f"what waits cannot be read: {self._serving.unreadable}")
        messages = self._messages()
        waiting = self._waiting(now) if self.url is None else self._waiting_of(self.url, now)
        running = self._running()
        given_up = self._dead()
        switches = event_source_mappings(self.deployed.session) if messages or waiting else {}
        paused = [step for step, each in switches.items() if is_off(each)]
        return Look(now, messages, waiting, running, paused, given_up)

    @functools.cached_property
    def _settings(self) -> Settings:
        found = settings_or_why(self.deployed)
        return settings_for_letters() if isinstance(found, str) else found

    def no_route(self) -> str:
        """Say why nothing of the bucket will ever be sent; "" where that is not so, or not known."""
        if self.url is None or self._serving.of_bucket(self.url.bucket):
            return ""
        if not self._serving.as_of:
            return f"who serves {self.url.bucket} is not known: {NO_SURVEY}"
        return (
            f"no distribution serves {self.url.bucket}, so nothing of it is ever sent; see: invalidator route list; "
            "after a change at CloudFront: invalidator route refresh"
        )

    def _messages(self) -> int:
        names: Any = [f"ApproximateNumberOfMessages{name}" for name in ("", "NotVisible", "Delayed")]
        session = self.deployed.session
        got = session.client("sqs").get_queue_attributes(
            QueueUrl=output(session, "QueueUrl"), AttributeNames=names
        )
        return sum(int(value) for value in got["Attributes"].values())

    def _waiting(self, now: float) -> list[Waits]:
        waiting = [wake for wake in self.deployed.wakes.waiting() if wake.since is not None]
        return [self._why(wake, now) for wake in sorted(waiting, key=lambda wake: wake.since or 0.0)]

    def _waiting_of(self, url: S3Url, now: float) -> list[Waits]:
        log = LogAsItStands(self.deployed.table)
        wakes = {wake.name: wake for wake in self.deployed.wakes.waiting()}
        found = []
        owner = wakes.get(bucket_owner(url.bucket))
        if owner is not None and owner.since is not None:
            found.append(self._why(owner, now))
        unknown = read_unknown(log, self.deployed, now).keys.get(url.bucket, {})
        mine = [times for key, times in unknown.items() if _is_of(key, url)]
        if mine:
            reason = "nobody knows yet who serves it"
            found.append(Waits(waits_for(UNKNOWN), len(mine), min(first for first, _ in mine), reason=reason))
        for target in self._targets():
            areas = self._areas(target, url)
            read = read_target(log, self.deployed, target.target, self._settings.routing, now)
            paths = {path: at for path, at in read.pending.paths.items() if overlaps(path, areas)}
            if not paths:
                continue
            oldest = min(first for first, _ in paths.values())
            sent = self.deployed.targets.sent_since(target.target, oldest - CLOCK_MARGIN_SECONDS)
            left = Coverage(sent).uncovered(paths)
            if left:
                since = min(first for first, _ in left.values())
                wake = wakes.get(f"target:{target.target}", Wake(f"target:{target.target}"))
                found.append(self._why(wake, now, len(left), since))
        return found

    def _why(self, wake: Wake, now: float, paths: int | None = None, since: float | None = None) -> Waits:
        """Why something waits, and until when: by the last run's word, and by the target's state."""
        reason, not_before, for_ever = wake.reason, wake.due or 0.0, False
        target = wake.name.removeprefix("target:")
        if target != wake.name:
            view = self.deployed.targets.view(target, now)
            reason = view.state.reason or reason
            not_before = max(not_before, view.state.not_before)
            account = self._account(target, now)
            limits = self._settings.limits
            if limits.over_budget(account.spending, now):
                not_before = max(not_before, view.state.over_until)
            if limits.hard_path_limit and account.spending.month >= limits.hard_path_limit:
                reason, for_ever = "HardPathLimit is reached: raise it, or wait for the month's end", True
        return Waits(
            waits_for(wake.name),
            wake.waiting if paths is None else paths,
            since if since is not None else (wake.since or now),
            not_before,
            in_short(reason),
            for_ever,
        )

    def _account(self, target: str, now: float) -> Any:
        routes = self._serving.targets.get(target)
        return self.deployed.accounts.known((routes and routes.role) or OWN_ACCOUNT, now)

    def _targets(self) -> list[TargetRoutes]:
        targets = self._serving.targets.values()
        return [each for each in targets if self.url is None or self.url.bucket in each.buckets]

    def _areas(self, target: TargetRoutes, url: S3Url) -> tuple[str, ...]:
        """What a viewer of the target may see of the URL: paths and wildcards."""
        leading = [
            route for route in target.routes if any(origin.bucket == url.bucket for origin in route.origins)
        ]
        joined = JoinedRouter(tuple(routers(leading, url.bucket, self._settings.routing)))
        return joined.below(url.prefix) if url.is_prefix else joined.paths(url.rest)

    def _running(self) -> list[Sent]:
        cloudfront = CloudFrontInvalidations(self.deployed.cloudfront_clients)
        running = []
        for target in self._targets():
            areas = () if self.url is None else self._areas(target, self.url)
            for sent in self.deployed.targets.sent_since(target.target, self.began - BEFORE_SECONDS):
                if self.url is not None and not any(overlaps(path, areas) for path in sent.paths):
                    continue
                name = f"{sent.distribution}/{sent.id}"
                self.sent[name] = sent
                if name in self._completed:
                    continue
                if sent.completed or cloudfront.completed(sent.distribution, sent.id, target.role):
                    self._completed.add(name)
                else:
                    running.append(sent)
        return running

    def _dead(self) -> tuple[str, ...]:
        """What was given up of it lately. Read only where the count changed: reading hides the letters for a moment."""
        with dead_letter_queue(self.deployed.session) as queue:
            counts = queue.counts()
            if counts.visible + counts.in_flight == self._letters:
                return self._given_up
            self._letters = counts.visible + counts.in_flight
            sample = take_sample(queue)
        self._given_up = tuple(
            f"{each.reason} on {each.distribution or ', '.join(each.buckets) or 'an unreadable message'}"
            for each in sample.letters
            if each.sent >= self.began - BEFORE_SECONDS and self._is_mine(each)
        )
        return self._given_up

    def _is_mine(self, letter: Any) -> bool:
        if self.url is None:
            return True
        work = work_of(letter, self._serving, self._settings)
        if self.url.bucket in letter.buckets and work.asks_for_something and not work.paths:
            return True
        return any(
            overlaps(path, self._areas(target, self.url))
            for target in self._targets()
            for path in work.paths.get(target.target, ())
        )


def _is_of(key: str, url: S3Url) -> bool:
    return key.startswith(url.prefix) if url.is_prefix else key == url.rest
