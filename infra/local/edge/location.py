"""One edge location: what a viewer there is answered, from its cache or from the origin."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from infra.local.edge.cache import Cache, Entry, Name, covers
from infra.local.edge.distributions import Behavior, Distribution
from infra.local.edge.lifetimes import FIRST_ERROR, error_seconds, object_seconds
from infra.local.edge.origins import (
    NOT_MODIFIED,
    OK,
    NotModelledError,
    OriginAnswer,
    Question,
    Told,
    ask_origins,
)
from infra.local.edge.path_patterns import fits
from infra.local.edge.readings import Readings
from infra.local.edge.urls import decode, normalize

HIT, MISS, REFRESHED, ERROR = (f"{what} from cloudfront" for what in ("Hit", "Miss", "RefreshHit", "Error"))
FIRST_SERVER_ERROR = 500
FORBIDDEN, NOT_IMPLEMENTED = 403, 501
# Of invalidations, which a fetch that began before may have missed, the last so many are remembered.
REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Request:
    """What a viewer asks for.

    Attributes:
        path: encoded, as `urls.typed` makes it.
        query: without "?".
        headers: names in lower case.
    """

    path: str
    query: str = ""
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Response:
    """What a viewer is answered.

    Attributes:
        x_cache: the header X-Cache.
        age: the header Age, None where it came from the origin just now.
    """

    status: int
    headers: Mapping[str, str]
    body: Any
    x_cache: str
    age: float | None = None


Steps = Generator[Question, Told, Response]


@dataclass(frozen=True, slots=True)
class Fetching:
    """The origin has to be asked.

    Attributes:
        name: what is fetched; others that ask for it meanwhile may wait for it.
        shares: whether it may be kept, so that others have something of it.
        steps: yields what it wants to know, is sent the answers, returns the response.
    """

    name: Name
    shares: bool
    steps: Steps


@dataclass(frozen=True, slots=True)
class _Way:
    """What a request comes to: the name it is cached under, who answers, and the path that goes to the origin."""

    name: Name
    behavior: Behavior
    uri: str


class Location:
    """A location.

    Attributes:
        name: such as FRA56.
        cache: what it holds.
        fetches: how often it asked origins.
    """

    def __init__(
        self,
        name: str,
        clock: Callable[[], float],
        readings: Readings | None = None,
        cache: Cache | None = None,
    ) -> None:
        self.name = name
        self.cache = Cache() if cache is None else cache
        self.fetches = 0
        self._clock = clock
        self._readings = readings or Readings()
        self._purges: deque[tuple[int, str, tuple[str, ...]]] = deque(maxlen=REMEMBERED)
        self._purged = 0

    def begin(self, distribution: Distribution, request: Request) -> Response | Fetching:
        """Answer a viewer from the cache, or begin to ask the origin.

        Raises NotModelledError, as the steps may.
        """
        way = self._way(distribution, request)
        refused = _refused(distribution, way.behavior, request.method)
        if refused is not None:
            return refused
        entry = self.cache.get(way.name)
        now = self._clock()
        if entry is not None and entry.expires > now:
            return _response(entry, HIT, now - entry.fetched)
        return Fetching(way.name, way.behavior.policy.keeps, self._fetch(distribution, way, entry))

    def fresh(self, distribution: Distribution, request: Request) -> Steps:
        """Return the steps to what a viewer would be answered if nothing were cached, and nothing is cached by it."""
        way = self._way(distribution, request)
        _, shown = yield from self._answer(distribution, way, None, keep=False)
        return Response(shown.status, shown.headers, shown.body, MISS)

    def purge(self, distribution: str, items: Iterable[str]) -> list[str]:
        """Let an invalidation arrive; return the paths of what it removed."""
        named = tuple(item if item.startswith("#") else self._named(item) for item in items)
        self._purged += 1
        self._purges.append((self._purged, distribution, named))
        return self.cache.purge(distribution, named)

    def asks(self, distribution: Distribution, request: Request) -> Behavior:
        """Return the behavior that a request meets."""
        return self._way(distribution, request).behavior

    def _fetch(self, distribution: Distribution, way: _Way, stale: Entry | None) -> Steps:
        began = self._purged
        self.fetches += 1
        answer, shown = yield from self._answer(distribution, way, stale, keep=True)
        now = self._clock()
        policy = way.behavior.policy
        if stale is not None and answer.status == NOT_MODIFIED:
            refreshed = replace(stale, fetched=now, expires=now + object_seconds(policy, stale.headers, now))
            self._keep(way.name, refreshed, began)
            return _response(refreshed, REFRESHED, None)
        if stale is not None and answer.status >= FIRST_SERVER_ERROR:
            # What has expired is served on while the origin answers 5xx [HTTPStatusCodes].
            return _response(stale, HIT, now - stale.fetched)
        if answer.status >= FIRST_ERROR:
            configured = distribution.error_pages.get(answer.status)
            seconds = error_seconds(
                answer.status,
                policy,
                shown.headers,
                configured=configured.seconds if configured else None,
                custom=configured is not None and bool(configured.page),
                readings=self._readings,
                now=now,
            )
        else:
            seconds = object_seconds(policy, shown.headers, now)
        entry = Entry(
            shown.status,
            shown.headers,
            shown.body,
            shown.size,
            now,
            now + seconds,
            _tags(distribution, shown.headers),
        )
        if seconds > 0 and policy.keeps:
            self._keep(way.name, entry, began)
        return _response(entry, MISS, None)

    def _answer(
        self, distribution: Distribution, way: _Way, stale: Entry | None, *, keep: bool
    ) -> Generator[Question, Told, tuple[OriginAnswer, OriginAnswer]]:
        """Ask for the origin's answer; return it, and what is shown: the custom error page where there is one."""
        etag = stale.headers.get("etag", "") if stale is not None and stale.status == OK else ""
        answer = yield from ask_origins(way.behavior, way.uri, self._readings, etag)
        custom = distribution.error_pages.get(answer.status)
        if custom is None or answer.status < FIRST_ERROR:
            return answer, answer
        shown = answer
        if custom.page:
            shown = yield from self._page(distribution, custom.page, keep=keep)
            if shown.status != OK:
                # Where the page itself cannot be had, its status is what viewers get [custom-error-pages].
                return answer, shown
        return answer, replace(shown, status=custom.status or answer.status)

    def _page(
        self, distribution: Distribution, path: str, *, keep: bool
    ) -> Generator[Question, Told, OriginAnswer]:
        """Ask for a custom error page as a viewer would: from the cache first."""
        way = self._way(distribution, Request(path))
        entry = self.cache.get(way.name) if keep else None
        now = self._clock()
        if entry is not None and entry.expires > now and entry.status == OK:
            return OriginAnswer(OK, entry.body, entry.headers, entry.size)
        began = self._purged
        answer = yield from ask_origins(way.behavior, way.uri, self._readings)
        now = self._clock()
        seconds = object_seconds(way.behavior.policy, answer.headers, now)
        if keep and answer.status == OK and seconds > 0 and way.behavior.policy.keeps:
            tags = _tags(distribution, answer.headers)
            kept = Entry(OK, answer.headers, answer.body, answer.size, now, now + seconds, tags)
            self._keep(way.name, kept, began)
        return answer

    def _keep(self, name: Name, entry: Entry, began: int) -> None:
        missed = any(
            distribution == name.distribution and covers(items, name.path, entry.tags)
            for number, distribution, items in self._purges
            if number > began
        )
        if not missed or self._readings.keeps_in_flight:
            self.cache.put(name, entry)

    def _way(self, distribution: Distribution, request: Request) -> _Way:
        if distribution.not_modelled:
            raise NotModelledError(distribution.not_modelled)
        path = request.path
        # "/" alone, never a directory's, gets the default root object [DefaultRootObject].
        root = f"/{distribution.root}"
        uri = root if path == "/" else path
        behavior = self._behavior(distribution, uri if self._readings.root_first else path)
        if behavior.not_modelled:
            raise NotModelledError(behavior.not_modelled)
        if behavior.viewer_request is not None:
            # The rewritten URI is what is cached by (aws-behaviour.md, "Distributions").
            uri = behavior.viewer_request(uri)
            path = uri
        elif path == "/" and not self._readings.root_cached_as_slash:
            path = root
        if behavior.origin_request is not None:
            uri = behavior.origin_request(uri)
        query = behavior.policy.query(request.query)
        name = self._named(path) + (f"?{query}" if query else "")
        variant = behavior.policy.variant(request.headers)
        return _Way(Name(distribution.id, name, behavior.pattern, variant), behavior, uri)

    def _behavior(self, distribution: Distribution, path: str) -> Behavior:
        if len(distribution.behaviors) == 1:
            return distribution.behaviors[0]
        seen = decode(path) if self._readings.matches_decoded else path
        if self._readings.normalizes:
            seen = normalize(seen)
        for behavior in distribution.behaviors[:-1]:
            if fits("/" + behavior.pattern.removeprefix("/"), seen):
                return behavior
        return distribution.behaviors[-1]

    def _named(self, path: str) -> str:
        readings = self._readings
        if readings.one_space and readings.plus_is_space:
            return path.replace("+", "%20")
        return path.replace("%2B", "+") if readings.one_plus and not readings.plus_is_space else path


def _refused(distribution: Distribution, behavior: Behavior, method: str) -> Response | None:
    if distribution.refused:
        return _error(FORBIDDEN, distribution.refused)
    if method not in behavior.methods:
        return _error(FORBIDDEN, "This distribution is not configured to allow the HTTP request method.")
    if method not in {"GET", "HEAD"}:
        return _error(NOT_IMPLEMENTED, f"not modelled: {method}")
    return None


def _error(status: int, text: str) -> Response:
    return Response(status, {"content-type": "text/plain"}, f"{text}\n".encode(), ERROR)


def _response(entry: Entry, x_cache: str, age: float | None) -> Response:
    shown = ERROR if entry.status >= FIRST_ERROR else x_cache
    return Response(entry.status, entry.headers, entry.body, shown, age)


def _tags(distribution: Distribution, headers: Mapping[str, str]) -> frozenset[str]:
    if not distribution.tag_header:
        return frozenset()
    listed = headers.get(distribution.tag_header, "").split(",")
    return frozenset(tag.strip() for tag in listed if tag.strip())
