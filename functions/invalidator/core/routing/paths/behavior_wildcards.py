"""The wildcards that cover every viewer path which leads to an origin: how wide a purge for it ever has to be.

A wildcard above them reaches cache behaviors of other origins too, and empties their cache for nothing.
"""

from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from invalidator.core.coalescing.escapes import whole
from invalidator.core.routing.paths.behavior_rules import OriginRules
from invalidator.core.routing.paths.encoding import invalidation_paths, wildcards_below


def covering(rules: OriginRules, start: str = "/") -> tuple[str, ...]:
    """The paths that together cover every viewer path which begins with `start` and leads to the origin.

    `/static/*` gives itself, the default behavior `/*`, a pattern without a star its one path. A wildcard of an
    invalidation stands at the end only, so `/a/*/b.js` gives `/a/*` and `*.css` gives `/*`. Where a function may
    rewrite paths, any path may be cached for the origin. Paths that match a pattern only once CloudFront has
    merged their slashes or resolved their dot segments are not counted.

    Args:
        rules: the behaviors as the origin sees them.
        start: how the paths begin, decoded; "/" for all.
    """
    if rules.otherwise.cached:
        return wildcards_below(start)
    found: list[str] = []
    taken: tuple[str, ...] = ()  # all that begins so is taken by an earlier behavior
    for _, reach, behavior in rules.rules:
        for head, one in _heads(behavior.pattern):
            if not (head.startswith(start) or (not one and start.startswith(head))):
                continue
            longest = max(head, start, key=len)
            if longest.startswith(taken) or not reach.cached:
                continue
            found += (
                invalidation_paths(longest, query_strings=reach.by_query, directory=longest.endswith("/"))
                if one
                else wildcards_below(longest)
            )
        pattern = _rooted(behavior.pattern)
        if pattern.endswith("*") and "?" not in pattern and pattern.count("*") == 1:
            taken = (*taken, pattern[:-1])
    return outermost(found)


def outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """The paths without those that a wildcard among them covers, each once, sorted."""
    distinct = sorted(set(paths))
    prefixes = [path[:-1] for path in distinct if path.endswith("*")]
    return tuple(
        path
        for path in distinct
        if not any(path.startswith(prefix) and path != f"{prefix}*" for prefix in prefixes)
    )


def _rooted(pattern: str) -> str:
    return pattern if pattern.startswith("/") else "/" + pattern


def _heads(pattern: str) -> Iterator[tuple[str, bool]]:
    """How all paths begin that a pattern takes, decoded, and whether it takes that one path alone.

    Whether CloudFront holds decoded or encoded paths against patterns is unknown, so escapes are read both ways.
    """
    rooted = _rooted(pattern)
    ends = [at for at in (rooted.find("*"), rooted.find("?")) if at >= 0]
    head = rooted[: min(ends)] if ends else rooted
    yield head, not ends
    decoded = unquote(whole(head), errors="surrogateescape")
    if decoded != head:
        yield decoded, not ends
