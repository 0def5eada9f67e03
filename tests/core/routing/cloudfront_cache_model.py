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


@dataclass
class Edge:
    """One distribution's cache. `bucket` is the bucket's objects: key → version."""

    document: dict[str, Any]
    by_query: dict[str, bool]
    bucket: dict[str, int]
    world: World = World()
    cached: dict[tuple[str, str], Answer] = field(default_factory=dict)
    """By name, which a purge goes by, and behavior: two that rewrite to one name do not share an object."""

    @property
    def config(self) -> dict[str, Any]:
        return self.document["Distribution"]["DistributionConfig"]

    def get(self, url: str) -> Answer:
        """What a viewer sees."""
        name, behavior, uri = self._way(url)
        held = (name, behavior.get("PathPattern", "*"))
        if held not in self.cached:
            self.cached[held] = self._fetch(behavior, uri)
        return self.cached[held]

    def fresh(self, url: str) -> Answer:
        """What a viewer would see if nothing were cached."""
        _, behavior, uri = self._way(url)
        return self._fetch(behavior, uri)

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
        return [name for name, _ in gone]

    def _name(self, url: str) -> str:
        return url.replace("+", "%20") if self.world.one_space and self.world.plus_is_space else url

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
            uri = with_index(uri)
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
            return with_index(uri)
        rest = uri[1:].partition("/")[2]
        return f"/{rest}" if rest or uri.endswith("/") else uri

    def _keyed(self, behavior: dict[str, Any]) -> bool:
        if behavior.get("CachePolicyId"):
            return self.by_query[behavior["CachePolicyId"]]
        return behavior["ForwardedValues"]["QueryString"]

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
    """Every way a viewer may type a path: spaces as %20 or +, a tilde raw or not."""
    raw = path.encode("utf-8", "surrogateescape")
    canonical = "".join(chr(byte) if byte in SAFE else f"%{byte:02X}" for byte in raw)
    yield canonical
    if " " in path:
        yield canonical.replace("%20", "+")
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
