"""Asks CloudFront for its distributions: one paginated list, and the configuration of those that are asked for.

There is no call that lists distributions by origin, and a list has no DefaultRootObject: what matters is asked for
one by one, several at a time [aws-behaviour.md, Distributions].
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from invalidator.aws.aws_errors import AwsError, failure_of
from invalidator.aws.call_pace import CallPace
from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.core.reasons import Reason
from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.documents.distribution_config import (
    DistributionError,
    read_cache_policy,
    read_distribution,
    read_tenant,
)
from invalidator.core.routing.documents.listed import Listed, listed_tenant, read_listed
from invalidator.core.routing.documents.tenants import TenantError, is_tenant, routing_of
from invalidator.failures import BackPressure, Failure, Permanent, Transient
from invalidator.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient

# Calls under way at a time. At 0.15 s a call, 500 distributions take ten seconds; the SDK's pool has ten connections.
AT_A_TIME = 8
# A call that fails in passing, the SDK's own tries included, is made so often; one refused for its rate, until the end.
MOST_TRIES = 2
_T = TypeVar("_T")
_R = TypeVar("_R")


class Together(Protocol):
    """Does several things at a time, as `concurrent.futures.Executor.map` does."""

    def __call__(self, do: Callable[[_T], _R], items: Iterable[_T], /) -> Iterator[_R]:
        """Yield what `do` returns for each of the items, in their order."""


class CloudFrontDistributions:
    """CloudFront's distributions: the list, and configurations.

    Args:
        clients: CloudFront, as the worker and as the roles of pinned routes. Its own client is made before threads ask.
        clock: tells the time, and waits.
        together: asks for several configurations at a time.
    """

    def __init__(self, clients: CloudFrontClients, clock: Clock, together: Together = map) -> None:
        self._clients = clients
        self._clock = clock
        self._together = together
        self._pace = CallPace(clock)
        self._policies: dict[str, Any] = {}
        self._refused: set[str] = set()
        self._shared: dict[str, Distribution] = {}

    def listed(self, pinned: Collection[str], deadline: float) -> Iterator[Listed]:
        """Yield every distribution of the own account, staging ones included: they have a cache of their own.

        A custom cache policy is asked for once in each listing: it changes without its distributions. Raises Failure
        where the list does not come to its end: refused, out of time, or pages that repeat.
        """
        self._policies = {}
        self._refused = set()
        self._shared = {}
        unsure: set[str] = set()
        client = self._clients.for_role(None)
        marker, seen = "", {""}
        while True:
            asked = {"Marker": marker} if marker else {}
            answer = self._asked(partial(client.list_distributions, **asked), deadline)
            page = answer["DistributionList"]
            # Items is absent when there are none [aws-behaviour.md, Distributions].
            for summary in page.get("Items") or ():
                yield self._read(client, summary, pinned, unsure, deadline)
            marker = page.get("NextMarker") or ""
            if not page.get("IsTruncated"):
                return
            # Also where there is none: a list that says it goes on, and not where, is a part.
            if marker in seen:
                raise Transient(f"ListDistributions answers the page after marker {marker!r} again")
            seen.add(marker)

    def tenants(self, shared: Listed, deadline: float) -> Iterator[Listed]:
        """Yield the tenants of a multi-tenant distribution; see `invalidator.ports.Distributions`."""
        if shared.routing is None:
            raise Permanent(shared.why, Reason.MAPPING_DENIED)
        client = self._clients.for_role(None)
        marker, seen = "", {""}
        while True:
            asked: Any = {"AssociationFilter": {"DistributionId": shared.id}}
            asked |= {"Marker": marker} if marker else {}
            answer = self._asked(partial(client.list_distribution_tenants, **asked), deadline)
            for summary in answer.get("DistributionTenantList") or ():
                yield listed_tenant(summary, shared, shared.routing)
            marker = answer.get("NextMarker") or ""
            if not marker:
                return
            if marker in seen:
                raise Transient(f"ListDistributionTenants answers the page after marker {marker!r} again")
            seen.add(marker)

    def configured(
        self, targets: Iterable[str], deadline: float
    ) -> Iterator[tuple[str, Distribution | Failure]]:
        """Ask for configurations, several at a time; see `invalidator.ports.Distributions`."""

        def ask(target: str) -> tuple[str, Distribution | Failure]:
            try:
                return target, self.configuration(target, None, deadline)[0]
            except Failure as failure:
                return target, failure

        self._clients.for_role(None)
        yield from self._together(ask, targets)

    def configuration(
        self, target: str, role: str | None, deadline: float = float("inf")
    ) -> tuple[Distribution, str]:
        """Return a distribution, or a tenant of one, with all that only its configuration tells, and its ETag.

        Args:
            target: its id; a tenant's begins with "dt_".
            role: ARN of the role to ask with, None for the own account.
            deadline: no call is made later, epoch seconds.

        Raises:
            Failure: CloudFront cannot be asked; Permanent where it refuses, has none such, or answers what this
                version does not read.
        """
        client = self._clients.for_role(role)
        if is_tenant(target):
            return self._tenant(client, target, role, deadline)
        answer = self._asked(partial(client.get_distribution_config, Id=target), deadline)
        document = {"Id": target, "DistributionConfig": answer["DistributionConfig"]}
        # Another account's policies are its own: its ids are asked for with its role.
        policies = self._policies if role is None else {}
        try:
            found = read_distribution(document, policies)
            unknown = [
                each for each in found.unknown_policies if self._learned(client, each, policies, deadline)
            ]
            return read_distribution(document, policies) if unknown else found, answer.get("ETag", "")
        except DistributionError as error:
            raise Permanent(
                f"its configuration is not what this version reads: {error}", Reason.MAPPING_DENIED
            ) from error

    def _tenant(
        self, client: "CloudFrontClient", target: str, role: str | None, deadline: float
    ) -> tuple[Distribution, str]:
        """Return a tenant's routing, which is the multi-tenant distribution's with its own parameters, and its ETag."""
        answer = self._asked(partial(client.get_distribution_tenant, Identifier=target), deadline)
        try:
            tenant = read_tenant(answer)
            # Its tenants share it: asked for once in each listing of the own account.
            shared = self._shared.get(tenant.distribution) if role is None else None
            if shared is None:
                shared = self.configuration(tenant.distribution, role, deadline)[0]
                if role is None:
                    self._shared[tenant.distribution] = shared
            return routing_of(tenant, shared), answer.get("ETag", "")
        except (DistributionError, TenantError) as error:
            raise Permanent(str(error), Reason.MAPPING_DENIED) from error

    def _read(
        self,
        client: "CloudFrontClient",
        summary: Any,
        pinned: Collection[str],
        unsure: set[str],
        deadline: float,
    ) -> Listed:
        found = read_listed(summary, self._policies)
        if not found.enabled or found.routing is None or not (found.reveals or found.id in pinned):
            return found
        learned = False
        for policy in found.routing.unknown_policies:
            try:
                learned |= policy not in unsure and self._learned(client, policy, self._policies, deadline)
            except Failure:
                unsure.add(policy)
        doubtful = not unsure.isdisjoint(found.routing.unknown_policies)
        return read_listed(summary, self._policies, unsure=doubtful) if learned or doubtful else found

    def _learned(
        self, client: "CloudFrontClient", policy: str, policies: dict[str, Any], deadline: float
    ) -> bool:
        """Learn a cache policy; False where it may not be read: it counts as keyed on query strings.

        That is wider, never stale. Raises Failure where it cannot be asked for just now.
        """
        if policy in self._refused:
            return False
        try:
            identifier, learned = read_cache_policy(
                self._asked(partial(client.get_cache_policy, Id=policy), deadline)
            )
        except (Permanent, DistributionError):
            self._refused.add(policy)
            return False
        policies[identifier] = learned
        return identifier == policy

    def _asked(self, call: Callable[[], Any], deadline: float) -> Any:
        """Make a call in its turn, again while it is refused for its rate. Raises Failure."""
        failed = 0
        last: Failure = Transient("out of time before CloudFront could be asked")
        while self._pace.wait(deadline):
            try:
                answer = call()
            except AwsError as error:
                last = failure_of(error, denied=Reason.MAPPING_DENIED)
                if isinstance(last, BackPressure):
                    self._pace.refused()
                    continue
                failed += 1
                if not isinstance(last, Transient) or failed >= MOST_TRIES:
                    raise last from error
            else:
                self._pace.taken()
                return answer
        raise last
