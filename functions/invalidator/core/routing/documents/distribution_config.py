"""Reads what CloudFront says about distributions and cache policies."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from invalidator.core.routing.distribution import Behavior, Distribution, ErrorPage, Origin
from invalidator.core.routing.documents.cloudfront_fields import (
    CachePolicyFields,
    DefaultBehaviorFields,
    DistributionFields,
    FunctionFields,
    OriginFields,
    SummaryFields,
    TenantFields,
)
from invalidator.core.routing.documents.origin_hosts import bucket_of
from invalidator.core.routing.documents.tenants import Tenant


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """What a cache policy makes of a behavior.

    Attributes:
        query_strings: whether the cache key holds query strings.
        cached: whether anything is kept.
        least: for how many seconds all is kept that is kept, errors too; None where that is not known.
    """

    query_strings: bool
    cached: bool = True
    least: int | None = None


_PLAIN, _BY_QUERY = CachePolicy(query_strings=False, least=1), CachePolicy(query_strings=True, least=0)
_UNKNOWN = CachePolicy(query_strings=True)
# AWS guide, using-managed-cache-policies: the ids are the same in every account.
MANAGED_CACHE_POLICIES: Mapping[str, CachePolicy] = {
    "658327ea-f89d-4fab-a63d-7e88639e58f6": _PLAIN,  # CachingOptimized
    "b2884449-e4de-46a7-ac36-70bc7f1ddd6d": _PLAIN,  # CachingOptimizedForUncompressedObjects
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": CachePolicy(
        query_strings=False, cached=False, least=0
    ),  # CachingDisabled
    "83da9c7e-98b4-4e11-a168-04f0df8e2c65": CachePolicy(
        query_strings=False, least=0
    ),  # UseOriginCacheControlHeaders
    "4cc15a8a-d715-48a4-82b8-cc0b614638fe": _BY_QUERY,  # UseOriginCacheControlHeaders-QueryStrings
    "2e54312d-136d-493c-8eb9-b001f22f67d2": CachePolicy(query_strings=True, least=2),  # Amplify: all
    "08627262-05a9-4f76-9ded-b50ca2e3a84f": _BY_QUERY,  # Elemental-MediaPackage: some
}
_VIEWER_REQUEST, _ORIGIN_REQUEST, _ORIGIN_RESPONSE = "viewer-request", "origin-request", "origin-response"
# arn:aws:lambda:REGION:ACCOUNT:function:NAME, and then its version: that another one makes other answers nobody can
# tell, and each deployment of a function would purge all that it stands behind.
_ARN_WITHOUT_VERSION = 7
# What runs behind the cache may answer itself, or make another answer of an error, to be kept as long as it likes.
_ANSWERING_EVENTS = {_ORIGIN_REQUEST, _ORIGIN_RESPONSE}
_Fields = TypeVar("_Fields")
# Made when a first answer is read: most cold starts find the routes in the table and read none.
_adapter_of = functools.cache(TypeAdapter)


class DistributionError(ValueError):
    """A document is not what it should be; the message is one line that names the field."""


def read_distribution(
    document: object, cache_policies: Mapping[str, CachePolicy], *, root_object: str | None = None
) -> Distribution:
    """Read a distribution from CloudFront's own words.

    Args:
        document: what GetDistribution answers (with or without its "Distribution" envelope), or one
            DistributionSummary of ListDistributions.
        cache_policies: by id, what is known of them. AWS's managed policies are known without it. A behavior
            with a policy that is in neither counts as keyed on query strings, and the policy's id is in the
            result's `unknown_policies`.
        root_object: the DefaultRootObject, for a summary, which does not carry it.

    Raises:
        DistributionError: a field is missing or is not what CloudFront sends.
    """
    inner = _opened(document, "Distribution")
    if "DistributionConfig" in inner:
        if "Id" not in inner:
            raise DistributionError(
                "Id: missing; get-distribution prints it, get-distribution-config does not"
            )
        named = _checked(DistributionFields, inner)
        identifier, config, inside = named.Id, named.DistributionConfig, "DistributionConfig."
    else:
        summary = _checked(SummaryFields, inner)
        identifier, config, inside = summary.Id, summary, ""
    if not config.Origins:
        raise DistributionError(f"{inside}Origins: empty; a distribution has at least one origin")
    members = {origin.Id: (origin.Id,) for origin in config.Origins} | {
        group.Id: tuple(member.OriginId for member in group.Members) for group in config.OriginGroups
    }
    policies = {**MANAGED_CACHE_POLICIES, **cache_policies}
    fields = [
        *(
            (f"{inside}CacheBehaviors.Items.{at}", one.PathPattern, one)
            for at, one in enumerate(config.CacheBehaviors)
        ),
        (f"{inside}DefaultCacheBehavior", "*", config.DefaultCacheBehavior),
    ]
    return Distribution(
        id=identifier,
        origins=tuple(map(_origin, config.Origins)),
        behaviors=tuple(_behavior(where, pattern, one, members, policies) for where, pattern, one in fields),
        root_object=(config.DefaultRootObject or "") if root_object is None else root_object,
        aliases=tuple(config.Aliases),
        enabled=config.Enabled is not False,
        error_pages=tuple(
            ErrorPage(each.ErrorCode, each.ResponsePagePath, each.ErrorCachingMinTTL, each.ResponseCode)
            for each in config.CustomErrorResponses
        ),
        parameters=tuple(
            (each.Name, each.Definition.StringSchema.DefaultValue)
            for each in (config.TenantConfig.ParameterDefinitions if config.TenantConfig else ())
        ),
        cache_tags=config.CacheTagConfig is not None and bool(config.CacheTagConfig.HeaderName),
        unknown_policies=tuple(
            sorted({one.CachePolicyId for _, _, one in fields if one.CachePolicyId} - policies.keys())
        ),
    )


def read_tenant(document: object) -> Tenant:
    """Read a distribution tenant.

    Args:
        document: what GetDistributionTenant answers, with or without its "DistributionTenant" envelope; the
            summaries of ListDistributionTenants lack the parameters.

    Raises:
        DistributionError: a field is missing or is not what CloudFront sends.
    """
    tenant = _checked(TenantFields, _opened(document, "DistributionTenant"))
    return Tenant(
        id=tenant.Id,
        distribution=tenant.DistributionId,
        domains=tuple(each.Domain for each in tenant.Domains),
        parameters={each.Name: each.Value for each in tenant.Parameters},
        enabled=tenant.Enabled,
    )


def read_cache_policy(document: object) -> tuple[str, CachePolicy]:
    """Read a cache policy's id, and what the policy makes of a behavior.

    Args:
        document: what GetCachePolicy answers, with or without its "CachePolicy" envelope.

    Raises:
        DistributionError: a field is missing or is not what CloudFront sends.
    """
    policy = _checked(CachePolicyFields, _opened(document, "CachePolicy"))
    config = policy.CachePolicyConfig
    cache_key = config.ParametersInCacheKeyAndForwardedToOrigin
    return policy.Id, CachePolicy(
        query_strings=cache_key is not None and cache_key.QueryStringsConfig.QueryStringBehavior != "none",
        cached=config.MaxTTL != 0,
        least=config.MinTTL,
    )


def _opened(document: object, envelope: str) -> Mapping[str, object]:
    inner = document.get(envelope, document) if isinstance(document, Mapping) else document
    if not isinstance(inner, Mapping):
        raise DistributionError(f"{envelope}: not an object but {type(inner).__name__}")
    return inner


def _checked(fields: type[_Fields], document: Mapping[str, object]) -> _Fields:
    try:
        adapter = _adapter_of(fields)  # type: ignore[arg-type]  # a type is hashable, which mypy does not see
        checked: _Fields = adapter.validate_python(_without_nulls(document))
    except ValidationError as error:
        raise DistributionError(_first_problem(error)) from error
    return checked


def _without_nulls(value: object, depth: int = 12) -> object:
    """A document in which what is null is absent, as other SDKs write it; what is read lies less than 12 deep."""
    if not depth:
        return value
    if isinstance(value, Mapping):
        return {name: _without_nulls(each, depth - 1) for name, each in value.items() if each is not None}
    return [_without_nulls(each, depth - 1) for each in value] if isinstance(value, list) else value


def _first_problem(error: ValidationError) -> str:
    """The first thing wrong, in one line; CloudFront's lists stand under "Items"."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = (
        ".".join(f"Items.{step}" if isinstance(step, int) else step for step in first["loc"]) or "document"
    )
    return f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}"


def _origin(fields: OriginFields) -> Origin:
    path = fields.OriginPath or ""
    host = bucket_of(fields.DomainName, path)
    # A multi-tenant OriginPath with {{parameters}} differs by tenant: what it strips is not known.
    known = "{{" not in path
    return Origin(
        id=fields.Id,
        domain=fields.DomainName,
        bucket=host.bucket if known else None,
        path=path,
        website=host.website,
        path_style=host.path_style,
    )


def _behavior(
    where: str,
    pattern: str,
    fields: DefaultBehaviorFields,
    members: Mapping[str, tuple[str, ...]],
    policies: Mapping[str, CachePolicy],
) -> Behavior:
    target = fields.TargetOriginId
    if target not in members:
        raise DistributionError(f"{where}.TargetOriginId: no origin or origin group is called {target!r}")
    if fields.CachePolicyId:
        policy = policies.get(fields.CachePolicyId, _UNKNOWN)
    else:
        query_strings = fields.ForwardedValues is not None and fields.ForwardedValues.QueryString
        policy = CachePolicy(query_strings, fields.MaxTTL != 0, fields.MinTTL)
    functions = (*fields.LambdaFunctionAssociations, *fields.FunctionAssociations)
    return Behavior(
        pattern=pattern,
        origins=members[target],
        query_strings=policy.query_strings,
        viewer_function=any(each.EventType == _VIEWER_REQUEST for each in functions),
        origin_function=_function_of(_ORIGIN_REQUEST, functions),
        response_function=_function_of(_ORIGIN_RESPONSE, functions),
        cached=policy.cached,
        errors_kept=(
            None if any(each.EventType in _ANSWERING_EVENTS for each in functions) else policy.least
        ),
    )


def _function_of(event: str, functions: Iterable[FunctionFields]) -> str:
    """The ARN, without its version, of the function of an event; "" where none is associated."""
    arns = (
        each.LambdaFunctionARN or each.FunctionARN or event for each in functions if each.EventType == event
    )
    return ":".join(next(arns, "").split(":")[:_ARN_WITHOUT_VERSION])
