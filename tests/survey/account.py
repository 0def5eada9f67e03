"""An account's CloudFront behind the SDK's calls, in virtual time: latency, pages, a rate of calls, refusals."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

NONE = {"Quantity": 0}
OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
START = 1_795_000_000.0


@dataclass
class VirtualTime:
    """Time that passes when somebody waits; with several workers, each has a time of its own until they join."""

    at: float = START

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds

    def together(self, workers: int) -> Callable[..., Iterator[Any]]:
        """A `map` that does several things at a time: who is free first takes the next one."""

        def run(do: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
            free = [self.at] * workers
            results = []
            for item in items:
                first = free.index(min(free))
                self.at = free[first]
                results.append(do(item))
                free[first] = self.at
            self.at = max(free)
            return iter(results)

        return run


def error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"the service said {code}"}}, operation)


@dataclass
class Account:
    """CloudFront of one account, with the calls that a survey makes.

    Attributes:
        latency: seconds a call takes.
        rate: calls a second that are taken, 0 for any number.
        denied: what is refused: an operation, or a distribution's id, with the error code.
        calls: how often each operation was called.
        page: distributions in a page of the list.
        before: called before each call with the operation and the id, so that a test can change things in between.
    """

    time: VirtualTime
    latency: float = 0.0
    rate: int = 0
    page: int = 100
    distributions: dict[str, dict[str, Any]] = field(default_factory=dict)
    tenants: dict[str, dict[str, Any]] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)
    denied: dict[str, str] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    before: Callable[[str, str], None] = lambda *_: None
    repeats: bool = False
    _taken: Counter[int] = field(default_factory=Counter)
    _edits: int = 0

    def put(
        self,
        identifier: str,
        *origins: tuple[str, str],
        behaviors: Iterable[tuple[str, int]] = (),
        default: int = 0,
        root: str = "index.html",
        enabled: bool = True,
        deployed: bool = True,
        comment: str = "",
        policy: str = OPTIMIZED,
        function: bool = False,
        modified: float | None = None,
    ) -> None:
        """Make a distribution, or change one: behaviors are (pattern, origin's place), origins (host, OriginPath)."""
        self._edits += 1

        def behavior(target: int) -> dict[str, Any]:
            event = {"FunctionARN": "arn", "EventType": "viewer-request"}
            return {
                "TargetOriginId": f"o{target}",
                "ViewerProtocolPolicy": "allow-all",
                "CachePolicyId": policy,
                "FunctionAssociations": {"Quantity": 1, "Items": [event]} if function else NONE,
            }

        listed = [{**behavior(target), "PathPattern": pattern} for pattern, target in behaviors]
        self.distributions[identifier] = {
            "Id": identifier,
            "ETag": f"T{self._edits}",
            "LastModifiedTime": datetime.fromtimestamp(
                self.time.now() if modified is None else modified, UTC
            ),
            "Status": "Deployed" if deployed else "InProgress",
            "Enabled": enabled,
            "Comment": comment,
            "Aliases": NONE,
            "DefaultRootObject": root,
            "Origins": {
                "Quantity": len(origins),
                "Items": [
                    {"Id": f"o{at}", "DomainName": host, "OriginPath": path}
                    for at, (host, path) in enumerate(origins)
                ],
            },
            "DefaultCacheBehavior": behavior(default),
            "CacheBehaviors": {"Quantity": len(listed), "Items": listed} if listed else NONE,
        }

    def share(self, identifier: str, **defaults: str | None) -> None:
        """Make a distribution multi-tenant, with the parameters that its tenants may set and their defaults."""
        schemas: dict[str, dict[str, Any]] = {
            name: {"Required": default is None} | ({} if default is None else {"DefaultValue": default})
            for name, default in defaults.items()
        }
        definitions = [
            {"Name": name, "Definition": {"StringSchema": schema}} for name, schema in schemas.items()
        ]
        self.distributions[identifier] |= {
            "ConnectionMode": "tenant-only",
            "TenantConfig": {"ParameterDefinitions": definitions},
        }

    def rent(self, identifier: str, shared: str, *, enabled: bool = True, **parameters: str) -> None:
        """Make a tenant of a multi-tenant distribution, or change one."""
        self._edits += 1
        self.tenants[identifier] = {
            "Id": identifier,
            "DistributionId": shared,
            "ETag": f"T{self._edits}",
            "LastModifiedTime": datetime.fromtimestamp(self.time.now(), UTC),
            "Status": "Deployed",
            "Enabled": enabled,
            "Domains": [{"Domain": f"{identifier}.example.com", "Status": "active"}],
            "Parameters": [{"Name": name, "Value": value} for name, value in parameters.items()],
        }

    def list_distribution_tenants(
        self,
        AssociationFilter: dict[str, str],
        Marker: str = "",
    ) -> dict[str, Any]:
        self._call("list_distribution_tenants", Marker)
        shared = AssociationFilter["DistributionId"]
        names = [each for each in sorted(self.tenants) if self.tenants[each]["DistributionId"] == shared]
        start = int(Marker or 0)
        items = [
            {name: value for name, value in self.tenants[each].items() if name != "Parameters"}
            for each in names[start : start + self.page]
        ]
        answer: dict[str, Any] = {"DistributionTenantList": items} if items else {}
        if self.repeats:
            answer["NextMarker"] = "0"
        elif start + self.page < len(names):
            answer["NextMarker"] = str(start + self.page)
        return answer

    def get_distribution_tenant(self, Identifier: str) -> dict[str, Any]:
        self._call("get_distribution_tenant", Identifier)
        if Identifier not in self.tenants:
            raise error("EntityNotFound", "GetDistributionTenant")
        found = self.tenants[Identifier]
        return {"ETag": found["ETag"], "DistributionTenant": found}

    def deploy(self, identifier: str) -> None:
        """All edges have the newest configuration now. CloudFront changes the status alone."""
        self.distributions[identifier]["Status"] = "Deployed"

    def list_distributions(self, Marker: str = "") -> dict[str, Any]:
        self._call("list_distributions", Marker)
        start = int(Marker or 0)
        names = sorted(self.distributions)[start : start + self.page]
        more = start + self.page < len(self.distributions)
        items = [
            {name: value for name, value in self.distributions[each].items() if name != "DefaultRootObject"}
            for each in names
        ]
        answer: dict[str, Any] = {"IsTruncated": more or self.repeats, "Quantity": len(items)}
        if items:
            answer["Items"] = items
        if self.repeats:
            answer["NextMarker"] = "0"
        elif more:
            answer["NextMarker"] = str(start + self.page)
        return {"DistributionList": answer}

    def get_distribution_config(self, Id: str) -> dict[str, Any]:
        self._call("get_distribution_config", Id)
        if Id not in self.distributions:
            raise error("NoSuchDistribution", "GetDistributionConfig")
        found = self.distributions[Id]
        return {"ETag": found["ETag"], "DistributionConfig": found}

    def get_cache_policy(self, Id: str) -> dict[str, Any]:
        self._call("get_cache_policy", Id)
        if Id not in self.policies:
            raise error("AccessDenied", "GetCachePolicy")
        strings = {"QueryStringBehavior": self.policies[Id]}
        key = {"QueryStringsConfig": strings}
        return {
            "CachePolicy": {"Id": Id, "CachePolicyConfig": {"ParametersInCacheKeyAndForwardedToOrigin": key}}
        }

    def _call(self, operation: str, identifier: str) -> None:
        self.before(operation, identifier)
        self.calls[operation] += 1
        second = int(self.time.now())
        self.time.sleep(self.latency)
        if self.rate:
            if self._taken[second] >= self.rate:
                raise error("Throttling", operation)
            self._taken[second] += 1
        for each in (operation, identifier):
            if each in self.denied:
                raise error(self.denied[each], operation)


def s3(bucket: str, path: str = "") -> tuple[str, str]:
    return f"{bucket}.s3.eu-west-1.amazonaws.com", path
