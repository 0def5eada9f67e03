"""A pinned route: what people know of a bucket's distributions and a scan cannot see."""

from dataclasses import dataclass, replace

from invalidator.core.routing.distribution import Behavior, Distribution, Origin

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
    """

    bucket: str
    distribution: str
    origin_path: str = ""
    prefix: str = ""
    role: str | None = None


def pinned_distribution(pin: Pin, configured: Distribution | None) -> Distribution:
    """Return the routing of a pinned distribution.

    The origins that hide their bucket (an access-point alias, a CNAME) and have the pin's OriginPath are taken
    to be the bucket; one that is known to be the bucket, and has this OriginPath, is narrowed to the prefix.
    Where the configuration is not known, or has no such origin, every path of the distribution is taken to lead
    to the bucket, with query strings in the cache key: wider, never stale.
    """
    if configured is not None and any(_is_pinned(each, pin) for each in configured.origins):
        origins = tuple(
            replace(each, bucket=pin.bucket, prefix=pin.prefix) if _is_pinned(each, pin) else each
            for each in configured.origins
        )
        return replace(configured, origins=origins, role=pin.role)
    return Distribution(
        id=pin.distribution,
        origins=(Origin(PINNED_ORIGIN, "", pin.bucket, pin.origin_path, prefix=pin.prefix),),
        behaviors=(Behavior("*", (PINNED_ORIGIN,), query_strings=True),),
        root_object="index.html" if configured is None else configured.root_object,
        role=pin.role,
        enabled=configured is None or configured.enabled,
    )


def _is_pinned(origin: Origin, pin: Pin) -> bool:
    return origin.bucket in {None, pin.bucket} and origin.path == pin.origin_path
