"""An origin that makes its answers of a bucket's objects: what is purged is what people pinned."""

from collections.abc import Iterator
from dataclasses import dataclass

from invalidator.core.routing.distribution import Origin
from invalidator.core.routing.paths.behavior_rules import OriginRules, Reach
from invalidator.core.routing.paths.behavior_wildcards import outermost
from invalidator.core.routing.paths.encoding import invalidation_paths, wildcards_below
from invalidator.core.routing.paths.explanation import OriginVerdict, PathVerdict
from invalidator.core.routing.templates import path_of, start_of, tag_of

_ALL = "/*"


@dataclass(frozen=True, slots=True)
class RenderedOrigin:
    """A pinned origin with templates or tags.

    Attributes:
        origin: the origin.
        rules: the behaviors: which of the paths are cached, and whether by query string.
    """

    origin: Origin
    rules: OriginRules

    def holds(self, key: str) -> bool:
        """Whether the key is one of those that the pin is about."""
        return bool(key) and key.startswith(self.origin.folder) and key.startswith(self.origin.prefix)

    def paths(self, key: str) -> tuple[str, ...]:
        """The paths, and tags, to invalidate when the key changed, each once."""
        verdicts = self._verdicts(key) if self.holds(key) else ()
        return tuple(dict.fromkeys(sent for verdict in verdicts for sent in verdict.sent))

    def below(self, prefix: str) -> tuple[str, ...]:
        """The paths that cover those of each key which begins so. A tag cannot stand for several: all is purged."""
        folder = self.origin.folder
        limits = (prefix, folder, self.origin.prefix)
        longest = max(limits, key=len)
        if not all(longest.startswith(each) for each in limits):
            return ()
        found = [_ALL] if self.origin.tags else []
        for template in self.origin.templates:
            start = start_of(template, longest[len(folder) :])
            found += self._sent(template) if start is None else wildcards_below(start)
        return outermost(found)

    def explain(self, key: str) -> OriginVerdict:
        """Say what the pin makes of the key."""
        if self.holds(key):
            return OriginVerdict(self.origin, "", tuple(self._verdicts(key)))
        where = f"OriginPath {self.origin.path}, prefix {self.origin.prefix or 'none'}"
        return OriginVerdict(self.origin, f"the key is outside what is pinned: {where}" if key else "no key")

    def _verdicts(self, key: str) -> Iterator[PathVerdict]:
        below = key[len(self.origin.folder) :]
        for template in self.origin.templates:
            path = path_of(template, below)
            reach = self._reach(path)
            behavior = self.rules.behavior(path)
            pattern = behavior.pattern if behavior else None
            yield PathVerdict(
                path, f"pinned as {template}", pattern, reach, rewritten=False, sent=self._sent(path)
            )
        for template in self.origin.tags:
            tag = tag_of(template, below)
            meaning = f"pinned with the tag {template}"
            if tag is None:
                meaning += ", which no answer can have for this key: all is purged"
            sent = tag or _ALL
            yield PathVerdict(sent, meaning, None, Reach.PLAIN, rewritten=False, sent=(sent,))

    def _reach(self, path: str) -> Reach:
        if path.endswith("*"):  # more than one behavior may take what is below: the greatest counts
            return max((reach for _, reach, _ in self.rules.rules), default=Reach.NOT_HERE)
        return self.rules.reach_in_any_spelling(path)

    def _sent(self, path: str) -> tuple[str, ...]:
        reach = self._reach(path)
        if not reach.cached:
            return ()
        if path.endswith("*"):
            return wildcards_below(path[:-1])
        return invalidation_paths(path, query_strings=reach.by_query, directory=path.endswith("/"))
