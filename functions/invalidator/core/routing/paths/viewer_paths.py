"""From an object's key to the viewer paths under which a distribution serves it.

What it does not know: paths that a function at the edge makes up, and origins that such a function picks at run
time. People pin routes for those.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from invalidator.core.routing.distribution import KEPT_BY_DEFAULT, Distribution, Origin
from invalidator.core.routing.documents.origin_hosts import bucket_of
from invalidator.core.routing.paths.behavior_rules import OriginRules, Reach, compile_rules, spellings
from invalidator.core.routing.paths.behavior_wildcards import covering, outermost
from invalidator.core.routing.paths.encoding import invalidation_paths, is_ordinary, wildcards_below
from invalidator.core.routing.paths.error_pages import lasting_error_pages, outlasts
from invalidator.core.routing.paths.explanation import Explanation, OriginVerdict, PathVerdict
from invalidator.core.routing.paths.object_names import (
    ObjectName,
    clean_names,
    clean_names_above,
    names_above,
    object_names,
)
from invalidator.core.routing.paths.rendered_origin import RenderedOrigin
from invalidator.core.routing.settings import RoutingSettings

_WEBSITE_INDEX = "index.html"
# What S3 answers for an object that is not there, with or without the right to list the bucket.
_NOT_THERE = (403, 404)
_DEFAULTS = RoutingSettings()


@dataclass(frozen=True, slots=True)
class _CompiledOrigin:
    """An origin of the bucket, prepared.

    Attributes:
        origin: the origin.
        rules: the behaviors as this origin sees them.
        folder: what a key must begin with and a viewer does not type: the OriginPath, "site/" or "".
        root: the default root object's viewer path, "" for none.
        indexes: how index documents' paths end: "/index.html".
        clean: whether pages may be reached without their `.html`.
        always_clean: whether they are, on every path.
        error_pages: decoded viewer path of an error page → what is sent because it stays cached elsewhere.
        special: how paths end that need the long way.
    """

    origin: Origin
    rules: OriginRules
    folder: str
    root: str
    indexes: tuple[str, ...]
    clean: bool
    always_clean: bool
    error_pages: Mapping[str, str]
    special: tuple[str, ...]

    def names(self, path: str) -> Iterator[ObjectName]:
        """Every viewer path of the object whose own this is."""
        yield from object_names(path, self.root, self.indexes)
        if self.clean:
            yield from filter(self._is_clean, clean_names(path, self.indexes))

    def names_above(self, start: str) -> Iterator[ObjectName]:
        """Viewer paths that do not begin so, of objects whose own path does."""
        yield from names_above(start, self.root, self.indexes)
        if self.clean:
            yield from filter(self._is_clean, clean_names_above(start))

    def shows_error_below(self, start: str) -> bool:
        """Whether an error page lies below the start of a path."""
        return any(
            name.startswith(start)
            for page in self.error_pages
            for name in (
                page,
                *([self.root] if page == "/" else []),
                *(page.rstrip("/") + end for end in self.indexes),
            )
        )

    def _is_clean(self, name: ObjectName) -> bool:
        return self.always_clean or self.rules.may_rewrite(name.path)

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
        settings: what the operator says of the sites.
    """

    distribution: Distribution
    bucket: str
    settings: RoutingSettings = _DEFAULTS
    _origins: tuple[_CompiledOrigin, ...] = field(init=False, repr=False, compare=False)
    _rendered: tuple[RenderedOrigin, ...] = field(init=False, repr=False, compare=False)
    _floors: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # How a frozen dataclass sets a derived field: docs.python.org/3/library/dataclasses, "Frozen
        # instances".
        object.__setattr__(self, "_origins", tuple(self._compile()))
        object.__setattr__(self, "_rendered", tuple(self._compile_rendered()))
        purged = any(at.error_pages for at in self._origins)
        object.__setattr__(self, "_floors", self.floors() if purged else ())

    def paths(self, key: str) -> tuple[str, ...]:
        """The paths to invalidate when this key changed, each once; () when no viewer has it cached from here."""
        if len(self._origins) == 1 and not self._rendered:
            return self._paths_at(self._origins[0], key)
        found = dict.fromkeys(sent for at in self._origins for sent in self._paths_at(at, key))
        return tuple(found | dict.fromkeys(sent for at in self._rendered for sent in at.paths(key)))

    def paths_if_new(self, key: str) -> tuple[str, ...]:
        """The paths to invalidate when an object appeared under a key that was none before; mostly ().

        What caches may hold then is the answer that there is none. That has to go only where it may be kept for longer
        than `error_page_seconds`, where the object answers for other paths than its own too, or where another origin
        may have answered in its place.
        """
        found = dict.fromkeys(
            sent
            for at in self._origins
            if not (_holds(at, key) and self._forgets_errors(at, "/" + key[len(at.folder) :]))
            for sent in self._paths_at(at, key)
        )
        return tuple(found | dict.fromkeys(sent for at in self._rendered for sent in at.paths(key)))

    def serves(self, key: str) -> bool:
        """Whether a viewer can see the key here, cached or not."""
        return any(
            _holds(at, key) and any(_reach(name, at.rules) for name in at.names("/" + key[len(at.folder) :]))
            for at in self._origins
        ) or any(at.holds(key) for at in self._rendered)

    def error_page(self, key: str) -> str:
        """Why a change of the key purges all that its behaviors cache, for people; "" where it does not."""
        for at in self._origins:
            if at.error_pages and _holds(at, key):
                for name in at.names("/" + key[len(at.folder) :]):
                    if name.path in at.error_pages:
                        return at.error_pages[name.path]
        return ""

    def floors(self) -> tuple[str, ...]:
        """The paths, most of them wildcards, that together cover every viewer path which leads to the bucket.

        `/static/*` and `/media/*` where two behaviors do, `/*` where the default one does. No wildcard for the
        bucket has to reach above them; () where nothing leads here. Sorted; none covers another.
        """
        found = [path for at in self._origins for path in _below(at, "")]
        return outermost([*found, *(path for at in self._rendered for path in at.below(""))])

    def below(self, prefix: str) -> tuple[str, ...]:
        """The paths to invalidate when any key that begins with `prefix` may have changed: of all, where it is "".

        They cover what `paths` gives for each such key, and nothing above `floors`. Keys with dot segments or
        doubled slashes that reach a behavior only once CloudFront has normalized their path are not counted.

        Args:
            prefix: how the keys begin, decoded; it may end anywhere in a name.
        """
        found = [path for at in self._origins for path in _below(at, prefix)]
        if any(
            at.error_pages and at.shows_error_below(start)
            for at in self._origins
            for start in _start(at, prefix)
        ):
            found += self._floors
        return outermost([*found, *(path for at in self._rendered for path in at.below(prefix))])

    def explain(self, key: str) -> Explanation:
        """Say for each origin of the distribution why the key has, or has not, viewer paths there."""
        compiled = {at.origin: at for at in self._origins}
        rendered = {at.origin: at for at in self._rendered}
        return Explanation(
            distribution=self.distribution.id,
            key=key,
            paths=self.paths(key),
            origins=tuple(
                rendered[origin].explain(key)
                if origin in rendered
                else self._explain_at(origin, compiled.get(origin), key)
                for origin in self.distribution.origins
            ),
        )

    def _forgets_errors(self, at: _CompiledOrigin, path: str) -> bool:
        """Whether edges soon forget that there was nothing under a path, which is the only one of its object.

        A website endpoint is never sure to: it may have answered with a redirect, which is kept as any page is.
        """
        longest = self.settings.error_page_seconds
        if not longest or at.origin.website or path.endswith("/") or len(list(at.names(path))) > 1:
            return False
        kept = dict.fromkeys(_NOT_THERE, KEPT_BY_DEFAULT)
        kept |= {each.code: each.seconds for each in self.distribution.error_pages if each.code in kept}
        if max(kept.values()) > longest:
            return False
        taking = [at.rules.behavior(form) for form in spellings(path)]
        return all(
            each is not None
            and each.errors_kept is not None
            and each.errors_kept <= longest
            and len(each.origins) == 1
            for each in taking
        )

    def _rules(self, origin: Origin, *, follow_rewrites: bool = True) -> OriginRules:
        return compile_rules(
            self.distribution.behaviors,
            origin.id,
            follow_rewrites=follow_rewrites,
            keep_errors=any(outlasts(each, self.settings) for each in self.distribution.error_pages),
        )

    def _compile_rendered(self) -> Iterator[RenderedOrigin]:
        for origin in self.distribution.origins:
            if (
                origin.bucket == self.bucket
                and self.distribution.enabled
                and (origin.templates or origin.tags)
            ):
                yield RenderedOrigin(origin, self._rules(origin))

    def _compile(self) -> Iterator[_CompiledOrigin]:
        root = self.distribution.root_object.removeprefix("/")
        for origin in self.distribution.origins:
            if origin.bucket != self.bucket or not self.distribution.enabled:
                continue
            if origin.templates or origin.tags:
                continue
            names = self.settings.index_documents or ((_WEBSITE_INDEX,) if origin.website else ())
            indexes = tuple(f"/{name}" for name in names)
            always = self.settings.clean_urls == "always"
            clean = always or (
                self.settings.clean_urls == "auto"
                and any(each.rewrites and origin.id in each.origins for each in self.distribution.behaviors)
            )
            rules = self._rules(origin)
            pages = lasting_error_pages(self.distribution, origin, self.settings)
            pages = {path: why for path, why in pages.items() if rules.reach_in_any_spelling(path)}
            yield _CompiledOrigin(
                origin=origin,
                rules=rules,
                folder=origin.folder,
                root=f"/{root}" if root else "",
                indexes=indexes,
                clean=clean,
                always_clean=always,
                error_pages=pages,
                special=(
                    "/",
                    "*",
                    *indexes,
                    *([f"/{root}"] if root else []),
                    *([".html"] if clean else []),
                    *pages,
                ),
            )

    def _explain_at(self, origin: Origin, at: _CompiledOrigin | None, key: str) -> OriginVerdict:
        refusal = self._refusal(origin, at, key)
        if refusal or at is None:
            return OriginVerdict(origin, refusal)
        unrewritten = self._rules(origin, follow_rewrites=False)
        names = list(at.names("/" + key[len(at.folder) :]))
        verdicts = [_verdict(name, at.rules, unrewritten) for name in names]
        page = next((at.error_pages[name.path] for name in names if name.path in at.error_pages), "")
        if page:
            verdicts += [_error_verdict(path, page) for path in self._floors]
        return OriginVerdict(origin, "", tuple(verdicts))

    def _paths_at(self, at: _CompiledOrigin, key: str) -> tuple[str, ...]:
        if not _holds(at, key):
            return ()
        path = "/" + key[len(at.folder) :]
        if path.endswith(at.special) or not is_ordinary(path):
            names = list(at.names(path))
            sent = [each for name in names for each in _sent(name, at.rules)]
            if at.error_pages and any(name.path in at.error_pages for name in names):
                sent += self._floors
            return tuple(dict.fromkeys(sent))
        # Nearly every key: one name, one spelling, nothing to encode.
        reach = at.rules.reach(path)
        if reach is Reach.PLAIN:
            return (path,)
        return (path + "*",) if reach is Reach.WITH_QUERY_STRINGS else ()

    def _refusal(self, origin: Origin, at: _CompiledOrigin | None, key: str) -> str:
        if not self.distribution.enabled:
            return "the distribution is disabled"
        if origin.bucket is None:
            hidden = (
                bucket_of(origin.domain, origin.path).hidden or "a host whose OriginPath holds parameters"
            )
            return f"its bucket is not known: {origin.domain} is {hidden}"
        if at is None:
            return f"it serves bucket {origin.bucket}"
        if not key.startswith(at.folder):
            return f"the key is outside its OriginPath {origin.path}"
        if not key.startswith(origin.prefix):
            return f"the key is outside the pinned prefix {origin.prefix}"
        return "" if key else "an object's key is never empty"


def _holds(at: _CompiledOrigin, key: str) -> bool:
    return bool(key) and key.startswith(at.folder) and key.startswith(at.origin.prefix)


def _start(at: _CompiledOrigin, prefix: str) -> Iterator[str]:
    """How the viewer paths begin of the keys that the origin serves and that begin with the prefix; none, or one."""
    limits = (prefix, at.folder, at.origin.prefix)
    longest = max(limits, key=len)
    if all(longest.startswith(each) for each in limits):
        yield "/" + longest[len(at.folder) :]


def _below(at: _CompiledOrigin, prefix: str) -> Iterator[str]:
    for start in _start(at, prefix):
        yield from covering(at.rules, start)
        for name in at.names_above(start):
            yield from _sent(name, at.rules)


def _reach(name: ObjectName, rules: OriginRules) -> Reach:
    reach = rules.reach_in_any_spelling(name.path)
    return max(reach, rules.reach_in_any_spelling(name.also)) if name.also else reach


def _sent(name: ObjectName, rules: OriginRules) -> tuple[str, ...]:
    reach = _reach(name, rules)
    if not reach.cached:
        return ()
    if name.below:
        return wildcards_below(name.path)
    return invalidation_paths(name.path, query_strings=reach.by_query, directory=name.directory)


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


def _error_verdict(path: str, page: str) -> PathVerdict:
    return PathVerdict(
        path=path, meaning=page, pattern=None, reach=Reach.PLAIN, rewritten=False, sent=(path,)
    )
