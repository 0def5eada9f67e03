"""Who serves which bucket, as people see it: what the table holds, and how it differs after a survey."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.cli.printing import instant, iso, visible
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.documents.origin_hosts import never_a_bucket
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.target import Seen, TargetRoutes


@dataclass(frozen=True, slots=True)
class Record:
    """What the table holds of one distribution, and whether people pinned it for the bucket in question."""

    routes: TargetRoutes
    seen: Seen
    pinned: bool


def records_of(bucket: str, found: Iterable[tuple[TargetRoutes, Seen]], pins: Iterable[Pin]) -> list[Record]:
    """Return the records of the distributions that lead to a bucket."""
    pinned = {pin.distribution for pin in pins if pin.bucket == bucket}
    return [
        Record(routes, seen, routes.target in pinned)
        for routes, seen in found
        if any(_origins(bucket, each) for each in routes.routes)
    ]


def bucket_as_json(bucket: str, records: Iterable[Record], as_of: float) -> dict[str, Any]:
    """Return what is known of a bucket. `as_of` is null where no survey has completed yet."""
    return {
        "bucket": bucket,
        "as_of": iso(as_of) if as_of else None,
        "distributions": [
            {
                "id": record.routes.target,
                "known": _known(record),
                "learned": iso(record.routes.learned),
                "doubt": record.seen.doubt or None,
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
            for record in records
            for each in _leading(bucket, record)
        ],
    }


def bucket_as_text(bucket: str, records: Sequence[Record], *, details: bool = False) -> str:
    """Write what is known of a bucket.

    Args:
        bucket: its name.
        records: what the table holds of the distributions that lead to it.
        details: whether each distribution's cache behaviors are written too.
    """
    lines = [visible(bucket)]
    if not records:
        lines.append("  no distribution is known to serve it")
    for record in records:
        for each in _leading(bucket, record):
            lines += _route_as_text(bucket, record, each)
            if details:
                lines += _details(bucket, each)
        if record.seen.doubt:
            lines.append(f"    it could not be read since: {visible(record.seen.doubt)}")
        lines.append(f"    learned {instant(record.routes.learned)}")
    return "\n".join(lines)


def _route_as_text(bucket: str, record: Record, route: Distribution) -> list[str]:
    lines = []
    for origin in _origins(bucket, route):
        where = f"OriginPath {visible(origin.path) or '/'}"
        if origin.prefix:
            where += f", prefix {visible(origin.prefix)}"
        lines.append(f"  {route.id}  {_known(record)}  {where}")
    if route.role:
        lines.append(f"    role {visible(route.role)}")
    if not route.enabled:
        lines.append("    disabled: nothing is invalidated there")
    return lines


def unresolved_as_text(unresolved: Sequence[Mapping[str, str]], unread: Mapping[str, str]) -> str:
    """Write what a survey could not tell, and what to do about it; "" when it could tell all."""
    lines = []
    if unresolved:
        lines.append("Not resolved; whether a bucket is behind these, a survey cannot see:")
        for each in unresolved:
            lines.append(f"  {visible(each['distribution'])}  {visible(each['origin']) or 'all origins'}")
            path = f"; OriginPath {visible(each['origin_path'])}" if each["origin_path"] else ""
            lines.append(f"    {visible(each['why'])}{path}")
        first = unresolved[0]
        where = f" {visible(options)}" if (options := _pin_options(first)) else ""
        lines += [
            "  If a bucket of yours is, pin it:",
            f"    invalidator route pin BUCKET --distribution {visible(first['distribution'])}{where}",
        ]
    if unread:
        lines.append("Not readable; what was known of these before goes on serving:")
        lines += [f"  {visible(name) or 'without an id'}: {visible(why)}" for name, why in unread.items()]
    return "\n".join(lines)


def _pin_options(unresolved: Mapping[str, str]) -> str:
    """What `route pin` needs to be told besides bucket and distribution, as a person types it."""
    if never_a_bucket(unresolved["origin"]):
        return "--as '/{key}*'"
    return f"--origin-path {unresolved['origin_path']}" if unresolved["origin_path"] else ""


@dataclass(frozen=True, slots=True)
class Mapped:
    """Who serves what at one moment: bucket → distribution id → its routes to the bucket, those in use alone."""

    serving: Mapping[str, Mapping[str, tuple[Distribution, ...]]]

    @classmethod
    def of(cls, found: Iterable[TargetRoutes]) -> "Mapped":
        """Take it from the records."""
        serving: dict[str, dict[str, tuple[Distribution, ...]]] = {}
        for routes in found:
            for bucket in routes.buckets:
                leading = tuple(each for each in routes.routes if _origins(bucket, each))
                serving.setdefault(bucket, {})[routes.target] = leading
        return cls(serving)


def difference(before: Mapped, after: Mapped) -> list[str]:
    """Return one line for each bucket's distribution that came, went or is routed in another way now."""
    lines = []
    for bucket in sorted({*before.serving, *after.serving}):
        had, has = (each.serving.get(bucket, {}) for each in (before, after))
        lines += [f"{bucket}: {each} serves it now" for each in has.keys() - had.keys()]
        lines += [f"{bucket}: {each} serves it no more" for each in had.keys() - has.keys()]
        lines += [
            f"{bucket}: {each} is routed in another way"
            for each in had.keys() & has.keys()
            if had[each] != has[each]
        ]
    return sorted(lines)


def _known(record: Record) -> str:
    return "pinned" if record.pinned else "discovered"


def _leading(bucket: str, record: Record) -> list[Distribution]:
    return [each for each in record.routes.routes if _origins(bucket, each)]


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
