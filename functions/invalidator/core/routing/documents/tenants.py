"""Distribution tenants: each is a cache of its own, with the multi-tenant distribution's behaviors and its own origins.

CloudFront takes no invalidation for the multi-tenant distribution itself (aws-behaviour.md "Distributions"), so each
tenant is routed as if it were a distribution, under its own id.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from invalidator.core.routing.distribution import Distribution, Origin
from invalidator.core.routing.documents.origin_hosts import bucket_of

# How a tenant's id begins, in every example of AWS's (CloudFront API reference, DistributionTenant).
_ID = "dt_"
_PARAMETER = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")


class TenantError(ValueError):
    """A tenant cannot be routed; the text is one line that names the tenant and the parameter."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """What GetDistributionTenant says that routing needs.

    Attributes:
        id: the tenant's id, "dt_…": what CreateInvalidationForDistributionTenant names.
        distribution: the id of the multi-tenant distribution.
        domains: its domain names, for people.
        parameters: name → value, as the tenant sets them.
        enabled: a disabled tenant serves nothing.
    """

    id: str
    distribution: str
    domains: tuple[str, ...]
    parameters: Mapping[str, str]
    enabled: bool = True


def is_tenant(target: str) -> bool:
    """Whether a target is a tenant: invalidated by calls of its own."""
    return target.startswith(_ID)


def has_parameters(origin: Origin) -> bool:
    """Whether only a tenant's parameters say what stands behind an origin."""
    return _PARAMETER.search(origin.domain) is not None or _PARAMETER.search(origin.path) is not None


def routing_of(tenant: Tenant, shared: Distribution) -> Distribution:
    """The tenant's own routing: the shared one with the tenant's parameters, or their defaults, in its origins.

    Raises:
        TenantError: an origin asks for a parameter that has neither a value nor a default.
    """
    values = {name: default for name, default in shared.parameters if default is not None}
    values.update(tenant.parameters)
    return replace(
        shared,
        id=tenant.id,
        tenant_of=shared.id,
        origins=tuple(_resolved(tenant, origin, values) for origin in shared.origins),
        aliases=tenant.domains,
        enabled=shared.enabled and tenant.enabled,
        parameters=(),
    )


def _resolved(tenant: Tenant, origin: Origin, values: Mapping[str, str]) -> Origin:
    def value(parameter: re.Match[str]) -> str:
        try:
            return values[parameter[1]]
        except KeyError:
            raise TenantError(
                f"tenant {tenant.id}: origin {origin.id} asks for the parameter {parameter[1]}, which has neither a "
                "value nor a default"
            ) from None

    domain, path = _PARAMETER.sub(value, origin.domain), _PARAMETER.sub(value, origin.path)
    host = bucket_of(domain, path)
    return replace(
        origin, domain=domain, path=path, bucket=host.bucket, website=host.website, path_style=host.path_style
    )
