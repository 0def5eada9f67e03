"""What CloudFront's answers mean to the worker. The table is the documentation."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError
from botocore.stub import Stubber

from invalidator.aws.cloudfront import CloudFrontInvalidations
from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.core.reasons import Reason
from invalidator.core.request import Request
from invalidator.core.sent import Sent
from invalidator.failures import BackPressure, InvalidPaths, Permanent, Transient

CREATED = datetime(2026, 11, 23, 12, 0, 5, 123000, tzinfo=UTC)
REQUEST = Request("E1", {"/a": 1.0, "/b/*": 2.0})
TENANT = Request("dt_1", {"/a": 1.0, "/b/*": 2.0})

MEANS: dict[str, tuple[type[Exception], str]] = {
    # error code: (what it means, for back-pressure whether the size can be the cause, else the reason)
    "TooManyInvalidationsInProgress": (BackPressure, "size"),
    "BatchTooLarge": (BackPressure, "size"),
    "Throttling": (BackPressure, "rate"),
    "ThrottlingException": (BackPressure, "rate"),
    "ThrottledException": (BackPressure, "rate"),
    "TooManyRequestsException": (BackPressure, "rate"),
    "RequestLimitExceeded": (BackPressure, "rate"),
    "RequestThrottled": (BackPressure, "rate"),
    "RequestThrottledException": (BackPressure, "rate"),
    "SlowDown": (BackPressure, "rate"),
    "InvalidArgument": (InvalidPaths, ""),
    "InconsistentQuantities": (InvalidPaths, ""),
    "MissingBody": (InvalidPaths, ""),
    "AccessDenied": (Permanent, Reason.ACCESS_DENIED),
    "AccessDeniedException": (Permanent, Reason.ACCESS_DENIED),
    "UnauthorizedOperation": (Permanent, Reason.ACCESS_DENIED),
    "NoSuchDistribution": (Permanent, Reason.DISTRIBUTION_GONE),
    "NoSuchResource": (Permanent, Reason.DISTRIBUTION_GONE),
    "EntityNotFound": (Permanent, Reason.DISTRIBUTION_GONE),
    "ServiceUnavailable": (Transient, ""),
    "InternalError": (Transient, ""),
    "ExpiredToken": (Transient, ""),
    "SignatureDoesNotMatch": (Transient, ""),
    "NobodyHasForeseenThis": (Transient, ""),
}


ASKS = {
    "create_invalidation": lambda cloudfront: cloudfront.create(REQUEST, None),
    "get_invalidation": lambda cloudfront: cloudfront.completed("E1", "I1", None),
    "create_invalidation_for_distribution_tenant": lambda cloudfront: cloudfront.create(TENANT, None),
    "get_invalidation_for_distribution_tenant": lambda cloudfront: cloudfront.completed("dt_1", "I1", None),
}


@pytest.fixture
def stub() -> Iterator[tuple[CloudFrontInvalidations, Stubber]]:
    client = boto3.client(
        "cloudfront", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    with Stubber(client) as stubber:
        yield CloudFrontInvalidations(CloudFrontClients(lambda *_, **__: client, lambda: 0.0)), stubber


def batch(request: Request) -> dict[str, Any]:
    return {
        "DistributionId": request.distribution,
        "InvalidationBatch": {
            "Paths": {"Quantity": len(request.paths), "Items": list(request.paths)},
            "CallerReference": request.reference,
        },
    }


def invalidation(status: str) -> dict[str, Any]:
    return {
        "Invalidation": {
            "Id": "I1",
            "Status": status,
            "CreateTime": CREATED,
            "InvalidationBatch": batch(REQUEST)["InvalidationBatch"],
        }
    }


def test_an_invalidation_comes_back_with_cloudfronts_own_time(stub):
    cloudfront, stubber = stub
    stubber.add_response("create_invalidation", invalidation("InProgress"), batch(REQUEST))
    sent = cloudfront.create(REQUEST, None)
    assert sent == Sent("E1", "I1", CREATED.timestamp(), ("/a", "/b/*"), (1.0, 2.0))


def test_a_tenant_is_invalidated_by_calls_of_its_own(stub):
    cloudfront, stubber = stub
    sent = {"Id": "dt_1", "InvalidationBatch": batch(TENANT)["InvalidationBatch"]}
    stubber.add_response("create_invalidation_for_distribution_tenant", invalidation("InProgress"), sent)
    assert cloudfront.create(TENANT, None) == Sent(
        "dt_1", "I1", CREATED.timestamp(), ("/a", "/b/*"), (1.0, 2.0)
    )
    for status, finished in (("InProgress", False), ("Completed", True)):
        stubber.add_response(
            "get_invalidation_for_distribution_tenant",
            invalidation(status),
            {"DistributionTenantId": "dt_1", "Id": "I1"},
        )
        assert cloudfront.completed("dt_1", "I1", None) is finished


@pytest.mark.parametrize(("status", "finished"), [("InProgress", False), ("Completed", True)])
def test_an_invalidation_has_finished_when_it_says_so(stub, status, finished):
    cloudfront, stubber = stub
    stubber.add_response("get_invalidation", invalidation(status), {"DistributionId": "E1", "Id": "I1"})
    assert cloudfront.completed("E1", "I1", None) is finished


@pytest.mark.parametrize("code", MEANS)
@pytest.mark.parametrize("call", ASKS)
def test_every_error_code_means_what_the_table_says(stub, code, call):
    cloudfront, stubber = stub
    kind, detail = MEANS[code]
    stubber.add_client_error(call, code, "said CloudFront", 400)
    with pytest.raises(kind, match="said CloudFront") as raised:
        ASKS[call](cloudfront)
    assert type(raised.value) is kind
    if isinstance(raised.value, BackPressure):
        assert raised.value.too_large == (detail == "size")
    if isinstance(raised.value, Permanent):
        assert raised.value.reason == detail


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="https://cloudfront"),
        ConnectTimeoutError(endpoint_url="https://cloudfront"),
        EndpointConnectionError(endpoint_url="https://cloudfront"),
        ConnectionClosedError(endpoint_url="https://cloudfront"),
        NoCredentialsError(),
        ResponseParserError("no XML"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_answer_is_a_passing_error(error):
    class Client:
        def create_invalidation(self, **_):
            raise error

        def get_invalidation(self, **_):
            raise error

    cloudfront = CloudFrontInvalidations(CloudFrontClients(lambda *_, **__: Client(), lambda: 0.0))
    with pytest.raises(Transient):
        cloudfront.create(REQUEST, None)
    with pytest.raises(Transient):
        cloudfront.completed("E1", "I1", None)


def test_what_exists_already_was_sent_and_has_no_date(stub):
    cloudfront, stubber = stub
    stubber.add_client_error("create_invalidation", "InvalidationBatchAlreadyExists", "exists", 409)
    assert cloudfront.create(REQUEST, None) == Sent("E1", "", 0.0, ("/a", "/b/*"))
