"""What a dead letter asks for, routed as the worker would route it when it is redriven. Values in, values out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.cli.dlq.letters import DeadLetter
from infra.cli.serving import Serving, routers
from invalidator.core.messages.backlog import PathBacklog
from invalidator.core.routing.settings import RoutingSettings
from invalidator.intake.inbox import Inbox, read
from invalidator.ports import Message
from invalidator.settings import Settings


@dataclass(frozen=True, slots=True)
class LetterWork:
    """What a letter asks for.

    Attributes:
        inbox: what reading it gave.
        paths: distribution id → viewer path → newest change, epoch seconds.
        unserved: buckets with keys that nobody serves.
        gone: a distribution that paths are for and that no survey knows; "" where there is none.
        unknown: why nobody can tell who serves some of it; "" where one can.
    """

    inbox: Inbox
    paths: Mapping[str, Mapping[str, float]]
    unserved: tuple[str, ...] = ()
    gone: str = ""
    unknown: str = ""

    @property
    def asks_for_something(self) -> bool:
        """Whether anything is to be done for it, as far as it can be read: not for what viewers cannot see."""
        inbox = self.inbox
        return bool(inbox.changes or inbox.keys or inbox.paths or inbox.unreadable)


def work_of(letter: DeadLetter, serving: Serving, settings: Settings) -> LetterWork:
    """Read a letter and route it as the worker would: keys by today's routing, paths as they are."""
    inbox = read([Message(letter.id, letter.body, letter.sent)], acl_changes=settings.acl_changes)
    routed = _Routed()
    for bucket, keys in _keys(inbox).items():
        routed.add_keys(bucket, keys, serving, settings.routing)
    for _, backlog in inbox.paths:
        routed.add_paths(backlog, serving)
    return LetterWork(inbox, routed.paths, tuple(routed.unserved), routed.gone, routed.unknown)


@dataclass(slots=True)
class _Routed:
    """What routing gave so far; the fields are those of `LetterWork`."""

    paths: dict[str, dict[str, float]] = field(default_factory=dict)
    unserved: list[str] = field(default_factory=list)
    gone: str = ""
    unknown: str = ""

    def add_keys(
        self, bucket: str, keys: Mapping[str, float], serving: Serving, settings: RoutingSettings
    ) -> None:
        served: set[str] = set()
        for router in routers(serving.of_bucket(bucket), bucket, settings):
            for key, at in keys.items():
                for path in router.paths(key):
                    served.add(key)
                    _newest(self.paths.setdefault(router.distribution.id, {}), path, at)
        if len(served) < len(keys):
            self.unserved.append(bucket)
        if why := serving.unknown(bucket, max(keys.values())):
            self.unknown = f"nobody can tell who serves {bucket}: {why}"

    def add_paths(self, backlog: PathBacklog, serving: Serving) -> None:
        target = backlog.distribution
        if target in serving.targets:
            for path, at in backlog.paths.items():
                _newest(self.paths.setdefault(target, {}), path, at)
            return
        self.gone = target
        if why := serving.unsure(max(backlog.paths.values(), default=0.0)):
            self.unknown = f"nobody can tell whether {target} serves anything: {why}"


def _keys(inbox: Inbox) -> dict[str, dict[str, float]]:
    """Bucket → decoded key → newest change."""
    found: dict[str, dict[str, float]] = {}
    for _, changes in inbox.changes:
        for change in changes:
            _newest(found.setdefault(change.bucket, {}), change.key, change.at)
    for _, backlog in inbox.keys:
        for key, at in backlog.keys.items():
            _newest(found.setdefault(backlog.bucket, {}), key, at)
    return {bucket: keys for bucket, keys in found.items() if keys}


def _newest(into: dict[str, float], name: str, at: float) -> None:
    into[name] = max(at, into.get(name, float("-inf")))
