"""The edge of `infra.local`, as the routing's tests use it: one location, one distribution, the bucket `b`.

An object is a number, its version. What AWS leaves open is a `World`; whoever uses the model tries them all.
"""

from dataclasses import dataclass, field
from typing import Any

from infra.local.edge.cache_policies import DAY, MANAGED, NONE, CachePolicy, Chosen
from infra.local.edge.distributions import Distribution, read_distribution
from infra.local.edge.location import Location, Request, Response, Steps
from infra.local.edge.origins import (
    AskElsewhere,
    GetObject,
    GetWebsite,
    OriginAnswer,
    Question,
    Stored,
    Told,
    Website,
)
from infra.local.edge.path_patterns import fits
from infra.local.edge.readings import Readings
from infra.local.edge.rewrites import Rewrite, with_index, without_first_segment
from infra.local.edge.urls import decode, encodings

__all__ = ["Answer", "Edge", "World", "decode", "encodings", "fits"]

Answer = tuple[Any, ...]
ALL_QUERY_STRINGS = CachePolicy(query_strings=Chosen(everything=True))


@dataclass(frozen=True)
class World:
    """The answers to what AWS does not say, and what the functions at the edge do."""

    matches_decoded: bool = False
    normalizes: bool = False
    root_first: bool = False
    root_cached_as_slash: bool = True
    plus_is_space: bool = True
    one_space: bool = False
    strips: bool = False
    """Functions strip the first segment on the viewer's request; otherwise they put index documents in."""
    appends: bool = False
    """Functions append `.html` to a page's clean URL, or know the page of its dynamic route; else see `strips`."""
    one_plus: bool = False

    @property
    def readings(self) -> Readings:
        return Readings(
            matches_decoded=self.matches_decoded,
            normalizes=self.normalizes,
            root_first=self.root_first,
            root_cached_as_slash=self.root_cached_as_slash,
            plus_is_space=self.plus_is_space,
            one_space=self.one_space,
            one_plus=self.one_plus,
        )


@dataclass
class Edge:
    """One distribution at one location. `bucket` is the bucket's objects: key → version."""

    document: dict[str, Any]
    by_query: dict[str, bool]
    bucket: dict[str, int]
    world: World = World()
    now: float = 0.0
    _read: tuple[dict[str, Any], Distribution] | None = None
    _location: Location = field(init=False)

    def __post_init__(self) -> None:
        self._location = Location("FRA56", lambda: self.now, self.world.readings)

    @property
    def config(self) -> dict[str, Any]:
        return self.document["Distribution"]["DistributionConfig"]

    @property
    def distribution(self) -> Distribution:
        """As the document says now; tests put another in its place, and never change it."""
        if self._read is None or self._read[0] is not self.document:
            policies = {
                name: ALL_QUERY_STRINGS if query else CachePolicy()
                for name, query in self.by_query.items()
                if name not in MANAGED or MANAGED[name].keeps
            }
            config = self.config | {"ConnectionMode": "direct"}
            # A plain error is kept for as long as an object: that makes it harder for us than AWS's ten seconds.
            configured = {one["ErrorCode"] for one in config.get("CustomErrorResponses", {}).get("Items", [])}
            plain = [
                {"ErrorCode": code, "ErrorCachingMinTTL": DAY}
                for code in (403, 404)
                if code not in configured
            ]
            pages = [*config.get("CustomErrorResponses", {}).get("Items", []), *plain]
            config["CustomErrorResponses"] = {"Quantity": len(pages), "Items": pages}
            read = read_distribution("E1", "", config, policies, self._rewrite)
            self._read = self.document, read
        return self._read[1]

    def get(self, url: str) -> Answer:
        """What a viewer sees."""
        begun = self._location.begin(self.distribution, _request(url))
        return _seen(begun if isinstance(begun, Response) else self._drive(begun.steps))

    def fresh(self, url: str) -> Answer:
        """What a viewer would see if nothing were cached."""
        return _seen(self._drive(self._location.fresh(self.distribution, _request(url))))

    def wait(self, seconds: float) -> None:
        """Let time pass: error pages that are kept no longer go; anything else is kept for a day."""
        self.now += seconds

    def asks_bucket(self, url: str) -> bool:
        """Whether an origin of the bucket may answer; of others' paths, even error pages are not ours to purge."""
        behavior = self._location.asks(self.distribution, _request(url))
        return any(each.host.startswith("b.s3") for each in behavior.origins)

    def keyed(self) -> bool:
        """Whether a behavior caches by query string."""
        return any(each.policy.query_strings != NONE for each in self.distribution.behaviors)

    def purge(self, path: str) -> list[str]:
        """What one item of an invalidation removes: the names of the cached objects.

        Raises:
            ValueError: CloudFront would answer InvalidArgument to the whole request.
        """
        _refuse(path)
        return self._location.purge("E1", [path])

    def _rewrite(self, event: str, arn: str) -> Rewrite | None:
        if self.world.strips and event == "viewer-request":
            return without_first_segment
        return self._page

    def _page(self, uri: str) -> str:
        folder, _, name = uri.rpartition("/")
        if not self.world.appends or not name or "." in name or name == "index":
            return with_index(uri)
        folders = [one["OriginPath"] for one in self.config["Origins"]["Items"]]
        route = f"{folder}/[slug].html"
        routes = {f"{one}{decode(route)}"[1:] for one in folders}
        known = {f"{one}{decode(uri)}.html"[1:] for one in folders}
        return route if routes & self.bucket.keys() and not known & self.bucket.keys() else f"{uri}.html"

    def _drive(self, steps: Steps) -> Response:
        try:
            question = next(steps)
            while True:
                question = steps.send(self._told(question))
        except StopIteration as ended:
            return ended.value

    def _told(self, question: Question) -> Told:
        match question:
            case GetWebsite():
                return Website()
            case AskElsewhere(host=host):
                return OriginAnswer(200, ("elsewhere", host)) if "elb" in host else OriginAnswer(404)
            case GetObject(bucket="b", key=key) if key in self.bucket:
                return Stored((key, self.bucket[key]))
        return OriginAnswer(404)


def _request(url: str) -> Request:
    path, _, query = url.partition("?")
    return Request(path, query)


def _seen(response: Response) -> Answer:
    return response.status, response.body, response.headers.get("location")


def _refuse(path: str) -> None:
    if not path.startswith("/") or len(path) > 4000:
        raise ValueError(f"no path: {path[:50]}")
    stem, _, query = path.partition("?")
    unsafe = set(b' <>"#{}|\\^~[]`') | set(range(0x20)) | set(range(0x7F, 0x100))
    if any(byte in unsafe for byte in stem.encode()) or query not in {"", "*"}:
        raise ValueError(f"unsafe characters: {path[:50]}")
    if path.removesuffix("*")[-2:].startswith("%") and len(path.removesuffix("*")[-2:]) > 1:
        raise ValueError(f"half an escape: {path[-10:]}")
