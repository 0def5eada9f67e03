"""From a viewer's path back to the keys that may answer it: the router's way, backwards. Pure.

Backwards there may be several: `/docs` is the key `docs`, the page `docs.html`, or the directory of `docs/index.html`.
A key is a candidate only where the router, asked forwards, names this path for it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_plus

from infra.cli.viewer.url import ViewerUrl
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.documents.origin_hosts import bucket_of
from invalidator.core.routing.paths.behavior_rules import Reach
from invalidator.core.routing.paths.explanation import PathVerdict
from invalidator.core.routing.paths.patterns import compile_pattern
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.settings import RoutingSettings

_WEBSITE_INDEX = "index.html"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A key that may answer the path.

    Attributes:
        bucket: its bucket.
        key: the key, decoded.
        meaning: what the path is to the object: "the object itself", "the default root object".
        reach: how the path is cached.
        sent: what is invalidated for this path when the object changes.
    """

    bucket: str
    key: str
    meaning: str
    reach: Reach
    sent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """The way of a viewer's path through a distribution.

    Attributes:
        behavior: the cache behavior that takes it.
        origins: the origins that may answer.
        hidden: why no key can be told for some of them, a line each.
        candidates: the keys that may answer, the likeliest first.
    """

    behavior: Behavior
    origins: tuple[Origin, ...]
    hidden: tuple[str, ...]
    candidates: tuple[Candidate, ...]


def way_of(url: ViewerUrl, route: Distribution, settings: RoutingSettings) -> Way:
    """Follow a URL's path through a distribution's routing."""
    behavior = next(
        (each for each in route.behaviors if compile_pattern(each.pattern)(url.path)), route.behaviors[-1]
    )
    origins = tuple(each for each in route.origins if each.id in behavior.origins)
    hidden, candidates = [], []
    for origin in origins:
        if origin.bucket is None:
            why = bucket_of(origin.domain, origin.path).hidden or "a host whose OriginPath holds parameters"
            hidden.append(
                f"{origin.domain} is {why}; pin it if a bucket is behind it: invalidator route pin --help"
            )
        elif origin.templates or origin.tags:
            found = list(_of_templates(url, route, origin, settings))
            candidates += found
            if not found:
                made = ", ".join((*origin.templates, *(f"tag {tag}" for tag in origin.tags)))
                hidden.append(f"its answers are made of {origin.bucket}'s objects, pinned as {made}")
        else:
            candidates += _of_origin(url, route, origin, settings, behavior)
    return Way(behavior, origins, tuple(hidden), tuple(dict.fromkeys(candidates)))


def _of_origin(
    url: ViewerUrl, route: Distribution, origin: Origin, settings: RoutingSettings, behavior: Behavior
) -> Iterator[Candidate]:
    assert origin.bucket is not None  # noqa: S101  for mypy: the caller has made sure
    router = Router(route, origin.bucket, settings)
    # S3 reads a plus as a space; a key with a plus is asked for as %2B.
    read = dict.fromkeys((unquote_plus(url.typed_path, errors="surrogateescape"), url.path))
    for path in read:
        for key in _keys(path[1:], route, origin, settings, behavior):
            for verdict in _forwards(router, origin, key):
                if verdict.path in read and verdict.reach is not Reach.NOT_HERE:
                    yield Candidate(origin.bucket, key, verdict.meaning, verdict.reach, verdict.sent)


def _keys(
    rest: str, route: Distribution, origin: Origin, settings: RoutingSettings, behavior: Behavior
) -> Iterator[str]:
    """What may be behind a path (without its first slash), before the router is asked whether it is."""
    indexes = settings.index_documents or ((_WEBSITE_INDEX,) if origin.website else ())
    root = route.root_object.removeprefix("/")
    if not rest:
        if root:
            yield origin.folder + root
        yield from (origin.folder + name for name in indexes)
        return
    if rest.endswith("/"):
        yield from (origin.folder + rest + name for name in indexes)
        if root.startswith(rest):
            yield origin.folder + root
        yield origin.folder + rest
        return
    yield origin.folder + rest
    if settings.clean_urls == "always" or (settings.clean_urls == "auto" and behavior.rewrites):
        yield f"{origin.folder}{rest}.html"
    yield from (f"{origin.folder}{rest}/{name}" for name in indexes)


def _of_templates(
    url: ViewerUrl, route: Distribution, origin: Origin, settings: RoutingSettings
) -> Iterator[Candidate]:
    """Keys by pinned templates that hold the whole key; of the others, many keys may be behind one path."""
    assert origin.bucket is not None  # noqa: S101  for mypy: the caller has made sure
    router = Router(route, origin.bucket, settings)
    for template in origin.templates:
        head, field, tail = template.partition("{key}")
        if not field or "{" in head + tail:
            continue
        pattern = re.escape(head) + "(?P<key>.+)" + re.escape(tail.removesuffix("*"))
        match = re.fullmatch(
            pattern + (".*" if tail.endswith("*") and len(tail) > 1 else ""), url.path, re.DOTALL
        )
        if match is None:
            continue
        key = origin.folder + match["key"]
        for verdict in _forwards(router, origin, key):
            stem = verdict.path.removesuffix("*")
            if verdict.reach is not Reach.NOT_HERE and url.path.startswith(stem):
                yield Candidate(origin.bucket, key, verdict.meaning, verdict.reach, verdict.sent)


def _forwards(router: Router, origin: Origin, key: str) -> Iterator[PathVerdict]:
    for verdict in router.explain(key).origins:
        if verdict.origin == origin:
            yield from verdict.paths
