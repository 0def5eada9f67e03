"""How long an edge keeps an answer [Expiration, "Managing how long content stays in the cache"; HTTPStatusCodes;
custom-error-pages-expiration].
"""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from infra.local.edge.cache_policies import CachePolicy
from infra.local.edge.readings import Readings

# [HTTPStatusCodes, "status codes that CloudFront always caches"; "… based on Cache-Control headers"].
ALWAYS_KEPT = frozenset({404, 414, 500, 501, 502, 503, 504})
KEPT_BY_HEADER = frozenset({400, 403, 405, 412, 415})
FIRST_ERROR = 400
# ErrorCachingMinTTL's default [custom-error-pages-expiration].
ERROR_SECONDS = 10.0


def object_seconds(policy: CachePolicy, headers: Mapping[str, str], now: float) -> float:
    """Return how long an object is kept, by the table on Expiration; 0 is not at all.

    Without a header: the default TTL. With max-age, s-maxage (which goes first) or Expires: that, between the minimum
    and the maximum TTL. With no-cache, no-store or private: the minimum TTL, which may be 0.
    """
    directives = _directives(headers)
    if directives.keys() & {"no-cache", "no-store", "private"}:
        return policy.min_ttl
    stated = _stated(directives, headers, now)
    if stated is None:
        return max(policy.min_ttl, policy.default_ttl)
    return min(max(stated, policy.min_ttl), policy.max_ttl)


def error_seconds(
    status: int,
    policy: CachePolicy,
    headers: Mapping[str, str],
    *,
    configured: float | None,
    custom: bool,
    readings: Readings,
    now: float,
) -> float:
    """Return how long an error response, or the custom page in its place, is kept under the path that failed.

    Args:
        status: what the origin answered.
        policy: the failing behavior's.
        headers: of the answer that is shown: the custom page's where there is one.
        configured: ErrorCachingMinTTL for this status, None where there is none.
        custom: whether a custom error page is shown.
        readings: how the guide is read.
        now: epoch seconds.
    """
    stated = _stated(_directives(headers), headers, now)
    forbidden = status in KEPT_BY_HEADER and stated is None and not readings.keeps_forbidden
    if forbidden or status not in ALWAYS_KEPT | KEPT_BY_HEADER or policy.max_ttl <= 0:
        return 0.0
    seconds = ERROR_SECONDS if configured is None else configured
    if stated is not None:
        seconds = max(seconds, min(stated, policy.max_ttl))
    if custom and readings.error_pages_last:
        seconds = max(seconds, object_seconds(policy, headers, now))
    return seconds


def _directives(headers: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for part in headers.get("cache-control", "").split(","):
        name, _, value = part.strip().partition("=")
        if name:
            found[name.lower()] = value.strip('" ')
    return found


def _stated(directives: Mapping[str, str], headers: Mapping[str, str], now: float) -> float | None:
    for name in ("s-maxage", "max-age"):
        value = directives.get(name, "")
        if value.isdecimal():
            return float(value)
    if "expires" not in headers:
        return None
    try:
        when = parsedate_to_datetime(headers["expires"])
    except ValueError:
        return 0.0  # RFC 9111 §5.3: an invalid date is in the past
    return max(0.0, (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now)
