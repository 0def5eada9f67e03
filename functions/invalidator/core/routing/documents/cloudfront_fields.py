"""The fields of CloudFront's answers that routing needs, named as CloudFront names them.

CloudFront leaves out what is not set; clients in Go write null in its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from pydantic import BeforeValidator

_T = TypeVar("_T")


def _listed(value: object) -> object:
    """CloudFront's lists are {"Quantity": n, "Items": [...]}, with Items left out when there are none."""
    if value is None:
        return []
    if isinstance(value, Mapping) and (value.get("Quantity", 0) == 0 or "Items" in value):
        return value.get("Items") or []
    return value


Listed = Annotated[list[_T], BeforeValidator(_listed)]


@dataclass(frozen=True, kw_only=True)
class OriginFields:
    """An origin: where CloudFront fetches what it does not have."""

    Id: str
    DomainName: str
    OriginPath: str | None = None


@dataclass(frozen=True, kw_only=True)
class MemberFields:
    """An origin, as a member of a group."""

    OriginId: str


@dataclass(frozen=True, kw_only=True)
class OriginGroupFields:
    """Origins of which the second answers where the first fails."""

    Id: str
    Members: Listed[MemberFields]


@dataclass(frozen=True, kw_only=True)
class FunctionFields:
    """A CloudFront function or Lambda@Edge at a cache behavior: when it runs, and which it is."""

    EventType: str
    FunctionARN: str = ""
    LambdaFunctionARN: str = ""


@dataclass(frozen=True, kw_only=True)
class ForwardedFields:
    """What a cache behavior without a cache policy forwards, and so caches by; where it is not said, by all."""

    QueryString: bool = True


@dataclass(frozen=True, kw_only=True)
class DefaultBehaviorFields:
    """The cache behavior of what no other takes."""

    TargetOriginId: str
    CachePolicyId: str | None = None
    ForwardedValues: ForwardedFields | None = None
    MinTTL: int = 0
    MaxTTL: int | None = None
    LambdaFunctionAssociations: Listed[FunctionFields] = field(default_factory=list)
    FunctionAssociations: Listed[FunctionFields] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class BehaviorFields(DefaultBehaviorFields):
    """A cache behavior, and the paths that it takes."""

    PathPattern: str


@dataclass(frozen=True, kw_only=True)
class ErrorFields:
    """A custom error response."""

    ErrorCode: int
    ResponsePagePath: str = ""
    ResponseCode: str = ""
    ErrorCachingMinTTL: int = 10  # the API's default


@dataclass(frozen=True, kw_only=True)
class CacheTagFields:
    """Which header of an origin's answer holds the answer's cache tags."""

    HeaderName: str = ""


@dataclass(frozen=True, kw_only=True)
class StringFields:
    """What value a tenant's parameter may have."""

    DefaultValue: str | None = None


@dataclass(frozen=True, kw_only=True)
class DefinitionFields:
    """What kind of value a tenant's parameter has."""

    StringSchema: StringFields = field(default_factory=StringFields)


@dataclass(frozen=True, kw_only=True)
class ParameterFields:
    """A parameter that tenants may set."""

    Name: str
    Definition: DefinitionFields = field(default_factory=DefinitionFields)


@dataclass(frozen=True, kw_only=True)
class TenantConfigFields:
    """What the tenants of a multi-tenant distribution have in common."""

    ParameterDefinitions: Listed[ParameterFields] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class DomainFields:
    """A domain name of a tenant."""

    Domain: str


@dataclass(frozen=True, kw_only=True)
class ValueFields:
    """A parameter as a tenant sets it."""

    Name: str
    Value: str


@dataclass(frozen=True, kw_only=True)
class TenantFields:
    """What GetDistributionTenant answers."""

    Id: str
    DistributionId: str
    Domains: Listed[DomainFields] = field(default_factory=list)
    Parameters: Listed[ValueFields] = field(default_factory=list)
    Enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class ConfigFields:
    """A distribution's configuration."""

    Origins: Listed[OriginFields]
    OriginGroups: Listed[OriginGroupFields] = field(default_factory=list)
    DefaultCacheBehavior: DefaultBehaviorFields
    CacheBehaviors: Listed[BehaviorFields] = field(default_factory=list)
    DefaultRootObject: str | None = None
    CustomErrorResponses: Listed[ErrorFields] = field(default_factory=list)
    CacheTagConfig: CacheTagFields | None = None
    TenantConfig: TenantConfigFields | None = None
    Aliases: Listed[str] = field(default_factory=list)
    Enabled: bool | None = None


@dataclass(frozen=True, kw_only=True)
class DistributionFields:
    """What GetDistribution and GetDistributionConfig answer, with the id beside the configuration."""

    Id: str
    DistributionConfig: ConfigFields


@dataclass(frozen=True, kw_only=True)
class SummaryFields(ConfigFields):
    """One item of what ListDistributions answers: the id among the configuration."""

    Id: str


@dataclass(frozen=True, kw_only=True)
class QueryStringFields:
    """Which query strings a cache key holds."""

    QueryStringBehavior: str


@dataclass(frozen=True, kw_only=True)
class CacheKeyFields:
    """What a cache key holds beside the path."""

    QueryStringsConfig: QueryStringFields


@dataclass(frozen=True, kw_only=True)
class PolicyConfigFields:
    """A cache policy's configuration."""

    ParametersInCacheKeyAndForwardedToOrigin: CacheKeyFields | None = None
    MinTTL: int = 0
    MaxTTL: int | None = None


@dataclass(frozen=True, kw_only=True)
class CachePolicyFields:
    """What GetCachePolicy answers."""

    Id: str
    CachePolicyConfig: PolicyConfigFields
