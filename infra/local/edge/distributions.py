"""Distributions and tenants as an edge knows them, read from what the SDK gives.

It reads the documents by itself and knows nothing of how the worker does: what is proved with it must not agree with
the worker by construction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from infra.local.edge.cache_policies import MANAGED, CachePolicy, read_forwarded_values
from infra.local.edge.documents import MALFORMED, one_of, said, seconds
from infra.local.edge.rewrites import FindRewrite, Rewrite, by_name, unchanged

_DEFAULT_PATTERN = "*"
_TENANT_ONLY = "a multi-tenant distribution itself: viewers reach its tenants"
# The edge stands for all three: who asks it by HTTP is answered as one who followed the redirect to HTTPS.
_PROTOCOLS = frozenset({"allow-all", "https-only", "redirect-to-https"})
_EVENTS = frozenset({"viewer-request", "viewer-response", "origin-request", "origin-response"})
Documents = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where objects come from: a host, and the OriginPath that is put before the viewer's path."""

    host: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Behavior:
    """A cache behavior.

    Attributes:
        pattern: its path pattern, "*" for the default behavior.
        origins: one, or the members of an origin group in order.
        failover: the status codes at which a group's next member is asked.
        policy: what it caches by and for how long.
        viewer_request: what a function makes of the URI before the cache is looked in.
        origin_request: what one makes of it behind the cache.
        methods: those that viewers may use.
        not_modelled: what of it no answer can be given for, "" for nothing.
    """

    pattern: str
    origins: tuple[Origin, ...]
    failover: frozenset[int] = frozenset()
    policy: CachePolicy = field(default_factory=CachePolicy)
    viewer_request: Rewrite | None = None
    origin_request: Rewrite | None = None
    methods: frozenset[str] = frozenset({"GET", "HEAD"})
    not_modelled: str = ""


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """A custom error response.

    Attributes:
        page: the page's path, "" where only the time is set.
        status: what the viewer gets in the place of the code, None for the code itself.
        seconds: ErrorCachingMinTTL, None where there is none.
    """

    page: str
    status: int | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution, or a tenant of one: what an invalidation names.

    Attributes:
        hosts: the names that viewers reach it by, in lower case.
        root: the default root object, "" for none.
        behaviors: in the order in which they are tried; the default one is last.
        error_pages: by the origin's status code.
        tag_header: the header of origins' answers that holds an object's cache tags, "" for none.
        refused: why viewers get 403, "" where they do not.
        not_modelled: what of it no answer can be given for, "" for nothing.
    """

    id: str
    hosts: tuple[str, ...]
    root: str
    behaviors: tuple[Behavior, ...]
    error_pages: Mapping[int, ErrorPage] = field(default_factory=dict)
    tag_header: str = ""
    refused: str = ""
    not_modelled: str = ""


def read_distribution(
    identity: str,
    domain: str,
    config: Documents,
    policies: Mapping[str, CachePolicy],
    find_rewrite: FindRewrite = by_name,
) -> Distribution:
    """Read a DistributionConfig; one that cannot be read is not modelled, which harms no other.

    Args:
        identity: the distribution's id.
        domain: its `….cloudfront.net` name.
        config: as the SDK gives it.
        policies: the account's own cache policies by id; CloudFront's managed ones are known.
        find_rewrite: what the functions of its behaviors do.
    """
    try:
        return _read(identity, domain, config, policies, find_rewrite)
    except MALFORMED as error:
        return unread(identity, domain, f"its configuration: {said(error)}")


def unread(identity: str, domain: str, why: str) -> Distribution:
    """Return a distribution of which nobody can tell what its viewers get; its aliases are not known either."""
    return Distribution(identity, (domain.lower(),) if domain else (), "", (), not_modelled=why)


def _read(
    identity: str,
    domain: str,
    config: Documents,
    policies: Mapping[str, CachePolicy],
    find_rewrite: FindRewrite,
) -> Distribution:
    origins = {
        one["Id"]: Origin(one["DomainName"], one.get("OriginPath") or "") for one in _items(config, "Origins")
    }
    groups = {one["Id"]: one for one in _items(config, "OriginGroups")}
    read = partial(_behavior, _Known(origins, groups, {**MANAGED, **policies}, find_rewrite))
    # By its place, which is its order among the patterns; the last has none.
    behaviors = [(each, each["PathPattern"]) for each in _items(config, "CacheBehaviors")]
    behaviors.append((config["DefaultCacheBehavior"], _DEFAULT_PATTERN))
    return Distribution(
        identity,
        tuple(name.lower() for name in (domain, *(_items(config, "Aliases"))) if name),
        config.get("DefaultRootObject") or "",
        tuple(read(each, pattern) for each, pattern in behaviors),
        {int(each["ErrorCode"]): _error_page(each) for each in _items(config, "CustomErrorResponses")},
        ((config.get("CacheTagConfig") or {}).get("HeaderName") or "").lower(),
        "" if config.get("Enabled", True) else "the distribution is disabled",
        _not_modelled(config),
    )


def tenant_of(
    shared: Distribution,
    tenant: Documents,
    definitions: list[Documents],
) -> Distribution:
    """Return a tenant as a distribution of its own: the shared behaviors, its parameters in the origins.

    Args:
        shared: the multi-tenant distribution, its origins with `{{parameters}}`.
        tenant: the DistributionTenant, as the SDK gives it.
        definitions: TenantConfig's ParameterDefinitions.

    Raises KeyError for a tenant without an id; what else of it cannot be read is not modelled.
    """
    try:
        return _tenant_of(shared, tenant, definitions)
    except MALFORMED as error:
        return unread(tenant["Id"], "", f"its tenant's configuration: {said(error)}")


def _tenant_of(shared: Distribution, tenant: Documents, definitions: list[Documents]) -> Distribution:
    values = {}
    for each in definitions:
        default = (each.get("Definition", {}).get("StringSchema") or {}).get("DefaultValue")
        if default is not None:
            values[each["Name"]] = default
    values |= {each["Name"]: each["Value"] for each in tenant.get("Parameters") or []}

    def filled(text: str) -> str:
        for name, value in values.items():
            text = text.replace("{{" + name + "}}", value)
        return text

    def rendered(behavior: Behavior) -> Behavior:
        origins = tuple(Origin(filled(each.host), filled(each.path)) for each in behavior.origins)
        left = next((each for each in origins if "{{" in each.host + each.path), None)
        missing = f"a parameter that the tenant does not give: {left.host}{left.path}" if left else ""
        return replace(behavior, origins=origins, not_modelled=behavior.not_modelled or missing)

    inherited = "" if shared.not_modelled == _TENANT_ONLY else shared.not_modelled
    customized = sorted(name for name, value in (tenant.get("Customizations") or {}).items() if value)
    customized = [name for name in customized if name != "Certificate"]
    return replace(
        shared,
        id=tenant["Id"],
        hosts=tuple(each["Domain"].lower() for each in tenant.get("Domains") or []),
        behaviors=tuple(map(rendered, shared.behaviors)),
        refused=shared.refused or ("" if tenant.get("Enabled", True) else "the tenant is disabled"),
        not_modelled=inherited or (f"the tenant's {customized[0]}" if customized else ""),
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What a distribution's behaviors refer to."""

    origins: Mapping[str, Origin]
    groups: Mapping[str, Documents]
    policies: Mapping[str, CachePolicy]
    find_rewrite: FindRewrite


def _behavior(known: _Known, found: Documents, pattern: str) -> Behavior:
    try:
        return _read_behavior(known, found, pattern)
    except MALFORMED as error:
        return Behavior(pattern, (), not_modelled=f"the behavior of {pattern}: {said(error)}")


def _read_behavior(known: _Known, found: Documents, pattern: str) -> Behavior:
    target = found["TargetOriginId"]
    if target in known.groups:
        members, codes = _group(known.groups[target], known.origins)
    else:
        members, codes = (known.origins[target],), frozenset()
    one_of(found, "ViewerProtocolPolicy", _PROTOCOLS, "allow-all")
    rewrites, missing = _rewrites(found, known.find_rewrite)
    identity = found.get("CachePolicyId")
    policy = known.policies.get(identity) if identity else read_forwarded_values(found)
    missing += [text for text, there in _UNUSUAL if there(found)]
    if policy is None:
        missing.append(f"the cache policy {identity}, which could not be read")
    return Behavior(
        pattern,
        members,
        codes,
        policy or CachePolicy(),
        rewrites.get("viewer-request"),
        rewrites.get("origin-request"),
        frozenset((found.get("AllowedMethods") or {}).get("Items") or ("GET", "HEAD")),
        missing[0] if missing else "",
    )


def _group(found: Documents, origins: Mapping[str, Origin]) -> tuple[tuple[Origin, ...], frozenset[int]]:
    """Read an origin group: its members in order, and the status codes at which the next is asked."""
    one_of(found, "SelectionCriteria", {"default"}, "default")
    codes = (found.get("FailoverCriteria") or {}).get("StatusCodes") or {}
    members = tuple(origins[each["OriginId"]] for each in _items(found, "Members"))
    return members, frozenset(int(code) for code in codes.get("Items") or [])


_UNUSUAL: tuple[tuple[str, Callable[[Documents], bool]], ...] = (
    ("signed URLs (TrustedKeyGroups)", lambda one: (one.get("TrustedKeyGroups") or {}).get("Enabled", False)),
    ("signed URLs (TrustedSigners)", lambda one: (one.get("TrustedSigners") or {}).get("Enabled", False)),
    ("SmoothStreaming", lambda one: bool(one.get("SmoothStreaming"))),
    ("FieldLevelEncryptionId", lambda one: bool(one.get("FieldLevelEncryptionId"))),
    ("gRPC", lambda one: (one.get("GrpcConfig") or {}).get("Enabled", False)),
)


def _rewrites(found: Documents, find: FindRewrite) -> tuple[dict[str, Rewrite], list[str]]:
    rewrites, missing = {}, []
    functions = [(each, "FunctionARN") for each in _items(found, "FunctionAssociations")]
    functions += [(each, "LambdaFunctionARN") for each in _items(found, "LambdaFunctionAssociations")]
    for each, name in functions:
        if each["EventType"] not in _EVENTS:
            raise ValueError(f"EventType {each['EventType']!r}")
        event = each["EventType"]
        # What a response function does comes after the cache, or adds headers: no name depends on it.
        rewrite = find(event, each.get(name, "")) if event.endswith("request") else unchanged
        if event in rewrites:
            raise ValueError(f"two functions on {event}")
        if rewrite is None:
            missing.append(f"the function {each.get(name, '')} on {event}")
        else:
            rewrites[event] = rewrite
    return rewrites, missing


def _error_page(found: Documents) -> ErrorPage:
    status = found.get("ResponseCode")
    return ErrorPage(
        found.get("ResponsePagePath") or "",
        int(status) if status else None,
        None if found.get("ErrorCachingMinTTL") is None else seconds(found, "ErrorCachingMinTTL"),
    )


def _not_modelled(config: Documents) -> str:
    if config.get("Staging"):
        return "a staging distribution, which viewers reach by a header or by chance"
    if config.get("ContinuousDeploymentPolicyId"):
        return "a continuous deployment policy"
    if config.get("WebACLId"):
        return "a web ACL"
    restriction = (config.get("Restrictions") or {}).get("GeoRestriction") or {}
    if restriction.get("RestrictionType", "none") != "none":
        return "a geographic restriction"
    mode = one_of(config, "ConnectionMode", {"direct", "tenant-only"}, "direct")
    return _TENANT_ONLY if mode == "tenant-only" else ""


def _items(found: Documents, name: str) -> list[Any]:
    return (found.get(name) or {}).get("Items") or []
