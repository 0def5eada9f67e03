"""A role is assumed when first needed, once, and again before its session ends."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from invalidator.aws.cloudfront import CloudFrontInvalidations
from invalidator.aws.cloudfront_clients import RENEW_AFTER_SECONDS, SESSION_SECONDS, CloudFrontClients
from invalidator.core.reasons import Reason
from invalidator.core.request import Request
from invalidator.failures import BackPressure, Permanent, Transient

ROLE = "arn:aws:iam::222233334444:role/cdn"


class Sdk:
    """Makes clients, and remembers what for."""

    def __init__(self, error: Exception | None = None) -> None:
        self.made: list[tuple[str, dict[str, str]]] = []
        self.assumed: list[dict[str, Any]] = []
        self.error = error
        self.now = 0.0

    def clients(self) -> CloudFrontClients:
        return CloudFrontClients(self.make, lambda: self.now)

    def make(self, service: str, **credentials: str) -> Any:
        self.made.append((service, credentials))
        return self if service == "sts" else object()

    def assume_role(self, **arguments: Any) -> Any:
        if self.error is not None:
            raise self.error
        self.assumed.append(arguments)
        number = len(self.assumed)
        return {
            "Credentials": {
                "AccessKeyId": f"AK{number}",
                "SecretAccessKey": "secret",
                "SessionToken": f"token{number}",
            }
        }


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "said STS"}}, "AssumeRole")


def test_the_own_account_is_asked_with_the_functions_own_role_and_one_client():
    sdk = Sdk()
    clients = sdk.clients()
    assert clients.for_role(None) is clients.for_role(None)
    sdk.now = 10 * SESSION_SECONDS
    clients.for_role(None)
    assert sdk.made == [("cloudfront", {})]


def test_a_role_is_assumed_once_and_its_credentials_are_used():
    sdk = Sdk()
    clients = sdk.clients()
    assert clients.for_role(ROLE) is clients.for_role(ROLE)
    assert [each["RoleArn"] for each in sdk.assumed] == [ROLE]
    assert sdk.made[-1] == (
        "cloudfront",
        {
            "aws_access_key_id": "AK1",
            "aws_secret_access_key": "secret",
            "aws_session_token": "token1",
        },
    )


def test_a_session_is_renewed_well_before_it_ends():
    sdk = Sdk()
    clients = sdk.clients()
    first = clients.for_role(ROLE)
    sdk.now = RENEW_AFTER_SECONDS
    assert clients.for_role(ROLE) is first
    sdk.now = RENEW_AFTER_SECONDS + 1
    assert clients.for_role(ROLE) is not first
    assert len(sdk.assumed) == 2
    assert sdk.assumed[0]["DurationSeconds"] > RENEW_AFTER_SECONDS + 600


def test_roles_have_clients_of_their_own():
    sdk = Sdk()
    clients = sdk.clients()
    assert clients.for_role(ROLE) is not clients.for_role(None)
    clients.for_role(ROLE.replace("2222", "5555"))
    assert len(sdk.assumed) == 2


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refused("AccessDenied"), Permanent),
        (refused("Throttling"), BackPressure),
        (refused("RegionDisabledException"), Transient),
        (refused("InternalFailure"), Transient),
        (ReadTimeoutError(endpoint_url="https://sts"), Transient),
    ],
)
def test_a_role_that_cannot_be_assumed_fails_the_call_that_needs_it_and_is_tried_again(error, kind):
    sdk = Sdk(error)
    cloudfront = CloudFrontInvalidations(sdk.clients())
    for _ in range(2):
        with pytest.raises(kind) as raised:
            cloudfront.create(Request("E1", {"/a": 1.0}), ROLE)
        if isinstance(raised.value, Permanent):
            assert raised.value.reason is Reason.ROLE_REFUSED
    assert [service for service, _ in sdk.made] == ["sts", "sts"]
