"""What a change of a distribution's configuration changed for viewers.

Two questions. Does a key have other viewer paths now, so that changes made since have to be routed again? And did the
content behind unchanged viewer paths move, so that what edges hold of it is no longer true, though no object changed?
The second is how sites are switched from one folder to another (blue/green by OriginPath): nothing else would purge it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from invalidator.core.routing.distribution import KEPT_BY_DEFAULT, Behavior, Distribution, ErrorPage, Origin
from invalidator.core.routing.paths.behavior_rules import compile_rules
from invalidator.core.routing.paths.behavior_wildcards import covering, outermost
from invalidator.core.routing.paths.encoding import invalidation_paths
from invalidator.core.routing.paths.patterns import compile_pattern
from invalidator.core.routing.pinned_routes import is_guess


@dataclass(frozen=True, slots=True)
class RoutingChange:
    """What is different for viewers.

    Attributes:
        causes: for people, one line each: `OriginPath of /img/*: /v1 → /v2`.
        moved: the wildcards below which other content stands now, as an invalidation names them; () where none does.
    """

    causes: tuple[str, ...]
    moved: tuple[str, ...] = ()


def changed_routing(
    old: Sequence[Distribution], new: Sequence[Distribution], *, settings_changed: bool = False
) -> RoutingChange | None:
    """Compare a target's routing with what it was; None where viewers get the same.

    Comments, certificates, price classes, logging and alternate names are no part of routing. What an edge may hold
    of a distribution that was disabled meanwhile is what it served before.

    Args:
        old: as it was, () where it was not known.
        new: as it is.
        settings_changed: whether the operator's settings or pins changed, by which keys become viewer paths.
    """
    causes = [*dict.fromkeys(_causes(old, new))]
    if settings_changed:
        causes.append("settings or pins")
    if not causes:
        return None
    return RoutingChange(tuple(causes), _moved(old, new))


def _causes(old: Sequence[Distribution], new: Sequence[Distribution]) -> Iterator[str]:
    before, after = [*map(_routing, old)], [*map(_routing, new)]
    if before == after:
        return
    served, serves = (_buckets(routes) for routes in (old, new))
    yield from (f"serves {bucket}" for bucket in sorted(serves - served))
    yield from (f"serves {bucket} no more" for bucket in sorted(served - serves))
    for was, now in zip(old, new, strict=False):
        yield from _differences(was, now)
    if served == serves and not any(map(_differs, old, new)) and len(old) != len(new):
        yield "pins"


def _differs(was: Distribution, now: Distribution) -> bool:
    return _routing(was) != _routing(now)


def _differences(was: Distribution, now: Distribution) -> Iterator[str]:
    if not _differs(was, now):
        return
    found = False
    was, now = _routing(was), _routing(now)
    if was.enabled != now.enabled:
        found = True
        yield "enabled" if now.enabled else "disabled"
    paths = {origin.id: origin.path for origin in was.origins}
    for origin in now.origins:
        if paths.get(origin.id, origin.path) != origin.path:
            found = True
            yield f"OriginPath of {origin.id}: {paths[origin.id] or '/'} → {origin.path or '/'}"
    patterns = {behavior.pattern: behavior for behavior in was.behaviors}
    for behavior in now.behaviors:
        if patterns.get(behavior.pattern) != behavior:
            found = True
            yield f"behavior {behavior.pattern}"
    gone = patterns.keys() - {behavior.pattern for behavior in now.behaviors}
    yield from (f"behavior {pattern} removed" for pattern in sorted(gone))
    if not found and not gone:
        yield "origins, root object or error pages"


def _routing(distribution: Distribution) -> Distribution:
    """What of it decides about viewer paths of changes: not its names, nor which policies could not be read."""
    behaviors = tuple(replace(each, errors_kept=None) for each in distribution.behaviors)
    return replace(distribution, aliases=(), unknown_policies=(), behaviors=behaviors)


def _buckets(routes: Iterable[Distribution]) -> set[str]:
    return {origin.bucket for each in routes if each.enabled for origin in each.origins if origin.bucket}


def _moved(old: Sequence[Distribution], new: Sequence[Distribution]) -> tuple[str, ...]:
    was = next((each for each in old if not is_guess(each)), None)
    now = next((each for each in new if not is_guess(each)), None)
    if was is None or now is None or not now.enabled:
        return ()
    behaviors = [*_moved_behaviors(was, now, _picked((*old, *new)))]
    pages = {each.path for each in (*was.error_pages, *now.error_pages) if each.path}
    if _other_errors(was, now) or any(_takes(each, page) for each in behaviors for page in pages):
        # What an edge holds under paths that failed is what was answered then, for as long as that was set for.
        behaviors += [_moved_behavior(each.pattern, each) for each in (*was.behaviors, *now.behaviors)]
    moved = [wildcard for behavior in behaviors for wildcard in covering(compile_rules((behavior,), "moved"))]
    roots = {was.root_object, now.root_object}
    if len(roots) > 1 or any(_takes(each, root) for each in behaviors for root in roots if root):
        moved += invalidation_paths("/", query_strings=True, directory=True)
    return outermost(moved)


def _other_errors(was: Distribution, now: Distribution) -> bool:
    """Whether edges may hold errors that are answered otherwise now, or were to be kept for longer than now."""
    errors = {each.code: each for each in now.error_pages}
    for before in was.error_pages:
        if not before.path and before.seconds <= KEPT_BY_DEFAULT:
            continue
        after = errors.get(before.code, ErrorPage(before.code, "", KEPT_BY_DEFAULT))
        if (after.path, after.status) != (before.path, before.status) or after.seconds < before.seconds:
            return True
    return False


def _takes(moved: Behavior, path: str) -> bool:
    """Whether other content may stand under a path."""
    return moved.viewer_function or compile_pattern(moved.pattern)(f"/{path.lstrip('/')}")


def _picked(routes: Iterable[Distribution]) -> set[str]:
    """The patterns of behaviors of which a pin says that a function leads to a bucket."""
    return {
        behavior.pattern
        for each in routes
        if is_guess(each)
        for behavior in each.behaviors
        if behavior.origins
    }


def _moved_behaviors(was: Distribution, now: Distribution, picked: set[str]) -> Iterator[Behavior]:
    """Yield for each set of viewer paths that other content stands behind a behavior that takes them.

    A path is taken by one behavior before and one after. So pairs are compared: what both may take, less what an
    earlier behavior takes on either side.
    """
    read = not {*was.unknown_policies} <= {*now.unknown_policies}
    for at, before in enumerate(was.behaviors):
        for to, after in enumerate(now.behaviors):
            if not _overlap(before.pattern, after.pattern):
                continue
            region = _both(before.pattern, after.pattern)
            earlier = (*was.behaviors[:at], *now.behaviors[:to])
            taken = (before.pattern, after.pattern, region)
            if any(_covers(each.pattern, pattern) for each in earlier for pattern in taken):
                continue
            origins = _sources(was, before), _sources(now, after)
            # What a function behind the cache made of a viewer path is kept under that path. One that runs before the
            # cache makes another key (aws-behaviour.md "Paths").
            other = _behind_the_cache(before) != _behind_the_cache(after) or _narrower(
                before, after, read=read
            )
            ours = _of_s3(*origins) or not picked.isdisjoint({before.pattern, after.pattern})
            if (other and ours) or _other_content(*origins):
                yield _moved_behavior(region, before, after)


def _narrower(before: Behavior, after: Behavior, *, read: bool) -> bool:
    """Whether changes are sent under fewer paths from now on, though edges hold the others, and may show them again.

    Args:
        before: as it was.
        after: as it is.
        read: whether a cache policy was read that could not be before: what it says is no news to edges.
    """
    return (
        (before.cached and not after.cached)
        or (before.query_strings and not after.query_strings and not read)
        or (before.viewer_function and not after.viewer_function)
    )


def _behind_the_cache(behavior: Behavior) -> tuple[str, str]:
    return behavior.origin_function, behavior.response_function


def _moved_behavior(pattern: str, *behaviors: Behavior) -> Behavior:
    """A behavior that leads to what moved: of a pattern's paths, or of any where a function makes keys of them."""
    made = any(each.viewer_function for each in behaviors)
    return Behavior(pattern, ("moved",), query_strings=True, viewer_function=made)


def _sources(distribution: Distribution, behavior: Behavior) -> list[Origin]:
    """The origins behind a behavior, the one that is asked first first."""
    return [origin for name in behavior.origins for origin in distribution.origins if origin.id == name]


def _other_content(was: Sequence[Origin], now: Sequence[Origin]) -> bool:
    """Whether an S3 origin, before or after, makes way for something else."""
    if not _of_s3(was, now):
        return False
    distinct = [_distinct(each) for each in (was, now)]
    return len(distinct[0]) != len(distinct[1]) or not all(map(_same_content, *distinct))


def _of_s3(was: Sequence[Origin], now: Sequence[Origin]) -> bool:
    return any(origin.bucket for origin in (*was, *now))


def _distinct(origins: Sequence[Origin]) -> list[Origin]:
    """The origins without what pins made several of: one origin, narrowed to several prefixes."""
    return list({origin.id: origin for origin in origins}.values())


def _same_content(was: Origin, now: Origin) -> bool:
    if (was.path, was.website) != (now.path, now.website):
        return False
    # A bucket has many hosts; and a pin may have told meanwhile which bucket a host hides.
    return was.domain == now.domain or (was.bucket is not None and was.bucket == now.bucket)


def _head(pattern: str) -> tuple[str, bool]:
    """How all paths begin that a pattern takes, and whether it takes that one path alone."""
    rooted = pattern if pattern.startswith("/") else f"/{pattern}"
    ends = [at for at in (rooted.find("*"), rooted.find("?")) if at >= 0]
    return (rooted[: min(ends)], False) if ends else (rooted, True)


def _overlap(one: str, other: str) -> bool:
    (left, left_alone), (right, right_alone) = _head(one), _head(other)
    if left_alone:
        return compile_pattern(other)(left)
    if right_alone:
        return compile_pattern(one)(right)
    return _begin_alike(left, right) and _begin_alike(_tail(one)[::-1], _tail(other)[::-1])


def _begin_alike(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _tail(pattern: str) -> str:
    """How all paths end that a pattern with a wildcard takes."""
    return pattern[max(pattern.rfind("*"), pattern.rfind("?")) + 1 :]


def _both(one: str, other: str) -> str:
    """A pattern for what two overlapping patterns may both take: at least that."""
    if _covers(one, other):
        return other
    if _covers(other, one):
        return one
    for each in (one, other):
        if _head(each)[1]:
            return each
    return max(_head(one)[0], _head(other)[0], key=len) + "*"


def _covers(pattern: str, other: str) -> bool:
    """Whether a pattern surely takes all that another one takes."""
    head, alone = _head(pattern)
    rooted = pattern if pattern.startswith("/") else f"/{pattern}"
    simple = not alone and rooted == f"{head}*"
    return _head(other)[0].startswith(head) if simple else pattern.lstrip("/") == other.lstrip("/")
