"""What the smoke looks at: is a changed object fresh at the edge, and how does CloudFront read a path?"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from infra.smoke.resources import ERROR_PAGE, Made, SmokeError
from infra.smoke.viewer import Seen, Viewer

# The key of each page, and the URLs that viewers ask for it. S3 reads + in a URL as a space.
PAGES = {
    "index.html": ("/", "/index.html"),
    "sp ace.html": ("/sp%20ace.html", "/sp+ace.html"),
    "pl+us.html": ("/pl%2Bus.html",),
    "docs/page.html": ("/docs/page.html?utm=x",),
}
# What AWS leaves open (infra/aws-behaviour.md): question, key, path sent, URL cached. Each costs a path. The first is
# the control: where the answer to it is no, the others say nothing.
QUESTIONS = (
    ("Does a path purge its URL?", "q0.html", "/q0.html", "/q0.html"),
    ("Does + purge the URL with %20?", "q1 a.html", "/q1+a.html", "/q1%20a.html"),
    ("Does %20 purge the URL with +?", "q2 a.html", "/q2%20a.html", "/q2+a.html"),
    ("Does + purge the URL with %2B?", "q3+a.html", "/q3+a.html", "/q3%2Ba.html"),
    ("Does an error page's path purge what it answered for?", ERROR_PAGE, f"/{ERROR_PAGE}", "/absent.html"),
)
_KEEP = "public, max-age=86400"
_POLL_SECONDS = 0.5
_ERROR = 400
# Five times what AWS says of most invalidations, and the product's own seconds.
FRESH_SECONDS = 180.0
# An object that is not purged stays as it is: seen after this long past the invalidation's end, it was not purged.
SETTLED_SECONDS = 10.0
CONNECTED_SECONDS = 600.0
_WRITE_AGAIN_SECONDS = 15.0


@dataclass(frozen=True)
class Fresh:
    """A URL that became new.

    Attributes:
        url: path as it was asked for.
        seconds: from the end of the upload until a viewer saw the new object.
    """

    url: str
    seconds: float


@dataclass(frozen=True)
class Reading:
    """What CloudFront made of one invalidation path, sent by hand.

    Attributes:
        question: in words.
        path: as it was sent.
        url: what had been cached, and was asked for again.
        purged: whether it was new afterwards.
    """

    question: str
    path: str
    url: str
    purged: bool


class Chain:
    """A site's objects, as its owner writes and its viewers see them."""

    def __init__(
        self,
        s3: Any,
        cloudfront: Any,
        made: Made,
        viewer: Viewer,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take the clients, the site, the viewer, and how to tell the time (seconds) and wait."""
        self._s3, self._cloudfront, self._made, self._viewer = s3, cloudfront, made, viewer
        self._clock, self._pause = clock, pause

    def write(self, keys: Sequence[str], body: str) -> None:
        """Write objects that edges may keep for a day."""
        for key in keys:
            self._s3.put_object(
                Bucket=self._made.name,
                Key=key,
                Body=body.encode(),
                ContentType="text/html",
                CacheControl=_KEEP,
            )

    def warm(self, urls: Sequence[str], body: str) -> None:
        """Fetch each URL until an edge answers it from its cache with this body.

        Of an error page nobody can tell whether a cache answered: its X-Cache says "Error from cloudfront".

        Raises:
            SmokeError: an edge does not answer so in three minutes.
        """
        for url in urls:
            self._until(
                url,
                lambda seen: seen.body == body.encode() and (seen.cached or seen.status >= _ERROR),
                "from a cache",
            )

    def fresh(self, urls: Sequence[str], body: str) -> list[Fresh]:
        """Fetch all URLs in turn until each shows the new body; return when each did.

        Raises:
            SmokeError: one stays as it was for three minutes; the text names it.
        """
        began = self._clock()
        waiting, done = list(urls), []
        while waiting:
            for url in list(waiting):
                if self._get(url).body == body.encode():
                    waiting.remove(url)
                    done.append(Fresh(url, self._clock() - began))
            if waiting and self._clock() - began > FRESH_SECONDS:
                raise SmokeError(f"still as it was after {FRESH_SECONDS:.0f} s: {', '.join(waiting)}")
            if waiting:
                self._pause(_POLL_SECONDS)
        return done

    def connected(self) -> None:
        """Write an object again and again until the product invalidates it.

        S3 may take minutes to heed a new notification.

        Raises:
            SmokeError: nothing is invalidated in ten minutes.
        """
        before, began, written = self._invalidations(), self._clock(), float("-inf")
        while self._invalidations() <= before:
            waited = self._clock() - began
            if waited > CONNECTED_SECONDS:
                raise SmokeError(f"the stack sent no invalidation in {CONNECTED_SECONDS / 60:.0f} minutes")
            if waited - written > _WRITE_AGAIN_SECONDS:
                self.write(["connected.html"], f"after {waited:.0f} s")
                written = waited
            self._pause(_POLL_SECONDS)

    def read(self, question: str, key: str, path: str, url: str, reference: str) -> Reading:
        """Change an object, invalidate one path by hand and look whether a cached URL is new then.

        The bucket must not be connected, as the product would purge the URL, too; no edge may have seen the URL before.
        """
        old, new = f"before {reference}", f"after {reference}"
        self.write([key], old)
        self.warm([url], old)
        self.write([key], new)
        self._invalidate(path, reference)
        ended = self._clock()
        while not (purged := self._get(url).body == new.encode()):
            if self._clock() - ended > SETTLED_SECONDS:
                break
            self._pause(_POLL_SECONDS)
        return Reading(question, path, url, purged)

    def _invalidations(self) -> int:
        listed = self._cloudfront.list_invalidations(DistributionId=self._made.distribution)
        return int(listed["InvalidationList"]["Quantity"])

    def _invalidate(self, path: str, reference: str) -> None:
        """Send an invalidation and wait until CloudFront calls it completed."""
        batch = {
            "Paths": {"Quantity": 1, "Items": [path]},
            "CallerReference": f"{self._made.name}-{reference}",
        }
        sent = self._cloudfront.create_invalidation(
            DistributionId=self._made.distribution, InvalidationBatch=batch
        )
        identifier, began = sent["Invalidation"]["Id"], self._clock()
        while True:
            got = self._cloudfront.get_invalidation(DistributionId=self._made.distribution, Id=identifier)
            if got["Invalidation"]["Status"] == "Completed":
                return
            if self._clock() - began > FRESH_SECONDS:
                raise SmokeError(f"invalidation {identifier} is not completed after {FRESH_SECONDS:.0f} s")
            self._pause(_POLL_SECONDS)

    def _until(self, url: str, right: Callable[[Seen], bool], what: str) -> None:
        began = self._clock()
        while not right(seen := self._get(url)):
            if self._clock() - began > FRESH_SECONDS:
                raise SmokeError(f"{url} does not come {what}: status {seen.status}, {seen.body[:80]!r}")
            self._pause(_POLL_SECONDS)

    def _get(self, url: str) -> Seen:
        return self._viewer.get(self._made.host, url)
