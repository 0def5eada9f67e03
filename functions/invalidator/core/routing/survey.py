"""What a scan of the distributions found: who serves which bucket, and what it could not tell."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.origin_hosts import bucket_of, never_a_bucket
from invalidator.core.routing.pins import PINNED_ORIGIN, Pin, pinned_distribution

# A load balancer is never a bucket under another name, and seldom shows objects of one: nobody has to look at it.
_LOAD_BALANCER = ".elb.amazonaws.com"


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

    @property
    def pin_options(self) -> str:
        """What `route pin` needs to be told besides bucket and distribution, as a person types it."""
        if never_a_bucket(self.origin):
            return "--as '/{key}*'"
        return f"--origin-path {self.origin_path}" if self.origin_path else ""


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
            if origin.bucket is None and _LOAD_BALANCER not in origin.domain:
                hidden = bucket_of(origin.domain, origin.path).hidden or "has an OriginPath with parameters"
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
        if not isinstance(origin, Mapping) or not isinstance(origin.get("DomainName"), str):
            continue
        configured = origin.get("OriginPath")
        path = configured.strip("/") if isinstance(configured, str) else ""
        host = bucket_of(origin["DomainName"], path)
        if host.bucket is not None:
            folder = path.partition("/")[2] if host.path_style else path
            yield Pin(host.bucket, identifier, f"/{folder}" if folder else "")
