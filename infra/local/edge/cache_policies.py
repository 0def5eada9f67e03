"""Cache policies: what is part of an object's name in the cache, and how long it stays [controlling-the-cache-key]."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from infra.local.edge.documents import one_of, seconds

YEAR = 31_536_000.0
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which of a request's query strings, headers or cookies count: all, or the named ones, or all but these.

    Attributes:
        everything: whether those that are not named count.
        names: in lower case for headers.
    """

    everything: bool = False
    names: frozenset[str] = frozenset()

    def holds(self, name: str) -> bool:
        """Tell whether one counts."""
        return (name in self.names) is not self.everything

    @property
    def none(self) -> bool:
        """Whether nothing counts."""
        return not self.everything and not self.names


NONE, ALL = Chosen(), Chosen(everything=True)


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """What a behavior caches by, and for how long, in seconds.

    Attributes:
        encodings: those of Accept-Encoding that belong to the key, best first.
    """

    min_ttl: float = 0.0
    default_ttl: float = DAY
    max_ttl: float = YEAR
    query_strings: Chosen = NONE
    headers: Chosen = NONE
    cookies: Chosen = NONE
    encodings: tuple[str, ...] = ()

    @property
    def keeps(self) -> bool:
        """Whether anything is cached at all: with all three TTLs 0 nothing is [using-managed-cache-policies]."""
        return self.max_ttl > 0

    def query(self, query: str) -> str:
        """Return the part of a query string that belongs to the key, as it was typed."""
        chosen = self.query_strings
        if not query or chosen.none:
            return ""
        if chosen == ALL:
            return query
        parts = [part for part in query.split("&") if chosen.holds(unquote_plus(part.partition("=")[0]))]
        return "&".join(parts)

    def variant(self, headers: Mapping[str, str]) -> tuple[str, ...]:
        """Return what of a request's headers tells cached objects of one name apart.

        An invalidation by path removes all of them [invalidation-specifying-objects, "Forwarding cookies",
        "Forwarding headers"].
        """
        if not headers and not self.headers.names:
            return ()
        accepted = headers.get("accept-encoding", "")
        told = [name for name in self.encodings if name in accepted][:1]
        told += [f"{name}={headers.get(name, '')}" for name in sorted(self.headers.names)]
        if not self.cookies.none:
            crumbs = [crumb.strip() for crumb in headers.get("cookie", "").split(";") if crumb.strip()]
            told += sorted(crumb for crumb in crumbs if self.cookies.holds(crumb.partition("=")[0]))
        return tuple(told)


_COMPRESSED = ("br", "gzip")
# From the guide's page using-managed-cache-policies.
MANAGED: Mapping[str, CachePolicy] = {
    "658327ea-f89d-4fab-a63d-7e88639e58f6": CachePolicy(1.0, encodings=_COMPRESSED),  # CachingOptimized
    "b2884449-e4de-46a7-ac36-70bc7f1ddd6d": CachePolicy(1.0),  # CachingOptimizedForUncompressedObjects
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": CachePolicy(0.0, 0.0, 0.0),  # CachingDisabled
    # UseOriginCacheControlHeaders, and the same with -QueryStrings
    "83da9c7e-98b4-4e11-a168-04f0df8e2c65": CachePolicy(
        0.0, 0.0, cookies=ALL, headers=Chosen(names=frozenset({"host", "origin"})), encodings=_COMPRESSED
    ),
    "4cc15a8a-d715-48a4-82b8-cc0b614638fe": CachePolicy(
        0.0,
        0.0,
        query_strings=ALL,
        cookies=ALL,
        headers=Chosen(names=frozenset({"host", "origin"})),
        encodings=_COMPRESSED,
    ),
}


def read_cache_policy(config: Mapping[str, Any]) -> CachePolicy:
    """Read a CachePolicyConfig as the SDK gives it; TTLs that are left out have CloudFront's defaults.

    Raises one of `MALFORMED` for what is not known.
    """
    key = config.get("ParametersInCacheKeyAndForwardedToOrigin") or {}
    minimum = seconds(config, "MinTTL")
    encodings = [
        name
        for name, switch in (("br", "EnableAcceptEncodingBrotli"), ("gzip", "EnableAcceptEncodingGzip"))
        if key.get(switch)
    ]
    headers = key.get("HeadersConfig") or {}
    # Of headers there is neither "all" nor "allExcept" [CachePolicyHeadersConfig].
    one_of(headers, "HeaderBehavior", {"none", "whitelist"}, "none")
    return CachePolicy(
        minimum,
        seconds(config, "DefaultTTL", max(minimum, DAY)),
        seconds(config, "MaxTTL", max(minimum, YEAR)),
        query_strings=_chosen(key.get("QueryStringsConfig"), "QueryStringBehavior", "QueryStrings"),
        headers=_lower(_chosen(headers, "HeaderBehavior", "Headers")),
        cookies=_chosen(key.get("CookiesConfig"), "CookieBehavior", "Cookies"),
        encodings=tuple(encodings),
    )


def read_forwarded_values(behavior: Mapping[str, Any]) -> CachePolicy:
    """Read a behavior's legacy cache settings: ForwardedValues, MinTTL, DefaultTTL, MaxTTL.

    Raises one of `MALFORMED` for what is not known.
    """
    values = behavior["ForwardedValues"]
    keys = (values.get("QueryStringCacheKeys") or {}).get("Items") or []
    cookies = values.get("Cookies") or {}
    headers = (values.get("Headers") or {}).get("Items") or []
    query_strings = NONE
    if values.get("QueryString"):
        query_strings = Chosen(names=frozenset(keys)) if keys else ALL
    forwarded = {
        "none": NONE,
        "all": ALL,
        "whitelist": Chosen(names=frozenset((cookies.get("WhitelistedNames") or {}).get("Items") or [])),
    }
    minimum = seconds(behavior, "MinTTL", 0)
    maximum = seconds(behavior, "MaxTTL", max(minimum, YEAR))
    return CachePolicy(
        minimum,
        seconds(behavior, "DefaultTTL", max(minimum, DAY)),
        # "*" forwards all headers: nothing is cached then [DownloadDistValuesCacheBehavior].
        0.0 if "*" in headers else maximum,
        query_strings=query_strings,
        headers=Chosen(names=frozenset(name.lower() for name in headers)),
        cookies=forwarded[one_of(cookies, "Forward", forwarded, "none")],
    )


def _chosen(config: Mapping[str, Any] | None, behavior: str, names: str) -> Chosen:
    config = config or {}
    items = frozenset((config.get(names) or {}).get("Items") or [])
    kinds = {
        "none": NONE,
        "whitelist": Chosen(names=items),
        "all": ALL,
        "allExcept": Chosen(everything=True, names=items),
    }
    return kinds[one_of(config, behavior, kinds, "none")]


def _lower(chosen: Chosen) -> Chosen:
    return Chosen(chosen.everything, frozenset(name.lower() for name in chosen.names))
