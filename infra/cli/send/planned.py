"""What `invalidator send` hands to the worker, and what the worker would send of it. Pure.

Keys go as keys, which the worker routes when it sends them. A prefix goes as the viewer paths that cover all below it,
for each distribution: so nothing has to be listed, and objects that are gone are covered too.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from infra.cli.s3_url import S3Url
from invalidator.core.coalescing.coalescing import Coalesced, coalesce
from invalidator.core.limits.allowance import Allowance
from invalidator.core.messages.backlog import KeyBacklog, PathBacklog, bodies
from invalidator.core.routing.paths.joined_router import JoinedRouter, floors_of
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.routing.target import TargetRoutes

# No change is younger than its message (`core.messages.backlog_reading`): one dated far ahead counts as old as SQS says
# that the message is, so this machine's clock does not matter.
WHEN_IT_ARRIVES = 4_102_444_800.0


@dataclass(slots=True)
class Asked:
    """What was asked for of one bucket.

    Attributes:
        keys: single keys, decoded.
        prefixes: how keys begin.
    """

    keys: list[str] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ToTarget:
    """What one distribution would be sent.

    Attributes:
        target: its id.
        role: the role by which its account is reached, None for the own one.
        sent: the paths.
    """

    target: str
    role: str | None
    sent: Coalesced


@dataclass(frozen=True, slots=True)
class Planned:
    """What would be sent, and the messages that ask for it.

    Attributes:
        targets: by distribution, sorted by id; those that need nothing are left out.
        messages: bodies for the changes queue.
        unserved: what nobody serves, or nobody caches, as it was typed.
    """

    targets: tuple[ToTarget, ...]
    messages: tuple[str, ...]
    unserved: tuple[S3Url, ...]


def by_bucket(urls: Iterable[S3Url]) -> dict[str, Asked]:
    """Sort what was typed by bucket."""
    asked: dict[str, Asked] = {}
    for url in dict.fromkeys(urls):
        mine = asked.setdefault(url.bucket, Asked())
        if url.is_prefix:
            mine.prefixes.append(url.prefix)
        else:
            mine.keys.append(url.rest)
    return asked


def plan_sending(
    asked: Mapping[str, Asked],
    targets: Sequence[TargetRoutes],
    settings: RoutingSettings,
    allow: Callable[[TargetRoutes, int], Allowance],
) -> Planned:
    """Plan it.

    Args:
        asked: what was asked for, by bucket.
        targets: all distributions' routing.
        settings: what is known of the sites.
        allow: the most that a distribution would be sent, told from how many viewer paths changed.
    """
    served = dict.fromkeys(
        (
            url
            for bucket, mine in asked.items()
            for url in (
                *(S3Url(bucket, key) for key in mine.keys),
                *(_typed(bucket, each) for each in mine.prefixes),
            )
        ),
        False,
    )
    plans, messages = [], []
    for target in sorted(targets, key=lambda each: each.target):
        work = _Work(target, settings)
        for bucket, mine in asked.items():
            if bucket in target.buckets:
                work.add(bucket, mine, served)
        messages += work.messages
        if work.changed:
            sent = coalesce(work.changed, allow(target, len(work.changed)), floors=floors_of(work.routers))
            plans.append(ToTarget(target.target, target.role, sent))
    messages += list(_key_messages(asked, served))
    return Planned(
        tuple(plans), tuple(messages), tuple(url for url, is_served in served.items() if not is_served)
    )


@dataclass(slots=True)
class _Work:
    """What one distribution gets of it.

    Attributes:
        target: its routing.
        settings: what is known of the sites.
        changed: the viewer paths.
        messages: bodies that ask for the prefixes' paths.
        routers: what its floors follow from.
    """

    target: TargetRoutes
    settings: RoutingSettings
    changed: set[str] = field(default_factory=set)
    messages: list[str] = field(default_factory=list)
    routers: list[Router] = field(default_factory=list)

    def add(self, bucket: str, asked: Asked, served: dict[S3Url, bool]) -> None:
        """Add what was asked for of a bucket; what has a path here is noted as served."""
        joined = JoinedRouter(
            tuple(
                Router(route, bucket, self.settings)
                for route in self.target.routes
                if any(origin.bucket == bucket for origin in route.origins)
            )
        )
        self.routers += joined.routers
        below: set[str] = set()
        for key in asked.keys:
            paths = joined.paths(key)
            served[S3Url(bucket, key)] |= bool(paths)
            self.changed.update(paths)
        for prefix in asked.prefixes:
            paths = joined.below(prefix)
            served[_typed(bucket, prefix)] |= bool(paths)
            below.update(paths)
        if below:
            self.changed |= below
            at = dict.fromkeys(sorted(below), WHEN_IT_ARRIVES)
            self.messages += bodies(PathBacklog(self.target.target, (bucket,), at))


def _key_messages(asked: Mapping[str, Asked], served: Mapping[S3Url, bool]) -> Iterator[str]:
    for bucket, mine in asked.items():
        keys = [key for key in mine.keys if served[S3Url(bucket, key)]]
        if keys:
            yield from bodies(KeyBacklog(bucket, dict.fromkeys(keys, WHEN_IT_ARRIVES)))


def _typed(bucket: str, prefix: str) -> S3Url:
    return S3Url(bucket, prefix if prefix == "" or prefix.endswith("/") else f"{prefix}*")
