"""What a scan of the distributions found: who serves which bucket, and what it could not tell."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.origin_hosts import bucket_of
from invalidator.core.routing.pins import PINNED_ORIGIN, Pin, pinned_distribution

# Hosts of services that are never a bucket under another name: nobody has to look at them.
_NEVER_A_BUCKET = (".elb.amazonaws.com", ".execute-api.", ".lambda-url.")


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An origin of which nobody can tell the bucket, if it is one; a pinned route can.

    Attributes:
        distribution: the distribution's id.
        origin: the origin's host; "" where the whole distribution is meant.
        origin_path: its OriginPath, "" or "/prefix".
        why: one line for people.
    """

    distribution: str
    origin: str
    origin_path: str
    why: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A distribution whose configuration is not what this version reads.

    Attributes:
        distribution: its id, "" where even that is missing.
        why: the field, and what is wrong with it.
        buckets: the buckets that can be told all the same. They count as served under every path, in every
            query string form: wider, never stale.
    """

    distribution: str
    why: str
    buckets: tuple[str, ...]


@dataclass(slots=True)
class Survey:
    """What a scan found.

    Attributes:
        serving: bucket → its distributions, discovered and pinned. A distribution stands there once for each pin
            that names it, and its paths are all of theirs.
        unresolved: origins that hide what is behind them and that no pin explains.
        unreadable: distributions that could not be read.
    """

    serving: dict[str, tuple[Distribution, ...]] = field(default_factory=dict)
    unresolved: list[Unresolved] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)

    def add(self, distribution: Distribution) -> None:
        """Take in a distribution: it serves every bucket that its origins reveal."""
        for bucket in sorted({each.bucket for each in distribution.origins if each.bucket}):
            self.serving[bucket] = (*self.serving.get(bucket, ()), distribution)
        for origin in distribution.origins:
            if origin.bucket is None and not any(mark in origin.domain for mark in _NEVER_A_BUCKET):
                hidden = bucket_of(origin.domain).hidden or "has an OriginPath with parameters"
                self.unresolved.append(Unresolved(distribution.id, origin.domain, origin.path, hidden))

    def add_tenants(self, distribution: Distribution) -> None:
        """Note a multi-tenant distribution: what its tenants' parameters make of its origins is not seen."""
        why = "multi-tenant: a tenant's parameters decide what is served"
        self.unresolved.append(Unresolved(distribution.id, "", "", why))

    def add_unreadable(self, document: Mapping[str, object], why: str) -> None:
        """Take in a distribution that could not be read, as far as its origins can be told."""
        identifier = document.get("Id")
        if not isinstance(identifier, str):
            self.unreadable.append(Unreadable("", why, ()))
            return
        pins = list(_apparent_routes(identifier, document))
        self.unreadable.append(Unreadable(identifier, why, tuple(dict.fromkeys(pin.bucket for pin in pins))))
        for pin in pins:
            self.serving[pin.bucket] = (*self.serving.get(pin.bucket, ()), pinned_distribution(pin, None))

    def pin(self, pins: Iterable[tuple[Pin, Distribution | None]]) -> None:
        """Take in what people pinned, with the pinned distributions' configurations where they could be read.

        A pin overrides what the scan made of the same distribution. Where none of the configured origins is the
        pinned one, it overrides nothing and is added. Several pins of a distribution stand beside each other.
        """
        routed = [(pin, pinned_distribution(pin, configured)) for pin, configured in pins]
        overridden = {
            (pin.bucket, pin.distribution) for pin, each in routed if each.origins[0].id != PINNED_ORIGIN
        }
        for bucket, distributions in self.serving.items():
            self.serving[bucket] = tuple(
                each for each in distributions if (bucket, each.id) not in overridden
            )
        for pin, distribution in routed:
            self.serving[pin.bucket] = (*self.serving.get(pin.bucket, ()), distribution)
        explained = {(pin.distribution, pin.origin_path) for pin, _ in routed}
        self.unresolved = [
            each for each in self.unresolved if (each.distribution, each.origin_path) not in explained
        ]


def _apparent_routes(identifier: str, document: Mapping[str, object]) -> Iterable[Pin]:
    origins = document.get("Origins")
    listed = origins.get("Items") if isinstance(origins, Mapping) else None
    for origin in listed if isinstance(listed, list) else ():
        domain = origin.get("DomainName") if isinstance(origin, Mapping) else None
        bucket = bucket_of(domain).bucket if isinstance(domain, str) else None
        if bucket is not None:
            path = origin.get("OriginPath")
            yield Pin(bucket, identifier, path.rstrip("/") if isinstance(path, str) else "")
