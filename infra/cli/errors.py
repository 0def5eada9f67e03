"""What a command says when it cannot do its work, one line that names the cause and the fix; and its exit codes."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from botocore import exceptions

from invalidator.failures import Failure

# Besides 0, done, and 1, an error.
PARTLY_DONE = 2
NOT_EMPTY = 3
# What a shell calls a command that Ctrl-C ended.
INTERRUPTED = 130
IN_PARTS = "interrupted; part of it may be done: run it again, what is done already is left as it is"


class CommandError(Exception):
    """An expected failure of a command; its text is the line a person reads."""


class StoppedError(CommandError):
    """Ctrl-C; its text says what is done and what is not."""


@contextmanager
def interrupted_says(line: Callable[[], str]) -> Iterator[None]:
    """Turn Ctrl-C in the block into the line that says what is done and what is not."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise StoppedError(line()) from error


DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "UnauthorizedOperation",
        "Forbidden",
        "403",
    }
)
# IAM's names of what a call needs, where they are not the call's.
_ACTIONS = {
    "HeadObject": "s3:GetObject",
    "HeadBucket": "s3:ListBucket",
    "ListBuckets": "s3:ListAllMyBuckets",
    "ListObjectsV2": "s3:ListBucket",
    "GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "Invoke": "lambda:InvokeFunction",
    "ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "DeleteMessageBatch": "sqs:DeleteMessage",
    "SendMessageBatch": "sqs:SendMessage",
}
_SERVICES = {
    "cloudformation": "DescribeStacks DescribeStackResource",
    "cloudfront": "CreateInvalidation GetCachePolicy GetDistribution GetDistributionConfig GetDistributionTenant "
    "GetInvalidation GetInvalidationForDistributionTenant ListDistributionTenants ListDistributions",
    "cloudwatch": "DescribeAlarms GetMetricStatistics",
    "dynamodb": "BatchGetItem BatchWriteItem DeleteItem DescribeContinuousBackups DescribeTable DescribeTimeToLive "
    "GetItem PutItem Query UpdateContinuousBackups UpdateItem UpdateTimeToLive",
    "events": "DescribeRule EnableRule ListRuleNamesByTarget",
    "kms": "DescribeKey GetKeyPolicy",
    "lambda": "GetEventSourceMapping GetFunctionConfiguration ListEventSourceMappings UpdateEventSourceMapping",
    "logs": "FilterLogEvents",
    "sqs": "GetQueueAttributes ListMessageMoveTasks ReceiveMessage SendMessage SetQueueAttributes StartMessageMoveTask",
    "sts": "AssumeRole GetCallerIdentity",
}
_ACTIONS |= {name: f"{service}:{name}" for service, names in _SERVICES.items() for name in names.split()}
_NAMED = re.compile(r"perform: ([a-z0-9-]+:\w+)", re.IGNORECASE)
_BY_CODE = {
    "AWS.SimpleQueueService.NonExistentQueue": "the stack's queue does not exist any more; deploy with: make deploy",
    "ExpiredToken": "the AWS credentials have expired; sign in again",
    "ExpiredTokenException": "the AWS credentials have expired; sign in again",
    "InvalidClientTokenId": "the AWS credentials are not valid; check --profile or AWS_ACCESS_KEY_ID",
    "UnrecognizedClientException": "the AWS credentials are not valid; check --profile or AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "the AWS credentials are not valid; check AWS_SECRET_ACCESS_KEY",
}


def explain_aws_error(error: exceptions.BotoCoreError | exceptions.ClientError) -> str:
    """Return the line for an error of the SDK: what AWS refused, and what to do where that is known."""
    if isinstance(error, exceptions.ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        message = error.response.get("Error", {}).get("Message", "")
        denied = _denied(error.operation_name, code, message) if code in DENIED else ""
        return denied or _BY_CODE.get(code, f"AWS refused {error.operation_name}: {code}: {message}")
    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        return "no AWS credentials found; sign in, or name a profile with --profile"
    if isinstance(error, exceptions.ProfileNotFound):
        return f"{error}; see: aws configure list-profiles"
    if isinstance(error, exceptions.NoRegionError):
        return "no AWS region given; name one with --region, or set AWS_REGION"
    if isinstance(error, exceptions.EndpointConnectionError):
        return f"{error}; check --region and the network"
    return str(error)


def in_words(failure: Failure) -> str:
    """Return what a failure of the worker's services means to a person whose credentials they were asked with."""
    cause = failure.__cause__
    if isinstance(cause, exceptions.BotoCoreError | exceptions.ClientError):
        return explain_aws_error(cause)
    return str(failure)


def permission(operation: str) -> str:
    """Return IAM's name of what a call needs; "" for a call that no command makes."""
    return _ACTIONS.get(operation, "")


def _denied(operation: str, code: str, message: str) -> str:
    """S3 and CloudFront do not say what was missing, SQS says it in small letters."""
    named = _NAMED.search(message)
    action = permission(operation) or (named.group(1) if named else "")
    what = f"{action} is not allowed to these credentials" if action else "these credentials may not do that"
    return f"{what} (AWS refused {operation}: {code}: {message}); all that is needed: invalidator policy operator"
