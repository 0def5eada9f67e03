"""What the local account has for viewers: its distributions and tenants, read anew when something changed."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from infra.local.edge.cache_policies import MANAGED, CachePolicy, read_cache_policy
from infra.local.edge.distributions import Distribution, read_distribution, tenant_of, unread
from infra.local.edge.documents import MALFORMED, said

_TENANT_ONLY = "tenant-only"


class Account:
    """Reads an account's distributions. Not for several threads at once.

    Args:
        cloudfront: an SDK client.
    """

    def __init__(self, cloudfront: Any) -> None:
        self._cloudfront = cloudfront
        self._configs: dict[str, tuple[str, Mapping[str, Any]]] = {}
        self._policies: dict[str, CachePolicy] = {}

    def distributions(self) -> list[Distribution]:
        """Return the distributions and tenants that there are now; only configurations that changed are read again.

        One that cannot be read is not modelled. Raises the SDK's errors where the account cannot be listed.
        """
        found = []
        configs = {}
        self._policies.clear()
        for summary in self._pages("list_distributions", "DistributionList"):
            identity = summary["Id"]
            etag = summary.get("ETag") or ""
            known = self._configs.get(identity)
            if known is None or not etag or known[0] != etag:
                try:
                    answer = self._cloudfront.get_distribution_config(Id=identity)
                except ClientError as error:
                    code = error.response["Error"]["Code"]
                    if code != "NoSuchDistribution":  # else deleted since it was listed
                        found.append(
                            unread(identity, summary.get("DomainName", ""), f"it cannot be read: {code}")
                        )
                    continue
                known = answer["ETag"], answer["DistributionConfig"]
            configs[identity] = known
            read = self._read(identity, summary.get("DomainName", ""), known[1])
            found.append(read)
            if known[1].get("ConnectionMode") == _TENANT_ONLY:
                try:
                    found += list(self._tenants(read, known[1]))
                except ClientError as error:
                    why = f"its tenants cannot be listed: {error.response['Error']['Code']}"
                    found[-1] = unread(identity, summary.get("DomainName", ""), why)
        self._configs = configs
        return found

    def _read(self, identity: str, domain: str, config: Mapping[str, Any]) -> Distribution:
        try:
            behaviors = [
                *((config.get("CacheBehaviors") or {}).get("Items") or []),
                config["DefaultCacheBehavior"],
            ]
            policies = {each.get("CachePolicyId") for each in behaviors} - {None, "", *MANAGED}
        except MALFORMED as error:
            return unread(identity, domain, f"its configuration: {said(error)}")
        for policy in policies - self._policies.keys():
            self._read_policy(policy)
        return read_distribution(identity, domain, config, self._policies)

    def _read_policy(self, identity: str) -> None:
        try:
            found = self._cloudfront.get_cache_policy(Id=identity)
        except ClientError:
            return  # its behaviors are answered as "not modelled", which names it
        try:
            self._policies[identity] = read_cache_policy(found["CachePolicy"]["CachePolicyConfig"])
        except MALFORMED:
            return  # of a kind that came after this was written: not guessed either

    def _tenants(self, shared: Distribution, config: Mapping[str, Any]) -> Iterator[Distribution]:
        definitions = (config.get("TenantConfig") or {}).get("ParameterDefinitions") or []
        asked = {"AssociationFilter": {"DistributionId": shared.id}}
        marker: dict[str, str] = {}
        while True:
            answer = self._cloudfront.list_distribution_tenants(**asked, **marker)
            for summary in answer.get("DistributionTenantList") or []:
                try:
                    found = self._cloudfront.get_distribution_tenant(Identifier=summary["Id"])
                except ClientError as error:
                    yield unread(summary["Id"], "", f"it cannot be read: {error.response['Error']['Code']}")
                else:
                    yield tenant_of(shared, found["DistributionTenant"], definitions)
            if not answer.get("NextMarker"):
                return
            marker = {"Marker": answer["NextMarker"]}

    def _pages(self, operation: str, result: str) -> Iterator[Mapping[str, Any]]:
        for page in self._cloudfront.get_paginator(operation).paginate():
            yield from page[result].get("Items") or []
