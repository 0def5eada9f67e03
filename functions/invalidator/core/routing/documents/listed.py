"""A distribution or a tenant as CloudFront lists it: enough to see whether it matters, and whether it changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.documents.distribution_config import DistributionError, read_distribution
from invalidator.core.routing.documents.origin_hosts import bucket_of
from invalidator.core.routing.documents.tenants import has_parameters
from invalidator.core.routing.pinned_routes import everywhere
from invalidator.core.routing.pins import Pin


@dataclass(frozen=True, slots=True)
class Listed:
    """A distribution's line in CloudFront's list.

    Attributes:
        id: its id; "" where even that is missing.
        etag: the version of its configuration; "" where the list does not say.
        modified: its LastModifiedTime, epoch seconds; 0 where the list does not say.
        deployed: whether all edges have its newest configuration.
        enabled: a disabled one serves nothing.
        routing: its routing but for what only the configuration tells (the root object); None where it cannot be read.
        why: why it cannot be read: the field, and what is wrong with it; "" where it can.
        apparent: what can be told of its routes all the same, wide: every path below an origin's OriginPath.
        tenants: whether it is multi-tenant: its tenants are invalidated, each for itself, and it never is.
        unsure: whether a cache policy could not be asked for just now, so that `routing` may be wider than it is.
    """

    id: str
    etag: str
    modified: float
    deployed: bool
    enabled: bool
    routing: Distribution | None
    why: str = ""
    apparent: tuple[Distribution, ...] = ()
    tenants: bool = False
    unsure: bool = False

    @property
    def reveals(self) -> bool:
        """Whether one of its origins is seen to be a bucket, or may be a tenant's."""
        routes = self.apparent if self.routing is None else (self.routing,)
        return any(origin.bucket or has_parameters(origin) for each in routes for origin in each.origins)


def read_listed(summary: Mapping[str, Any], policies: Mapping[str, Any], *, unsure: bool = False) -> Listed:
    """Read one item of what ListDistributions answers; nothing in it makes this fail.

    Args:
        summary: the item, a DistributionSummary.
        policies: cache policies by id, as `read_distribution` takes them.
        unsure: whether one of its policies could not be asked for just now.
    """
    identifier, etag = summary.get("Id"), summary.get("ETag")
    changed = summary.get("LastModifiedTime")
    routing, why = None, ""
    apparent: tuple[Distribution, ...] = ()
    try:
        routing = read_distribution(summary, policies)
    except DistributionError as error:
        why = str(error)
        if isinstance(identifier, str):
            apparent = tuple(_apparent(identifier, summary))
    return Listed(
        id=identifier if isinstance(identifier, str) else "",
        etag=etag if isinstance(etag, str) else "",
        modified=changed.timestamp() if isinstance(changed, datetime) else 0.0,
        # One that says nothing of it is taken to be deployed: nothing would ever end the waiting.
        deployed=summary.get("Status") in {None, "Deployed"},
        enabled=summary.get("Enabled") is not False,
        routing=routing,
        why=why,
        apparent=apparent,
        tenants=summary.get("ConnectionMode") == "tenant-only",
        unsure=unsure,
    )


def listed_tenant(summary: Mapping[str, Any], shared: Listed, routing: Distribution) -> Listed:
    """Read one item of what ListDistributionTenants answers; nothing in it makes this fail.

    It changes with the distribution that it is a tenant of, and its own ETag does not say so: both count.

    Args:
        summary: the item, a DistributionTenantSummary. It has no parameters: those are asked for.
        shared: the multi-tenant distribution.
        routing: that distribution's routing.
    """
    own = read_listed(summary, {})
    return replace(
        shared,
        id=own.id,
        etag=f"{own.etag}/{shared.etag}" if own.etag and shared.etag else "",
        modified=max(own.modified, shared.modified),
        deployed=own.deployed and shared.deployed,
        enabled=own.enabled and shared.enabled,
        routing=replace(routing, id=own.id, tenant_of=shared.id),
        why="" if own.id else "ListDistributionTenants: a tenant without Id",
        tenants=False,
    )


def _apparent(identifier: str, summary: Mapping[str, Any]) -> Iterator[Distribution]:
    origins = summary.get("Origins")
    listed = origins.get("Items") if isinstance(origins, Mapping) else None
    for origin in listed if isinstance(listed, list) else ():
        if not isinstance(origin, Mapping) or not isinstance(origin.get("DomainName"), str):
            continue
        configured = origin.get("OriginPath")
        path = configured.strip("/") if isinstance(configured, str) else ""
        host = bucket_of(origin["DomainName"], path)
        if host.bucket is not None:
            folder = path.partition("/")[2] if host.path_style else path
            yield everywhere(Pin(host.bucket, identifier, f"/{folder}" if folder else ""), None, None)
