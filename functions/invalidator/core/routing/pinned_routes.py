"""A target's routing: its configuration, with all that people pinned of it, judged together."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.documents.origin_hosts import never_a_bucket
from invalidator.core.routing.pins import PINNED_ORIGIN, Pin


def routes_of(configured: Distribution | None, pins: Sequence[Pin]) -> tuple[Distribution, ...]:
    """Return the routes of one target; () where no bucket is known behind it.

    A pin explains the origins that hide their bucket and have its OriginPath, and narrows those that are known to be
    its bucket to its prefix. One that fits no origin is served under every path: wider, never stale. One whose origin
    no behavior leads to, while a function at the edge may pick it, is served wherever that function's behaviors cache.
    One with templates or tags explains no origin: it stands beside the configuration, with the paths that it says
    itself.

    Args:
        configured: its configuration; None where it could not be read.
        pins: the pins that name it, of any bucket.
    """
    role = next((pin.role for pin in pins if pin.role), None)
    rendered = [replace(_rendered(pin, configured), role=role) for pin in pins if pin.renders]
    pins = [pin for pin in pins if not pin.renders]
    if configured is None:
        return (*(everywhere(pin, None, role) for pin in pins), *rendered)
    origins = tuple(each for one in configured.origins for each in _explained(one, pins))
    main = replace(configured, role=role, origins=origins)
    wide = tuple(replace(each, role=role) for pin in pins if (each := _beside(pin, configured)) is not None)
    # The main one stays beside a pin that fits none of its origins: it is what tells whether anything changed.
    return (main, *wide, *rendered) if pins or rendered or any(origin.bucket for origin in origins) else ()


def everywhere(pin: Pin, configured: Distribution | None, role: str | None) -> Distribution:
    """Return what a pin says by itself: every path of the distribution, in every query string form."""
    return Distribution(
        id=pin.distribution,
        origins=(_pinned_origin(pin),),
        behaviors=(Behavior("*", (PINNED_ORIGIN,), query_strings=True),),
        root_object="index.html" if configured is None else configured.root_object,
        role=role,
        enabled=configured is None or configured.enabled,
    )


def is_guess(route: Distribution) -> bool:
    """Whether a route is what a pin says by itself, and no configuration."""
    return any(origin.id == PINNED_ORIGIN for origin in route.origins)


def serves_nothing(pin: Pin, configured: Distribution) -> str:
    """Say why a pin would serve nothing; "" where it would serve something.

    An origin that neither a behavior nor a function leads to is never asked.
    """
    if pin.templates or pin.tags:
        return ""
    fitting = _fitting(pin, configured)
    if not fitting or _is_led_to(fitting, configured) or _may_pick(configured):
        return ""
    names = ", ".join(origin.id for origin in fitting)
    return f"no cache behavior leads to its origin {names}, and it has no function at the edge that could pick it"


def _explained(origin: Origin, pins: Sequence[Pin]) -> Iterator[Origin]:
    """The origin as each of its pins has it; as it is where there is none."""
    fitting = [pin for pin in pins if _fits(origin, pin)]
    for pin in fitting:
        yield replace(origin, bucket=pin.bucket, prefix=pin.prefix)
    if not fitting:
        yield origin


def _beside(pin: Pin, configured: Distribution) -> Distribution | None:
    """What a pin adds where no behavior tells which paths lead to what it names."""
    fitting = _fitting(pin, configured)
    if not fitting:
        return everywhere(pin, configured, None)
    if _is_led_to(fitting, configured) or not _may_pick(configured):
        return None
    behaviors = tuple(
        replace(each, origins=(PINNED_ORIGIN,) if each.rewrites else ()) for each in configured.behaviors
    )
    return replace(configured, origins=(_pinned_origin(pin),), behaviors=behaviors)


def _rendered(pin: Pin, configured: Distribution | None) -> Distribution:
    """What a pin says that knows itself how keys appear to viewers, whatever the origins are."""
    tags = pin.tags if configured is None or configured.cache_tags else ()
    # Tags that purge nothing, and no template besides: all that is cached may be made of the key.
    templates = pin.templates or (() if tags else ("/*",))
    origin = replace(_pinned_origin(pin), templates=templates, tags=tags)
    if configured is None:
        behaviors: tuple[Behavior, ...] = (Behavior("*", (PINNED_ORIGIN,), query_strings=True),)
        return Distribution(pin.distribution, (origin,), behaviors, cache_tags=bool(tags))
    behaviors = tuple(
        replace(
            each, origins=(PINNED_ORIGIN,), viewer_function=False, origin_function="", response_function=""
        )
        for each in configured.behaviors
    )
    return replace(configured, origins=(origin,), behaviors=behaviors, root_object="", error_pages=())


def _pinned_origin(pin: Pin) -> Origin:
    return Origin(PINNED_ORIGIN, "", pin.bucket, pin.origin_path, prefix=pin.prefix)


def _fitting(pin: Pin, configured: Distribution) -> list[Origin]:
    return [origin for origin in configured.origins if _fits(origin, pin)]


def _fits(origin: Origin, pin: Pin) -> bool:
    hides = origin.bucket is None and not never_a_bucket(origin.domain)
    return (hides or origin.bucket == pin.bucket) and origin.path.rstrip("/") == pin.origin_path


def _is_led_to(fitting: Sequence[Origin], configured: Distribution) -> bool:
    names = {origin.id for origin in fitting}
    return any(not names.isdisjoint(behavior.origins) for behavior in configured.behaviors)


def _may_pick(configured: Distribution) -> bool:
    """Whether a function at the edge may pick the origin."""
    return any(behavior.rewrites for behavior in configured.behaviors)
