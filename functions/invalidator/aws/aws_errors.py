"""The one table that decides what an AWS error means: a quota, a passing error, or the end of it.

Decided by error code, never by text. `InvalidationBatchAlreadyExists` and the throttling codes are not in the
SDK's model of CloudFront, so there are no exception classes to catch [aws-behaviour.md, CloudFront invalidations].
"""

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from invalidator.core.reasons import Reason
from invalidator.failures import BackPressure, Failure, InvalidPaths, Permanent, Transient

# An answer that is cut off or no XML at all is neither of the SDK's two families of errors.
AwsError = (ClientError, BotoCoreError, ResponseParserError)

TOO_LARGE = frozenset({"TooManyInvalidationsInProgress", "BatchTooLarge"})
TOO_FAST = frozenset({
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
})  # fmt: skip
# The last two are what a request without usable paths gets: the same search finds out which.
INVALID_PATHS = frozenset({"InvalidArgument", "InconsistentQuantities", "MissingBody"})
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
# The last is what the calls for distribution tenants answer (CloudFront API reference).
GONE = frozenset({"NoSuchDistribution", "NoSuchResource", "EntityNotFound"})


def code_of(error: ClientError | BotoCoreError | ResponseParserError) -> str:
    """Return the error code of a service's answer, or the kind of error where there was no answer."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return type(error).__name__


def failure_of(
    error: ClientError | BotoCoreError | ResponseParserError, denied: Reason = Reason.ACCESS_DENIED
) -> Failure:
    """Return what an error of the SDK means to the worker.

    Args:
        error: what the SDK raised, after its own retries.
        denied: the reason that a refused permission stands for; it depends on the call.

    A code that nobody has foreseen counts as passing: it is retried for a while and then given up with its text.
    """
    code = code_of(error)
    text = str(error)
    if code in TOO_LARGE:
        return BackPressure(text, too_large=True)
    if code in TOO_FAST:
        return BackPressure(text, too_large=False)
    if code in INVALID_PATHS:
        return InvalidPaths(text)
    if code in DENIED:
        return Permanent(text, denied)
    if code in GONE:
        return Permanent(text, Reason.DISTRIBUTION_GONE)
    return Transient(text)
