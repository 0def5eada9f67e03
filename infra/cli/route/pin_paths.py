"""Which viewer paths follow from a pin, in plain words, before anybody relies on it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from infra.cli.printing import many, visible
from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.paths.joined_router import JoinedRouter
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.settings import RoutingSettings

MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Followed:
    """What follows from a pin.

    Attributes:
        paths: what together covers every viewer path of the keys that it is about, sorted; () where none is cached.
        key: one such key, for example.
        sent: what is sent when that key changes.
        leads: whether any viewer path leads to these keys, cached or not.
    """

    paths: tuple[str, ...]
    key: str
    sent: tuple[str, ...]
    leads: bool


def paths_of(pin: Pin, routes: Sequence[Distribution], settings: RoutingSettings) -> Followed:
    """Return what follows from a pin where its distribution is routed so; a disabled one as if it were enabled."""
    root = f"{pin.origin_path.strip('/')}/" if pin.origin_path else ""
    folder = pin.prefix or root
    router = _router(pin, routes, settings)
    if router is None:
        return Followed((), "", (), leads=False)
    paths = router.below(folder)
    # A key that a behavior takes: below the prefix, or else below the first pattern that leads here.
    patterns = (root + unquote(path[1:-1]) for path in paths if path.endswith("/*"))
    keys = [f"{start}photo.jpg" for start in (folder, *patterns)]
    key = next((each for each in keys if router.paths(each)), keys[0])
    return Followed(paths, key, router.paths(key), bool(_as_cached(router).below(folder)))


def paths_as_json(followed: Followed) -> dict[str, Any]:
    """Return it for programs."""
    return {"paths": followed.paths, "example": {"key": followed.key, "sent": followed.sent}}


def paths_as_text(followed: Followed) -> list[str]:
    """Write it for people, a line each."""
    if not followed.paths:
        return ["nothing is cached under its paths (caching disabled), so nothing is sent for its keys"]
    shown = ", ".join(map(visible, followed.paths[:MOST_SHOWN]))
    more = len(followed.paths) - MOST_SHOWN
    lines = [
        f"its keys reach viewers under: {shown}" + (f" and {many(more, 'path')} more" if more > 0 else "")
    ]
    if followed.sent:
        lines.append(
            f"when {visible(followed.key)} changes: {' '.join(map(visible, followed.sent))} is invalidated"
        )
    return lines


def _router(pin: Pin, routes: Sequence[Distribution], settings: RoutingSettings) -> JoinedRouter | None:
    leading = tuple(
        Router(replace(each, enabled=True), pin.bucket, settings)
        for each in routes
        if any(origin.bucket == pin.bucket for origin in each.origins)
    )
    return JoinedRouter(leading) if leading else None


def _as_cached(router: JoinedRouter) -> JoinedRouter:
    """The same, as if all behaviors kept what they answer."""
    return JoinedRouter(
        tuple(
            Router(
                replace(
                    each.distribution,
                    behaviors=tuple(replace(one, cached=True) for one in each.distribution.behaviors),
                ),
                each.bucket,
                each.settings,
            )
            for each in router.routers
        )
    )
