"""The fields of CloudFront's answers that routing needs, named as CloudFront names them."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict


def _listed(value: object) -> object:
    """CloudFront's lists are {"Quantity": n, "Items": [...]}, with Items left out when there are none."""
    if value is None:
        return []
    if isinstance(value, Mapping) and (value.get("Quantity", 0) == 0 or "Items" in value):
        return value.get("Items") or []
    return value


class _Fields(BaseModel):
    # Built when a first answer is read: most cold starts find the mapping in the table and read none.
    model_config = ConfigDict(defer_build=True)


class OriginFields(_Fields):
    Id: str
    DomainName: str
    OriginPath: str = ""


class MemberFields(_Fields):
    OriginId: str


class OriginGroupFields(_Fields):
    Id: str
    Members: Annotated[list[MemberFields], BeforeValidator(_listed)]


class FunctionFields(_Fields):
    EventType: str


class ForwardedFields(_Fields):
    QueryString: bool


class DefaultBehaviorFields(_Fields):
    TargetOriginId: str
    CachePolicyId: str | None = None
    ForwardedValues: ForwardedFields | None = None
    LambdaFunctionAssociations: Annotated[list[FunctionFields], BeforeValidator(_listed)] = []
    FunctionAssociations: Annotated[list[FunctionFields], BeforeValidator(_listed)] = []


class BehaviorFields(DefaultBehaviorFields):
    PathPattern: str


class ConfigFields(_Fields):
    Origins: Annotated[list[OriginFields], BeforeValidator(_listed)]
    OriginGroups: Annotated[list[OriginGroupFields], BeforeValidator(_listed)] = []
    DefaultCacheBehavior: DefaultBehaviorFields
    CacheBehaviors: Annotated[list[BehaviorFields], BeforeValidator(_listed)] = []
    DefaultRootObject: str | None = None
    Aliases: Annotated[list[str], BeforeValidator(_listed)] = []
    Enabled: bool = True


class DistributionFields(_Fields):
    Id: str
    DistributionConfig: ConfigFields


class SummaryFields(ConfigFields):
    Id: str


class QueryStringFields(_Fields):
    QueryStringBehavior: str


class CacheKeyFields(_Fields):
    QueryStringsConfig: QueryStringFields


class PolicyConfigFields(_Fields):
    ParametersInCacheKeyAndForwardedToOrigin: CacheKeyFields | None = None


class CachePolicyFields(_Fields):
    Id: str
    CachePolicyConfig: PolicyConfigFields
