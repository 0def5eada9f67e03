"""What a command says when it cannot do its work, one line that names the cause and the fix; and its exit codes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from botocore import exceptions

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
        return _BY_CODE.get(code, f"AWS refused {error.operation_name}: {code}: {message}")
    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        return "no AWS credentials found; sign in, or name a profile with --profile"
    if isinstance(error, exceptions.ProfileNotFound):
        return f"{error}; see: aws configure list-profiles"
    if isinstance(error, exceptions.NoRegionError):
        return "no AWS region given; name one with --region, or set AWS_REGION"
    if isinstance(error, exceptions.EndpointConnectionError):
        return f"{error}; check --region and the network"
    return str(error)
