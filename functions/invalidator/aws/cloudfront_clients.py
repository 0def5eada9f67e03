"""CloudFront clients: the worker's own, and one for each role that a pinned route names."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from invalidator.aws.aws_errors import AwsError, failure_of
from invalidator.core.reasons import Reason

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient

# An assumed role's session lasts an hour; a client is made anew well before.
SESSION_SECONDS = 3600
RENEW_AFTER_SECONDS = 2700.0


class CloudFrontClients:
    """Hands out a CloudFront client for a role, assuming it when first needed.

    Args:
        make: makes a client of a service, with credentials as keyword arguments where they are not the own.
        now: tells the time, epoch seconds.
    """

    def __init__(self, make: Callable[..., Any], now: Callable[[], float]) -> None:
        self._make = make
        self._now = now
        self._made: dict[str | None, tuple[float, CloudFrontClient]] = {}

    def for_role(self, role: str | None) -> "CloudFrontClient":
        """Return the client for `role` (an ARN; None for the worker's own account).

        Raises Permanent (role-refused) where the role may not be assumed, Transient where STS cannot be asked.
        """
        made, client = self._made.get(role, (float("-inf"), None))
        if client is None or (role is not None and self._now() - made > RENEW_AFTER_SECONDS):
            client = (
                self._make("cloudfront") if role is None else self._make("cloudfront", **self._assume(role))
            )
            self._made[role] = self._now(), client
        return client

    def _assume(self, role: str) -> dict[str, str]:
        try:
            credentials = self._make("sts").assume_role(
                RoleArn=role, RoleSessionName="cloudfront-invalidator", DurationSeconds=SESSION_SECONDS
            )["Credentials"]
        except AwsError as error:
            raise failure_of(error, denied=Reason.ROLE_REFUSED) from error
        return {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        }
