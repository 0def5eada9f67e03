"""S3's notifications, a queue's attributes and a key's policy at the wire, below the real SDK.

S3 gives a notification configuration back as the document that was put, so its bytes are kept. Moto could stand here
too (`test_notifications_contract.py` holds to it); it takes ten times as long.
"""

import functools
import json
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse

from tests.bucket_subscription.fake_bucket_aws import QUEUE

EMPTY = b'<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'


class WireAws:
    """Answers every request of the clients that it is plugged into.

    Attributes:
        enabled: whether it answers; a fault may do so in its place.
        documents: bucket to what was put.
        attributes: the queue's.
        key_policy: the key's.
        asked: how many requests it was asked.
    """

    def __init__(self, attributes: dict[str, str], key_policy: str) -> None:
        self.enabled = True
        self.asked = 0
        self.documents: dict[str, bytes] = {}
        self.attributes = attributes
        self.key_policy = key_policy

    def plug_into(self, client: Any) -> Any:
        client.meta.events.register("before-send", self._answer)
        return client

    def process_request(self, request: Any) -> tuple[int, dict[str, str], bytes]:
        """Do what is asked."""
        self.asked += 1
        asked = request.headers.get("X-Amz-Target", b"").decode().rpartition(".")[2]
        if asked:
            said = {
                "GetQueueAttributes": {"Attributes": self.attributes},
                "DescribeKey": {"KeyMetadata": {"KeyId": "key-1"}},
                "GetKeyPolicy": {"Policy": self.key_policy},
            }[asked]
            return 200, {"content-type": "application/x-amz-json-1.0"}, json.dumps(said).encode()
        bucket = urlsplit(request.url).netloc.partition(".")[0]
        if request.method == "PUT":
            self.documents[bucket] = request.body
        body = self.documents[bucket] if request.method == "GET" else b""
        return 200, {"x-amz-bucket-region": QUEUE.region}, body

    def _answer(self, request: Any, **_: Any) -> AWSResponse | None:
        if not self.enabled:
            return None
        status, headers, body = self.process_request(request)
        return AWSResponse(request.url, status, headers, MockRawResponse(body))


@functools.cache
def _aside() -> tuple[WireAws, Any]:
    """An S3 of its own, to write and read documents by the SDK."""
    aws = WireAws({}, "")
    return aws, aws.plug_into(boto3.client("s3"))


def written(document: dict[str, Any]) -> bytes:
    """The document as the SDK writes it."""
    aws, client = _aside()
    client.put_bucket_notification_configuration(Bucket="aside", NotificationConfiguration=document)
    return aws.documents["aside"]


@functools.cache
def read(document: bytes) -> dict[str, Any]:
    """The document as the SDK reads it."""
    aws, client = _aside()
    aws.documents["aside"] = document
    answer = client.get_bucket_notification_configuration(Bucket="aside")
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}
