"""A pinned route: what people know of a bucket's distributions and a scan cannot see."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.documents.origin_hosts import never_a_bucket

PINNED_ORIGIN = "pinned"


@dataclass(frozen=True, slots=True)
class Pin:
    """One pinned route.

    Attributes:
        bucket: the bucket's name.
        distribution: the id of the distribution that serves it.
        origin_path: the OriginPath under which it does: "" or "/prefix".
        prefix: only keys under this prefix are served.
        role: ARN of the role to assume for this distribution, None for the worker's own account.
        templates: how a key appears to viewers; () where it does itself. Not part of what tells pins apart.
        tags: templates of the cache tags of the answers that are made of a key.
    """

    bucket: str
    distribution: str
    origin_path: str = ""
    prefix: str = ""
    role: str | None = None
    templates: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def renders(self) -> bool:
        """Whether it says itself how keys appear to viewers, whatever the origins are."""
        return bool(self.templates or self.tags)


def pinned_distribution(pin: Pin, configured: Distribution | None) -> Distribution:
    """Return the routing of a pinned distribution.

    The origins that hide their bucket (an access-point alias, a CNAME) and have the pin's OriginPath are taken
    to be the bucket; one that is known to be the bucket, and has this OriginPath, is narrowed to the prefix.
    Where the configuration is not known, or has no such origin, every path of the distribution is taken to lead
    to the bucket, with query strings in the cache key: wider, never stale.

    An origin that no behavior leads to counts as reached where a function runs: functions may pick the origin.
    A pin with templates or tags says itself how keys appear, whatever the origins are; of the behaviors it
    takes what they cache, and by what.
    """
    if pin.renders:
        return _rendered(pin, configured)
    if configured is not None and any(fits(each, pin) for each in configured.origins):
        origins = tuple(
            replace(each, bucket=pin.bucket, prefix=pin.prefix) if fits(each, pin) else each
            for each in configured.origins
        )
        behaviors = _picked(configured.behaviors, [each.id for each in origins if each.bucket == pin.bucket])
        return replace(configured, origins=origins, behaviors=behaviors, role=pin.role)
    return Distribution(
        id=pin.distribution,
        origins=(Origin(PINNED_ORIGIN, "", pin.bucket, pin.origin_path, prefix=pin.prefix),),
        behaviors=(Behavior("*", (PINNED_ORIGIN,), query_strings=True),),
        root_object="index.html" if configured is None else configured.root_object,
        role=pin.role,
        enabled=configured is None or configured.enabled,
    )


def fits(origin: Origin, pin: Pin) -> bool:
    """Whether a pin may mean an origin: one that hides its bucket or is seen to be the pin's, with its OriginPath."""
    if origin.bucket is None and never_a_bucket(origin.domain):
        return False
    return origin.bucket in {None, pin.bucket} and origin.path.rstrip("/") == pin.origin_path


def _picked(behaviors: tuple[Behavior, ...], origins: Sequence[str]) -> tuple[Behavior, ...]:
    """The behaviors, with those of these origins that none leads to added to each that has a function."""
    led = {origin for behavior in behaviors for origin in behavior.origins}
    unused = tuple(origin for origin in origins if origin not in led)
    return tuple(
        replace(each, origins=(*each.origins, *unused)) if each.rewrites and unused else each
        for each in behaviors
    )


def _rendered(pin: Pin, configured: Distribution | None) -> Distribution:
    tags = pin.tags if configured is None or configured.cache_tags else ()
    origin = Origin(
        PINNED_ORIGIN,
        "",
        pin.bucket,
        pin.origin_path,
        prefix=pin.prefix,
        # Tags that purge nothing, and no template besides: all that is cached may be made of the key.
        templates=pin.templates or (() if tags else ("/*",)),
        tags=tags,
    )
    if configured is None:
        behaviors: tuple[Behavior, ...] = (Behavior("*", (PINNED_ORIGIN,), query_strings=True),)
        return Distribution(pin.distribution, (origin,), behaviors, role=pin.role, cache_tags=bool(tags))
    behaviors = tuple(
        replace(each, origins=(PINNED_ORIGIN,), rewrites=False) for each in configured.behaviors
    )
    return replace(
        configured, origins=(origin,), behaviors=behaviors, root_object="", error_pages=(), role=pin.role
    )
