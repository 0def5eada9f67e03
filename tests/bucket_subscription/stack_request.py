"""What CloudFormation asks of the function behind a custom resource."""

from typing import Any

from tests.bucket_subscription.fake_bucket_aws import ACCOUNT, OWNER, QUEUE

PHYSICAL_ID = "bucket-subscriptions-BucketSubscriptions"


def request(kind: str, buckets=(), old: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    event = {
        "RequestType": kind,
        **({} if kind == "Create" else {"PhysicalResourceId": PHYSICAL_ID}),
        "ResponseURL": "https://cloudformation.example/answer",
        "StackId": f"arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/{OWNER.stack}/9f1",
        "RequestId": "request-1",
        "LogicalResourceId": "BucketSubscriptions",
        "ResourceProperties": {"Buckets": list(buckets), "QueueArn": QUEUE.arn, **properties},
    }
    return event if old is None else {**event, "OldResourceProperties": old}
