"""The mapping of buckets to distributions, as people see it: what is stored, and how it differs after a scan."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from infra.cli.printing import instant, iso, visible
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.survey import Unreadable, Unresolved
from invalidator.ports import StoredRoutes


def bucket_as_json(bucket: str, stored: StoredRoutes | None, pins: Iterable[Pin]) -> dict[str, Any]:
    """Return what is known of a bucket. `fresh_until` is null where nothing is stored of it."""
    pinned = _pinned(bucket, pins)
    return {
        "bucket": bucket,
        "fresh_until": None if stored is None else iso(stored.fresh_until),
        "distributions": [
            {
                "id": each.id,
                "known": _known(each, pinned),
                "role": each.role,
                "aliases": each.aliases,
                "root_object": each.root_object,
                "unknown_policies": each.unknown_policies,
                "origins": [
                    {
                        "id": origin.id,
                        "domain": origin.domain,
                        "origin_path": origin.path,
                        "prefix": origin.prefix,
                        "website": origin.website,
                    }
                    for origin in _origins(bucket, each)
                ],
                "behaviors": [
                    {
                        "pattern": behavior.pattern,
                        "serves_bucket": _leads_to(bucket, each, behavior),
                        "query_strings": behavior.query_strings,
                        "rewrites": behavior.rewrites,
                    }
                    for behavior in each.behaviors
                ],
            }
            for each in (stored.distributions if stored else ())
        ],
    }


def bucket_as_text(
    bucket: str, stored: StoredRoutes | None, pins: Iterable[Pin], now: float, *, behaviors: bool = False
) -> str:
    """Write what is known of a bucket.

    Args:
        bucket: its name.
        stored: what the table knows of it, None where nothing is stored.
        pins: what people pinned, of any bucket.
        now: epoch seconds.
        behaviors: whether each distribution's cache behaviors are listed too.
    """
    if stored is None:
        return f"{visible(bucket)}\n  nothing is stored of it; the worker asks when it changes"
    age = f"{'fresh until' if stored.fresh(now) else 'stale since'} {instant(stored.fresh_until)}"
    lines = [visible(bucket), f"  {age}"]
    if not stored.distributions:
        lines.append("  no distribution serves it")
    pinned = _pinned(bucket, pins)
    for each in stored.distributions:
        for origin in _origins(bucket, each):
            where = f"OriginPath {visible(origin.path) or '/'}"
            if origin.prefix:
                where += f", prefix {visible(origin.prefix)}"
            lines.append(f"  {each.id}  {_known(each, pinned)}  {where}")
        if each.role:
            lines.append(f"    role {visible(each.role)}")
        if behaviors:
            lines += _details(bucket, each)
    return "\n".join(lines)


def unresolved_as_text(unresolved: Sequence[Unresolved], unreadable: Sequence[Unreadable]) -> str:
    """Write what a scan could not tell, and what to do about it; "" when it could tell all."""
    lines = []
    if unresolved:
        lines.append("Not resolved; whether a bucket is behind these, a scan cannot see:")
        for each in unresolved:
            lines.append(f"  {visible(each.distribution)}  {visible(each.origin) or 'all origins'}")
            lines.append(
                f"    {each.why}" + (f"; OriginPath {visible(each.origin_path)}" * bool(each.origin_path))
            )
        first = unresolved[0]
        where = f" {visible(first.pin_options)}" if first.pin_options else ""
        lines += [
            "  If a bucket of yours is, pin it:",
            f"    invalidator route pin BUCKET --distribution {visible(first.distribution)}{where}",
        ]
    if unreadable:
        lines.append("Not readable; the buckets seen count as served under every path:")
        for unread in unreadable:
            lines.append(f"  {visible(unread.distribution) or 'without an id'}: {visible(unread.why)}")
            lines.append(f"    buckets seen: {', '.join(unread.buckets) or 'none'}")
    return "\n".join(lines)


def difference(before: Mapping[str, StoredRoutes], after: Mapping[str, StoredRoutes]) -> list[str]:
    """Return one line for each bucket's distribution that came, went or is routed in another way now."""
    lines = []
    for bucket in sorted({*before, *after}):
        had, has = (_by_id(each.get(bucket)) for each in (before, after))
        lines += [f"{bucket}: {each} serves it now" for each in has.keys() - had.keys()]
        lines += [f"{bucket}: {each} serves it no more" for each in had.keys() - has.keys()]
        lines += [
            f"{bucket}: {each} is routed in another way"
            for each in had.keys() & has.keys()
            if had[each] != has[each]
        ]
    return sorted(lines)


def _by_id(stored: StoredRoutes | None) -> dict[str, list[Distribution]]:
    found: dict[str, list[Distribution]] = {}
    for each in stored.distributions if stored else ():
        found.setdefault(each.id, []).append(each)
    return found


def _pinned(bucket: str, pins: Iterable[Pin]) -> set[str]:
    return {pin.distribution for pin in pins if pin.bucket == bucket}


def _known(distribution: Distribution, pinned: Collection[str]) -> str:
    return "pinned" if distribution.id in pinned else "discovered"


def _origins(bucket: str, distribution: Distribution) -> list[Origin]:
    return [origin for origin in distribution.origins if origin.bucket == bucket]


def _leads_to(bucket: str, distribution: Distribution, behavior: Behavior) -> bool:
    return not {origin.id for origin in _origins(bucket, distribution)}.isdisjoint(behavior.origins)


def _details(bucket: str, distribution: Distribution) -> list[str]:
    lines = []
    if distribution.aliases:
        lines.append(f"    also called {', '.join(map(visible, distribution.aliases))}")
    if distribution.root_object:
        lines.append(f"    / is {visible(distribution.root_object)}")
    for behavior in distribution.behaviors:
        facts = [] if _leads_to(bucket, distribution, behavior) else ["another origin"]
        facts += ["cached by query string"] * behavior.query_strings + ["a function"] * behavior.rewrites
        lines.append(f"    behavior {visible(behavior.pattern)}" + (f": {', '.join(facts)}" if facts else ""))
    lines += [f"    cache policy {visible(each)} could not be read" for each in distribution.unknown_policies]
    return lines
