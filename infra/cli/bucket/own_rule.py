"""The stack's own EventBridge rule, which is there where EventBridgeBuckets names a bucket."""

from typing import Any

from botocore.exceptions import ClientError

from bucket_subscription.errors import UnsettledError
from infra.cli.errors import explain_aws_error
from infra.cli.session import Session

RESOURCE = "BucketEventsRule"
_NO_SUCH_RESOURCE = "ValidationError"


def own_rule(session: Session) -> str:
    """Return its name; "" where the parameters ask for none, or the stack holds none though they do.

    Raises UnsettledError where CloudFormation cannot be asked: a rule that nobody could look for is not gone.
    """
    if not session.parameters.get("EventBridgeBuckets", "").strip():
        return ""
    try:
        found: Any = session.client("cloudformation").describe_stack_resource(
            StackName=session.stack, LogicalResourceId=RESOURCE
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != _NO_SUCH_RESOURCE:
            raise UnsettledError(
                f"the stack's rule cannot be looked for: {explain_aws_error(error)}"
            ) from error
        return ""
    return str(found["StackResourceDetail"].get("PhysicalResourceId", ""))
