"""Sends invalidations to CloudFront, and asks whether they have finished."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from invalidator.aws.aws_errors import AwsError, code_of, failure_of
from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.core.request import Request
from invalidator.core.routing.documents.tenants import is_tenant
from invalidator.core.sent import Sent

if TYPE_CHECKING:
    from mypy_boto3_cloudfront.type_defs import (
        CreateInvalidationForDistributionTenantResultTypeDef,
        CreateInvalidationResultTypeDef,
        GetInvalidationForDistributionTenantResultTypeDef,
        GetInvalidationResultTypeDef,
        InvalidationBatchTypeDef,
    )


class CloudFrontInvalidations:
    """Invalidations of distributions and of their tenants, of every account the worker may ask."""

    def __init__(self, clients: CloudFrontClients) -> None:
        self._clients = clients

    def create(self, request: Request, role: str | None) -> Sent:
        """Send one request and return the invalidation as CloudFront dated it.

        A repeated reference is answered with the earlier invalidation, unpaid; where CloudFront says instead
        that it exists already, these very paths were sent for these very changes, and there is no date to keep.

        Raises BackPressure, Transient, InvalidPaths or Permanent.
        """
        paths = list(request.paths)
        client = self._clients.for_role(role)
        batch: InvalidationBatchTypeDef = {
            "Paths": {"Quantity": len(paths), "Items": paths},
            "CallerReference": request.reference,
        }
        answer: CreateInvalidationResultTypeDef | CreateInvalidationForDistributionTenantResultTypeDef
        try:
            if is_tenant(request.distribution):
                answer = client.create_invalidation_for_distribution_tenant(
                    Id=request.distribution, InvalidationBatch=batch
                )
            else:
                answer = client.create_invalidation(
                    DistributionId=request.distribution, InvalidationBatch=batch
                )
        except AwsError as error:
            if isinstance(error, ClientError) and code_of(error) == "InvalidationBatchAlreadyExists":
                return Sent(request.distribution, "", 0.0, tuple(paths))
            raise failure_of(error) from error
        invalidation = answer["Invalidation"]
        return Sent(
            request.distribution,
            invalidation["Id"],
            invalidation["CreateTime"].timestamp(),
            tuple(paths),
            tuple(request.paths.values()),
        )

    def completed(self, distribution: str, invalidation: str, role: str | None) -> bool:
        """Tell whether an invalidation has finished. Raises BackPressure, Transient or Permanent."""
        client = self._clients.for_role(role)
        answer: GetInvalidationResultTypeDef | GetInvalidationForDistributionTenantResultTypeDef
        try:
            if is_tenant(distribution):
                answer = client.get_invalidation_for_distribution_tenant(
                    DistributionTenantId=distribution, Id=invalidation
                )
            else:
                answer = client.get_invalidation(DistributionId=distribution, Id=invalidation)
        except AwsError as error:
            raise failure_of(error) from error
        return answer["Invalidation"]["Status"] == "Completed"
