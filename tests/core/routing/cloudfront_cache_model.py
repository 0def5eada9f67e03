"""A small model of CloudFront in front of S3: viewer URL → behavior → origin → key → cached answer.

Written from the rules (aws-behaviour.md, the AWS guide) and from nothing of ours: it reads the distribution's
JSON by itself, has its own pattern matcher and its own decoder. What the rules leave open is a `World`;
whoever uses the model tries them all. It does not cache by over-encoded URLs (`%2C` for `,`): by the guide
those name nothing of their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Answer = tuple[str, ...]
SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!$&'()*+,-./:;=@_")
INDEX = "index.html"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


@dataclass(frozen=True)
class World:
    """The answers to what AWS does not say."""

    matches_decoded: bool = False
    """Path patterns are held against the decoded path."""
    normalizes: bool = False
    """Slashes are merged and dot segments resolved before patterns are matched."""
    root_first: bool = False
    """The default root object is put in before the behavior is chosen."""
    root_cached_as_slash: bool = True
    """What "/" answers is cached as "/", not under the root object's name."""
    plus_is_space: bool = True
    """S3 reads a plus in a path as a space."""
    one_space: bool = False
    """`+` and `%20` are one cached object; only where S3 agrees that they name one."""
    strips: bool = False
    """Viewer-request functions strip the first segment; otherwise they put index documents in."""
    appends: bool = False
    """Functions append `.html` to a page's clean URL, or know the page of its dynamic route; else see `strips`."""
    one_plus: bool = False
    """`+` and `%2B` are one cached object; only where S3 agrees that they name one."""


@dataclass
class Edge:
    """One distribution's cache. `bucket` is the bucket's objects: key → version."""

    document: dict[str, Any]
    by_query: dict[str, bool]
    bucket: dict[str, int]
    world: World = World()
    cached: dict[tuple[str, str], Answer] = field(default_factory=dict)
    """By name, which a purge goes by, and behavior: two that rewrite to one name do not share an object."""

    lasting: dict[tuple[str, str], int] = field(default_factory=dict)
    """How many seconds each custom error page is kept under the name that failed."""

    @property
    def config(self) -> dict[str, Any]:
        return self.document["Distribution"]["DistributionConfig"]

    def get(self, url: str) -> Answer:
        """What a viewer sees."""
        name, behavior, uri = self._way(url)
        held = (name, behavior.get("PathPattern", "*"))
        if held not in self.cached:
            answer, seconds = self._answer(behavior, uri)
            if behavior.get("CachePolicyId") == CACHING_DISABLED:
                return answer
            self.cached[held] = answer
            if seconds is not None:
                self.lasting[held] = seconds
        return self.cached[held]

    def wait(self, seconds: int) -> None:
        """Let time pass: error pages that are kept no longer go; anything else is kept for ever."""
        for held in [held for held, kept in self.lasting.items() if kept <= seconds]:
            self.cached.pop(held, None)

    def asks_bucket(self, url: str) -> bool:
        """Whether an origin of the bucket may answer; of others' paths, even error pages are not ours to purge."""
        _, behavior, _ = self._way(url)
        return any(host.startswith("b.s3") for host in self._hosts(behavior))

    def fresh(self, url: str) -> Answer:
        """What a viewer would see if nothing were cached."""
        _, behavior, uri = self._way(url)
        return self._answer(behavior, uri)[0]

    def purge(self, path: str) -> list[str]:
        """What one item of an invalidation removes: the names of the cached objects.

        Raises:
            ValueError: CloudFront would answer InvalidArgument to the whole request.
        """
        self._refuse(path)
        # `~` is unsupported: such a path is accepted at most, and removes nothing.
        gone = [
            held
            for held in self.cached
            if (
                held[0].startswith(self._name(path[:-1]))
                if path.endswith("*")
                else held[0] == self._name(path) and "~" not in decode(held[0])
            )
        ]
        for held in gone:
            del self.cached[held]
            self.lasting.pop(held, None)
        return [name for name, _ in gone]

    def _name(self, url: str) -> str:
        if self.world.one_space and self.world.plus_is_space:
            return url.replace("+", "%20")
        return url.replace("%2B", "+") if self.world.one_plus and not self.world.plus_is_space else url

    def _refuse(self, path: str) -> None:
        if not path.startswith("/") or len(path) > 4000:
            raise ValueError(f"no path: {path[:50]}")
        stem, _, query = path.partition("?")
        if any(byte not in SAFE and byte != ord("%") for byte in stem.encode("ascii")) or query not in {
            "",
            "*",
        }:
            raise ValueError(f"unsafe characters: {path[:50]}")
        if path.removesuffix("*")[-2:].startswith("%") and len(path.removesuffix("*")[-2:]) > 1:
            raise ValueError(f"half an escape: {path[-10:]}")

    def _way(self, url: str) -> tuple[str, dict[str, Any], str]:
        """The cached object's name, the behavior, and the path that goes to the origin."""
        path, _, query = url.partition("?")
        root = "/" + self.config["DefaultRootObject"]
        uri = root if path == "/" else path
        behavior = self._behavior(uri if self.world.root_first else path)
        if self._has(behavior, "viewer-request"):
            uri = self._rewritten(uri)
            path = uri
        elif path == "/" and not self.world.root_cached_as_slash:
            path = root
        if self._has(behavior, "origin-request"):
            uri = self._page(uri)
        name = self._name(path) + (f"?{query}" if query and self._keyed(behavior) else "")
        return name, behavior, uri

    def _behavior(self, path: str) -> dict[str, Any]:
        seen = decode(path) if self.world.matches_decoded else path
        if self.world.normalizes:
            seen = normalize(seen)
        for behavior in self.config["CacheBehaviors"].get("Items", []):
            if fits("/" + behavior["PathPattern"].removeprefix("/"), seen):
                return behavior
        return self.config["DefaultCacheBehavior"]

    def _has(self, behavior: dict[str, Any], event: str) -> bool:
        return any(
            one["EventType"] == event
            for kind in ("FunctionAssociations", "LambdaFunctionAssociations")
            for one in behavior.get(kind, {}).get("Items", [])
        )

    def _rewritten(self, uri: str) -> str:
        if not self.world.strips:
            return self._page(uri)
        rest = uri[1:].partition("/")[2]
        return f"/{rest}" if rest or uri.endswith("/") else uri

    def _page(self, uri: str) -> str:
        folder, _, name = uri.rpartition("/")
        if not self.world.appends or not name or "." in name or name == "index":
            return with_index(uri)
        route = f"{folder}/[slug].html"
        keys = {f"{one['OriginPath']}{decode(route)}"[1:] for one in self.config["Origins"]["Items"]}
        known = {f"{one['OriginPath']}{decode(uri)}.html"[1:] for one in self.config["Origins"]["Items"]}
        return route if keys & self.bucket.keys() and not known & self.bucket.keys() else f"{uri}.html"

    def _keyed(self, behavior: dict[str, Any]) -> bool:
        if behavior.get("CachePolicyId"):
            return self.by_query[behavior["CachePolicyId"]]
        return behavior["ForwardedValues"]["QueryString"]

    def _hosts(self, behavior: dict[str, Any]) -> list[str]:
        target = behavior["TargetOriginId"]
        members = [
            member["OriginId"]
            for group in self.config["OriginGroups"].get("Items", [])
            if group["Id"] == target
            for member in group["Members"]["Items"]
        ]
        return [
            one["DomainName"] for one in self.config["Origins"]["Items"] if one["Id"] in (members or [target])
        ]

    def _answer(self, behavior: dict[str, Any], uri: str) -> tuple[Answer, int | None]:
        """What the origin answers, or the custom error page in its place and how long that is kept."""
        answer = self._fetch(behavior, uri)
        for custom in self.config.get("CustomErrorResponses", {}).get("Items", []):
            if answer == (str(custom["ErrorCode"]),) and custom["ResponsePagePath"]:
                _, shown, page = self._way(custom["ResponsePagePath"])
                return ("page", *self._fetch(shown, page)), custom["ErrorCachingMinTTL"]
        return answer, None

    def _fetch(self, behavior: dict[str, Any], uri: str) -> Answer:
        target = behavior["TargetOriginId"]
        groups = {
            group["Id"]: [member["OriginId"] for member in group["Members"]["Items"]]
            for group in self.config["OriginGroups"].get("Items", [])
        }
        answer: Answer = ("404",)
        for name in groups.get(target, [target]):
            origin = next(one for one in self.config["Origins"]["Items"] if one["Id"] == name)
            answer = self._ask(origin, uri)
            if answer != ("404",):
                return answer
        return answer

    def _ask(self, origin: dict[str, Any], uri: str) -> Answer:
        host, path = origin["DomainName"], origin["OriginPath"] + uri
        if not host.startswith("b.s3"):
            return ("elsewhere", host) if "elb" in host else ("404",)
        key = decode(path.replace("+", "%20") if self.world.plus_is_space else path)[1:]
        if "s3-website" in host:
            if key.endswith("/") or not key:
                key += INDEX
            elif key not in self.bucket and f"{key}/{INDEX}" in self.bucket:
                return ("302", f"/{key}/")
        return ("200", key, str(self.bucket[key])) if key in self.bucket else ("404",)


def encodings(path: str) -> Iterator[str]:
    """Every way a viewer may type a path: spaces as %20 or +, a plus raw or as %2B, a tilde raw or not."""
    raw = path.encode("utf-8", "surrogateescape")
    canonical = "".join(chr(byte) if byte in SAFE else f"%{byte:02X}" for byte in raw)
    yield canonical
    if " " in path:
        yield canonical.replace("%20", "+")
    if "+" in path:
        yield canonical.replace("+", "%2B")
        yield canonical.replace("+", "%2B").replace("%20", "+")
    if "~" in path:
        yield canonical.replace("%7E", "~")


def decode(path: str) -> str:
    """Percent-decode."""
    first, *rest = path.split("%")
    raw = first.encode() + b"".join(bytes([int(part[:2], 16)]) + part[2:].encode() for part in rest)
    return raw.decode("utf-8", "surrogateescape")


def normalize(path: str) -> str:
    """RFC 3986 §5.2.4, with slashes merged."""
    while "//" in path:
        path = path.replace("//", "/")
    out = ""
    while path:
        if path.startswith("/../") or path == "/..":
            path = "/" + path[4:]
            out = out.rpartition("/")[0]
        elif path.startswith("/./") or path == "/.":
            path = "/" + path[3:]
        else:
            end = path.find("/", 1)
            end = len(path) if end < 0 else end
            out, path = out + path[:end], path[end:]
    return out


def with_index(uri: str) -> str:
    """The rewrite that AWS's own example function makes: an index document for directories."""
    if uri.endswith("/"):
        return uri + INDEX
    return uri if "." in uri.rpartition("/")[2] else f"{uri}/{INDEX}"


def fits(pattern: str, path: str) -> bool:
    """Whether a path pattern matches: all the places in the pattern, one character of the path at a time."""
    states = {0}
    for character in path:
        states = _after_stars(pattern, states)
        states = {
            state if pattern[state] == "*" else state + 1
            for state in states
            if state < len(pattern) and pattern[state] in {"*", "?", character}
        }
    return len(pattern) in _after_stars(pattern, states)


def _after_stars(pattern: str, states: set[int]) -> set[int]:
    reached = set(states)
    for state in states:
        at = state
        while at < len(pattern) and pattern[at] == "*":
            at += 1
            reached.add(at)
    return reached
