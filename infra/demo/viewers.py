"""Viewers of the demo's site: they fetch it at every edge location, before an update, while it is under way, and after.

What a viewer gets is compared with the files themselves, so nothing that the worker says counts here.
"""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.client import HTTPConnection
from itertools import product
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self
from urllib.parse import quote

from infra.local.edge_server.server import LOCATION_HEADER, EdgeServer

VIEWERS_AT_ONCE = 6
# Until then every viewer has what is new: CloudFront's 25 s, and what the worker may take (infra.demo.watched).
MOST_SECONDS = 60.0
_PAUSE_SECONDS = 0.1
_GONE = 404

# What a URL answers: the digest of its body, None where nothing is there.
Pages = Mapping[str, str | None]


class ViewerError(Exception):
    """A viewer did not see what is there; the text says which."""


def pages(tree: Path, keys: Iterable[str]) -> dict[str, str | None]:
    """Return the URL path and the digest of each file of a tree."""
    return {_path(key): sha256((tree / key).read_bytes()).hexdigest() for key in keys}


def gone(keys: Iterable[str]) -> dict[str, str | None]:
    """Return the URL paths of objects that are not there any more."""
    return dict.fromkeys(map(_path, keys))


@dataclass(slots=True)
class Watch:
    """One update, as viewers see it at every location.

    Attributes:
        changed: what URLs answer once it is through.
        unchanged: what others answer all the while.
        new: (location, path) → when a viewer first had the new answer there, epoch seconds.
        hits: answers from the cache among those of unchanged pages.
        views: all of them.
        wrong: unchanged pages that were answered with something else.
    """

    changed: Pages
    unchanged: Pages
    new: dict[tuple[str, str], float] = field(default_factory=dict)
    hits: int = 0
    views: int = 0
    wrong: list[str] = field(default_factory=list)

    def told(self, uploaded: float) -> str:
        """Return what was seen, in a sentence. `uploaded` is when the last object was written, epoch seconds."""
        last = max(0.0, max(self.new.values()) - uploaded)
        return (
            f"{len(self.changed):,} pages changed, the last viewer saw the new one {last:.1f} s after the upload; "
            f"{len(self.unchanged):,} unchanged pages were served all the while, {self.hits:,} of {self.views:,} times "
            f"from the cache (hit ratio {100 * self.hits / self.views:.0f} %)"
        )


class Viewers:
    """Viewers of one distribution at all locations of the edge; they leave when the block is left."""

    def __init__(self, edge: EdgeServer, distribution: str) -> None:
        self._edge = edge
        self._host = f"{distribution}.localhost"
        self._connections: SimpleQueue[HTTPConnection] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while not self._connections.empty():
            self._connections.get().close()

    def warm(self, site: Pages) -> int:
        """Fetch every page at every location, as visitors do in time; return how many fetches that were.

        Raises ViewerError where one is not what lies in S3.
        """
        places = list(product(self._edge.edge.locations, site))
        with self._pool() as pool:
            seen = pool.map(lambda place: (place, self._fetch(*place)[0]), places)
            for (location, path), digest in seen:
                if digest != site[path]:
                    raise ViewerError(f"{path} at {location} is not what lies in S3")
        return len(places)

    @contextmanager
    def watching(self, changed: Pages, unchanged: Pages) -> Iterator[Watch]:
        """Fetch all the while the block runs, and then until every changed page is new at every location.

        Raises ViewerError where one does not become new, or an unchanged one is answered with something else.
        """
        watch = Watch(changed, unchanged)
        ended = threading.Event()
        with ThreadPoolExecutor(1) as watcher:
            looking = watcher.submit(self._look, watch, ended)
            try:
                yield watch
            finally:
                ended.set()
            looking.result()

    def _look(self, watch: Watch, ended: threading.Event) -> None:
        places = list(product(self._edge.edge.locations, watch.changed))
        others = list(product(self._edge.edge.locations, watch.unchanged))
        until = float("inf")
        with self._pool() as pool:
            while len(watch.new) < len(places):
                if ended.is_set() and until == float("inf"):
                    until = time.monotonic() + MOST_SECONDS
                if time.monotonic() > until:
                    location, path = next(each for each in places if each not in watch.new)
                    raise ViewerError(f"{path} at {location} is still the old one")
                old = [place for place in places if place not in watch.new]
                for place, (digest, _) in zip(
                    old, pool.map(lambda each: self._fetch(*each), old), strict=True
                ):
                    if digest == watch.changed[place[1]]:
                        watch.new[place] = time.time()
                self._look_at_others(watch, others[: len(others) // 10], pool)
                others = others[len(others) // 10 :] + others[: len(others) // 10]
                ended.wait(_PAUSE_SECONDS)
            ended.wait()
            self._look_at_others(watch, others, pool)
            for place, (digest, _) in zip(
                places, pool.map(lambda each: self._fetch(*each), places), strict=True
            ):
                if digest != watch.changed[place[1]]:
                    raise ViewerError(f"{place[1]} at {place[0]} was new, and then the old one again")
        if watch.wrong:
            raise ViewerError(f"{watch.wrong[0]} did not change, and a viewer got something else")

    def _look_at_others(self, watch: Watch, places: list[tuple[str, str]], pool: ThreadPoolExecutor) -> None:
        for place, (digest, hit) in zip(
            places, pool.map(lambda each: self._fetch(*each), places), strict=True
        ):
            watch.views += 1
            watch.hits += hit
            if digest != watch.unchanged[place[1]]:
                watch.wrong.append(place[1])

    def _fetch(self, location: str, path: str) -> tuple[str | None, bool]:
        """Return the digest of what a viewer gets, and whether it came from the cache."""
        try:
            connection = self._connections.get_nowait()
        except Empty:
            connection = HTTPConnection("127.0.0.1", self._edge.port, timeout=30)
        connection.request("GET", path, headers={"Host": self._host, LOCATION_HEADER: location})
        answer = connection.getresponse()
        body = answer.read()
        self._connections.put(connection)
        hit = answer.headers["X-Cache"].startswith("Hit")
        return (None if answer.status == _GONE else sha256(body).hexdigest()), hit

    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(VIEWERS_AT_ONCE)


def _path(key: str) -> str:
    return "/" + quote(key, safe="/!$&'()*+,-.:;=@_")
