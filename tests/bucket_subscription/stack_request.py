"""What CloudFormation asks of the function behind a custom resource."""

from typing import Any

from tests.bucket_subscription.fake_bucket_aws import ACCOUNT, OWNER, QUEUE


def request(kind: str, buckets=(), old: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    event = {
        "RequestType": kind,
        "ResponseURL": "https://cloudformation.example/answer",
        "StackId": f"arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/{OWNER.stack}/9f1",
        "RequestId": "request-1",
        "LogicalResourceId": "BucketSubscriptions",
        "ResourceProperties": {"Buckets": list(buckets), "QueueArn": QUEUE.arn, **properties},
    }
    return event if old is None else {**event, "OldResourceProperties": old}
