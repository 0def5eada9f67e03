"""From an object's key to the viewer paths under which a distribution serves it.

What it does not know: error documents of website endpoints and CloudFront's custom error pages (a changed
error page stays cached under the paths that failed until its error TTL ends), paths that a function at the
edge makes up, and origins that such a function picks at run time. People pin routes for those.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from invalidator.core.routing.behavior_rules import OriginRules, Reach, compile_rules
from invalidator.core.routing.behavior_wildcards import covering, outermost
from invalidator.core.routing.distribution import Distribution, Origin
from invalidator.core.routing.explanation import Explanation, OriginVerdict, PathVerdict
from invalidator.core.routing.object_names import ObjectName, names_above, object_names
from invalidator.core.routing.origin_hosts import bucket_of
from invalidator.core.routing.path_encoding import invalidation_paths, is_ordinary

_WEBSITE_INDEX = "index.html"
# From here on a path may be sent in another spelling, or as a wildcard that ends before (path_encoding).
_SPELLED_OTHERWISE = re.compile(r"[ ~\ufffd\ud800-\udfff]|(?:^|/)\.")


@dataclass(frozen=True, slots=True)
class _CompiledOrigin:
    """An origin of the bucket, prepared.

    Attributes:
        origin: the origin.
        rules: the behaviors as this origin sees them.
        folder: what a key must begin with and a viewer does not type: the OriginPath, "site/" or "".
        root: the default root object's viewer path, "" for none.
        indexes: how index documents' paths end: "/index.html".
        special: how paths end that need the long way.
    """

    origin: Origin
    rules: OriginRules
    folder: str
    root: str
    indexes: tuple[str, ...]
    special: tuple[str, ...]

    @property
    def serves(self) -> bool:
        """Whether any viewer path leads here."""
        return any(reach for _, reach, _ in self.rules.rules) or bool(self.rules.otherwise)


@dataclass(frozen=True, slots=True)
class Router:
    """Says which viewer paths of one distribution a bucket's key has. Compile it once for a batch.

    Attributes:
        distribution: the routing.
        bucket: the bucket whose keys are asked about.
        index_documents: names that stand for their directory (setting IndexDocuments). CloudFront does not
            know a website endpoint's own index document: these names count there, `index.html` if none is
            set.
    """

    distribution: Distribution
    bucket: str
    index_documents: tuple[str, ...] = ()
    _origins: tuple[_CompiledOrigin, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # How a frozen dataclass sets a derived field: docs.python.org/3/library/dataclasses, "Frozen
        # instances".
        object.__setattr__(self, "_origins", tuple(self._compile()))

    def paths(self, key: str) -> tuple[str, ...]:
        """The paths to invalidate when this key changed, each once; () when no viewer can see it here."""
        if len(self._origins) == 1:
            return _paths_at(self._origins[0], key)
        return tuple(dict.fromkeys(sent for at in self._origins for sent in _paths_at(at, key)))

    def floors(self) -> tuple[str, ...]:
        """The paths, most of them wildcards, that together cover every viewer path which leads to the bucket.

        `/static/*` and `/media/*` where two behaviors do, `/*` where the default one does. No wildcard for the
        bucket has to reach above them; () where nothing leads here. Sorted; none covers another.
        """
        return outermost(path for at in self._origins for path in self._below(at, ""))

    def below(self, prefix: str) -> tuple[str, ...]:
        """The paths to invalidate when any key that begins with `prefix` may have changed: of all, where it is "".

        They cover what `paths` gives for each such key, and nothing above `floors`. Keys with dot segments or
        doubled slashes that reach a behavior only once CloudFront has normalized their path are not counted.

        Args:
            prefix: how the keys begin, decoded; it may end anywhere in a name.
        """
        return outermost(path for at in self._origins for path in self._below(at, prefix))

    def _below(self, at: _CompiledOrigin, prefix: str) -> Iterator[str]:
        limits = (prefix, at.folder, at.origin.prefix)
        longest = max(limits, key=len)
        if not all(longest.startswith(each) for each in limits):
            return
        start = "/" + longest[len(at.folder) :]
        yield from covering(at.rules, start)
        for name in names_above(start, at.root, at.indexes):
            yield from _sent(name, at.rules)
        # Which of the two decides about "/" is unknown: see object_names.
        if at.root.startswith(start):
            for name in object_names(at.root, at.root, ()):
                yield from _sent(name, at.rules)

    @property
    def leads_here(self) -> bool:
        """Whether any viewer path of the distribution leads to the bucket."""
        return any(at.serves for at in self._origins)

    def origins_below(self, path: str) -> int:
        """How many of the bucket's origins have all that their pinned prefix leaves in below this wildcard."""
        if not path.endswith("*"):
            return 0
        above = unquote(path[:-1], errors="surrogateescape")
        return sum(at.serves and f"/{_directory(at)}".startswith(above) for at in self._origins)

    def could_name(self, path: str) -> bool:
        """Whether a key of the bucket can lead to this path or to a wildcard above it.

        Where the bucket is served at all, one can: a key that steps out of its directory (`./a`) is widened to `/*`.
        Only what a pinned prefix leaves out is out of reach.
        """
        return any(at.serves and _within(at, path) for at in self._origins)

    def explain(self, key: str) -> Explanation:
        """Say for each origin of the distribution why the key has, or has not, viewer paths there."""
        compiled = {at.origin: at for at in self._origins}
        return Explanation(
            distribution=self.distribution.id,
            key=key,
            paths=self.paths(key),
            origins=tuple(
                self._explain_at(origin, compiled.get(origin), key) for origin in self.distribution.origins
            ),
        )

    def _compile(self) -> Iterator[_CompiledOrigin]:
        root = self.distribution.root_object.removeprefix("/")
        for origin in self.distribution.origins:
            if origin.bucket != self.bucket or not self.distribution.enabled:
                continue
            folder = origin.path.strip("/")
            names = self.index_documents or ((_WEBSITE_INDEX,) if origin.website else ())
            indexes = tuple(f"/{name}" for name in names)
            yield _CompiledOrigin(
                origin=origin,
                rules=compile_rules(self.distribution.behaviors, origin.id),
                folder=f"{folder}/" if folder else "",
                root=f"/{root}" if root else "",
                indexes=indexes,
                special=("/", "*", *indexes, *([f"/{root}"] if root else [])),
            )

    def _explain_at(self, origin: Origin, at: _CompiledOrigin | None, key: str) -> OriginVerdict:
        refusal = self._refusal(origin, at, key)
        if refusal or at is None:
            return OriginVerdict(origin, refusal)
        unrewritten = compile_rules(self.distribution.behaviors, origin.id, follow_rewrites=False)
        names = object_names("/" + key[len(at.folder) :], at.root, at.indexes)
        return OriginVerdict(origin, "", tuple(_verdict(name, at.rules, unrewritten) for name in names))

    def _refusal(self, origin: Origin, at: _CompiledOrigin | None, key: str) -> str:
        if not self.distribution.enabled:
            return "the distribution is disabled"
        if origin.bucket is None:
            hidden = bucket_of(origin.domain).hidden or "a host whose OriginPath holds parameters"
            return f"its bucket is not known: {origin.domain} is {hidden}"
        if at is None:
            return f"it serves bucket {origin.bucket}"
        if not key.startswith(at.folder):
            return f"the key is outside its OriginPath {origin.path}"
        if not key.startswith(origin.prefix):
            return f"the key is outside the pinned prefix {origin.prefix}"
        return "" if key else "an object's key is never empty"


def _paths_at(at: _CompiledOrigin, key: str) -> tuple[str, ...]:
    if not key or not key.startswith(at.folder) or not key.startswith(at.origin.prefix):
        return ()
    path = "/" + key[len(at.folder) :]
    if path.endswith(at.special) or not is_ordinary(path):
        names = object_names(path, at.root, at.indexes)
        return tuple(dict.fromkeys(sent for name in names for sent in _sent(name, at.rules)))
    # Nearly every key: one name, one spelling, nothing to encode.
    reach = at.rules.reach(path)
    if reach is Reach.PLAIN:
        return (path,)
    return () if reach is Reach.NOT_HERE else (path + "*",)


def _directory(at: _CompiledOrigin) -> str:
    """The directory of the pinned prefix as a viewer types it, without the first slash; "" where there is none."""
    return _SPELLED_OTHERWISE.split(at.origin.prefix[len(at.folder) :].rpartition("/")[0])[0]


def _within(at: _CompiledOrigin, path: str) -> bool:
    """Whether a path is below the directory of the pinned prefix; below "/" where the default root object is in it."""
    prefix, directory = at.origin.prefix, _directory(at)
    if not directory or (at.root and (at.folder + at.root[1:]).startswith(prefix)):
        return True
    named = unquote(path, errors="surrogateescape")
    return named.startswith("/" + directory)


def _reach(name: ObjectName, rules: OriginRules) -> Reach:
    reach = rules.reach_in_any_spelling(name.path)
    return max(reach, rules.reach_in_any_spelling(name.also)) if name.also else reach


def _sent(name: ObjectName, rules: OriginRules) -> tuple[str, ...]:
    reach = _reach(name, rules)
    if reach is Reach.NOT_HERE:
        return ()
    keyed = reach is Reach.WITH_QUERY_STRINGS
    return invalidation_paths(name.path, query_strings=keyed, directory=name.directory)


def _verdict(name: ObjectName, rules: OriginRules, unrewritten: OriginRules) -> PathVerdict:
    behavior = rules.behavior(name.path)
    reach = _reach(name, rules)
    return PathVerdict(
        path=name.path,
        meaning=name.meaning,
        pattern=behavior.pattern if behavior else None,
        reach=reach,
        rewritten=reach is not Reach.NOT_HERE and _reach(name, unrewritten) is Reach.NOT_HERE,
        sent=_sent(name, rules),
    )
