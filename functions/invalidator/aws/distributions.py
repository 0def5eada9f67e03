"""Finds out which distributions serve which bucket: one paginated scan answers for all buckets.

There is no call that lists distributions by origin, and a listing has no DefaultRootObject: distributions with
an S3 origin are asked for their configuration one by one [aws-behaviour.md, Distributions].
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from invalidator.aws.aws_errors import AwsError, failure_of
from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.core.reasons import Reason
from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.distribution_config import (
    CachePolicy,
    DistributionError,
    read_cache_policy,
    read_distribution,
)
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.survey import Survey
from invalidator.failures import Failure, Permanent

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient

_logger = logging.getLogger(__name__)


class CloudFrontDiscovery:
    """Scans CloudFront for distributions."""

    def __init__(self, clients: CloudFrontClients) -> None:
        self._clients = clients

    def scan(self, pins: Sequence[Pin]) -> Mapping[str, tuple[Distribution, ...]]:
        """Return bucket → distributions, discovered and pinned.

        Raises BackPressure, Transient, or Permanent (mapping-denied) where listing is not allowed.
        """
        survey = self.survey(pins)
        for each in survey.unreadable:
            _logger.error(
                "distribution %s cannot be read (%s); served buckets, as far as seen: %s",
                ascii(each.distribution) if each.distribution else "without an id",
                each.why,
                ", ".join(each.buckets) or "none",
            )
        return survey.serving

    def survey(self, pins: Sequence[Pin]) -> Survey:
        """Look at every enabled distribution of the own account, and at every pinned one.

        Staging distributions are included: they have their own cache. One that reveals no bucket is not asked
        for its configuration. One that cannot be read does not end the survey. Raises as `scan` does.
        """
        found = Survey()
        client = self._clients.for_role(None)
        policies: dict[str, CachePolicy] = {}
        for summary in _summaries(client):
            if not summary.get("Enabled", True):
                continue
            try:
                distribution = read_distribution(summary, policies)
                if any(each.bucket for each in distribution.origins):
                    detailed = self.configured(distribution.id, None, policies)
                    if detailed is None:
                        continue  # deleted between the two calls
                    distribution = detailed
            except DistributionError as error:
                found.add_unreadable(summary, str(error))
                continue
            found.add(distribution)
            if summary.get("ConnectionMode") == "tenant-only":
                found.add_tenants(distribution)
        found.pin([(pin, self._pinned(pin)) for pin in pins])
        return found

    def configured(
        self, identifier: str, role: str | None, policies: dict[str, CachePolicy] | None = None
    ) -> Distribution | None:
        """Return a distribution with all that only its configuration tells; None where there is none.

        Args:
            identifier: the distribution's id.
            role: ARN of the role to ask with, None for the own account.
            policies: cache policies known so far, by id; what is learned is added.

        Raises:
            Failure: CloudFront cannot be asked, or refuses.
            DistributionError: the answer is not what this version reads.
        """
        client = self._clients.for_role(role)
        known = {} if policies is None else policies
        try:
            config = client.get_distribution_config(Id=identifier)["DistributionConfig"]
        except AwsError as error:
            failure = failure_of(error, denied=Reason.MAPPING_DENIED)
            if isinstance(failure, Permanent) and failure.reason is Reason.DISTRIBUTION_GONE:
                return None
            raise failure from error
        document = {"Id": identifier, "DistributionConfig": config}
        distribution = read_distribution(document, known)
        if not distribution.unknown_policies:
            return distribution
        for policy in distribution.unknown_policies:
            _learn_policy(client, policy, known)
        return read_distribution(document, known)

    def _pinned(self, pin: Pin) -> Distribution | None:
        """Return a pinned distribution's configuration, None where it cannot be had: then every path counts."""
        try:
            return self.configured(pin.distribution, pin.role)
        except (Failure, DistributionError):
            return None


def _summaries(client: "CloudFrontClient") -> Iterator[Any]:
    try:
        for page in client.get_paginator("list_distributions").paginate():
            # Items is absent when there are none [aws-behaviour.md, Distributions].
            yield from page["DistributionList"].get("Items") or ()
    except AwsError as error:
        raise failure_of(error, denied=Reason.MAPPING_DENIED) from error


def _learn_policy(client: "CloudFrontClient", policy: str, policies: dict[str, CachePolicy]) -> None:
    try:
        identifier, learned = read_cache_policy(client.get_cache_policy(Id=policy))
    except (*AwsError, DistributionError):
        return  # it counts as keyed on query strings: wider, never stale
    policies[identifier] = learned
