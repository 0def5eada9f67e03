"""Which viewer paths CloudFront sends to one origin, and in what form they are cached."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from invalidator.core.routing.distribution import Behavior
from invalidator.core.routing.paths.encoding import is_ordinary, typed_forms
from invalidator.core.routing.paths.patterns import PathTest, compile_pattern

_DOUBLED_SLASHES = re.compile("/{2,}")


class Reach(IntEnum):
    """How far a viewer path gets; of two answers the greater is the safe one."""

    NOT_HERE = 0
    """Cache behaviors send it to another origin."""
    NOT_CACHED = 1
    """It reaches the origin, and nothing is kept: the behavior has caching disabled."""
    PLAIN = 2
    """It reaches the origin, and is cached under the path alone."""
    WITH_QUERY_STRINGS = 3
    """It reaches the origin, and is cached once for each query string."""

    @property
    def cached(self) -> bool:
        """Whether the origin's answer is kept, so that a change has to purge it."""
        return self >= Reach.PLAIN

    @property
    def by_query(self) -> bool:
        """Whether each query string has an answer of its own."""
        return self is Reach.WITH_QUERY_STRINGS


@dataclass(frozen=True, slots=True)
class OriginRules:
    """A distribution's behaviors as one origin sees them.

    Attributes:
        rules: the behaviors in order: a test of the path, what follows for it, the behavior itself.
        otherwise: what follows for a path that no behavior takes (CloudFront always has a default).
        same: whether the spelling of a path cannot matter, because all behaviors have one outcome.
    """

    rules: tuple[tuple[PathTest, Reach, Behavior], ...]
    otherwise: Reach
    same: bool

    def reach(self, path: str) -> Reach:
        """What happens to an ordinary viewer path: one that is spelled in one way only."""
        for matches, reach, _ in self.rules:
            if matches(path):
                return reach
        return self.otherwise

    def reach_in_any_spelling(self, path: str) -> Reach:
        """What happens to a decoded viewer path, at the most, however CloudFront spells it for patterns."""
        if self.same or is_ordinary(path):
            return self.reach(path)
        return max(map(self.reach, spellings(path)))

    def may_rewrite(self, path: str) -> bool:
        """Whether a function may change this decoded viewer path before the origin is asked for it."""
        taking = map(self.behavior, spellings(path))
        return any(behavior is not None and behavior.rewrites for behavior in taking)

    def behavior(self, path: str) -> Behavior | None:
        """The behavior that takes the path: the first that matches."""
        return next((behavior for matches, _, behavior in self.rules if matches(path)), None)


def compile_rules(
    behaviors: Iterable[Behavior], origin: str, *, follow_rewrites: bool = True, keep_errors: bool = False
) -> OriginRules:
    """Prepare a distribution's behaviors for one origin.

    First match wins (aws-behaviour.md "Distributions"). Where a behavior that leads to this origin has a
    function, a viewer's path may be rewritten into any other after the behavior was chosen, and is then
    cached under the new path where that is done on the viewer's request. So every path counts as reaching the
    origin, whichever behavior the path itself would match; AWS advises to invalidate the rewritten URI too
    (invalidation-specifying-objects). That is left out without `follow_rewrites`.

    Where the distribution keeps errors for long (`keep_errors`), caching that is disabled is not: the error caching
    minimum TTL counts for every behavior (aws-behaviour.md "Error pages"), and what failed once stays failed.
    """
    known = [(behavior, _reach(behavior, origin, keep_errors=keep_errors)) for behavior in behaviors]
    rewritten = max(
        (reach for behavior, reach in known if behavior.rewrites and follow_rewrites), default=Reach.NOT_HERE
    )
    rules = tuple(
        (compile_pattern(behavior.pattern), max(reach, rewritten), behavior) for behavior, reach in known
    )
    outcomes = {reach for _, reach, _ in rules}
    if not any(behavior.pattern == "*" for behavior, _ in known):
        outcomes.add(rewritten)
    return OriginRules(rules=rules, otherwise=rewritten, same=len(outcomes) == 1)


def spellings(path: str) -> tuple[str, ...]:
    """Every form of a decoded path that CloudFront might hold against the patterns.

    The developer guide says that it normalizes the path "consistent with RFC 3986" first, merging slashes and
    resolving dot segments (Cache behavior settings, "Path pattern"), and not whether escapes are decoded. So
    a path is tried decoded, encoded, and both normalized; it counts if one of them reaches the origin.
    """
    forms = (path, *typed_forms(path))
    return tuple(dict.fromkeys((*forms, *map(_normalized, forms))))


def _reach(behavior: Behavior, origin: str, *, keep_errors: bool) -> Reach:
    if origin not in behavior.origins:
        return Reach.NOT_HERE
    if not (behavior.cached or keep_errors):
        return Reach.NOT_CACHED
    return Reach.WITH_QUERY_STRINGS if behavior.query_strings else Reach.PLAIN


def _normalized(path: str) -> str:
    kept: list[str] = []
    segments = _DOUBLED_SLASHES.sub("/", path).split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)
