"""The worker's surroundings on moto: what the template makes, two distributions' worth of CloudFront, and faults."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import moto.backends
from botocore.awsrequest import AWSResponse
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

REGION = "us-east-1"
TABLE = "mapping"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_SESSION_TOKEN": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}


# An answer on the wire: status, headers, body.
Response = tuple[int, dict[str, str], bytes]


class Deployed:
    """What `template.yaml` makes, as far as the worker meets it."""

    def __init__(self) -> None:
        self.dynamodb = boto3.client("dynamodb", region_name=REGION)
        self.sqs = boto3.client("sqs", region_name=REGION)
        self.cloudfront = boto3.client("cloudfront", region_name=REGION)
        self.dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        self.queue_url = self.sqs.create_queue(QueueName="invalidation")["QueueUrl"]
        self.dead_url = self.sqs.create_queue(QueueName="dead-letters")["QueueUrl"]

    def environment(self) -> dict[str, str]:
        """The function's own variables, as the template sets them."""
        return {
            "TABLE_NAME": TABLE,
            "QUEUE_URL": self.queue_url,
            "DEAD_LETTER_QUEUE_URL": self.dead_url,
            "MONTHLY_PATH_BUDGET": "0",
        }

    def distribution(self, bucket: str, path: str = "", policy: str | None = None) -> str:
        """Create a distribution of a bucket and return its id."""
        behavior: dict[str, Any] = {"TargetOriginId": "s3", "ViewerProtocolPolicy": "allow-all"}
        if policy is None:
            behavior |= {
                "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
                "MinTTL": 0,
            }
        else:
            behavior |= {"CachePolicyId": policy}
        return self.cloudfront.create_distribution(
            DistributionConfig={
                "CallerReference": f"{bucket}{path}{policy}",
                "Origins": {
                    "Quantity": 1,
                    "Items": [
                        {
                            "Id": "s3",
                            "DomainName": f"{bucket}.s3.us-east-1.amazonaws.com",
                            "OriginPath": path,
                            "S3OriginConfig": {"OriginAccessIdentity": ""},
                        }
                    ],
                },
                "DefaultCacheBehavior": behavior,
                "Comment": "",
                "Enabled": True,
            }
        )["Distribution"]["Id"]

    def invalidated(self, distribution: str) -> list[tuple[str, ...]]:
        """The paths of each invalidation that CloudFront has of a distribution, the newest first."""
        listed = moto.backends.get_backend("cloudfront")[DEFAULT_ACCOUNT_ID]["aws"].invalidations
        return [tuple(each.paths) for each in reversed(listed.get(distribution, []))]

    def messages(self, queue: str) -> list[Any]:
        """What stands on a queue, delayed messages included."""
        return list(moto.backends.get_backend("sqs")[DEFAULT_ACCOUNT_ID][REGION].queues[queue]._messages)

    def dead(self) -> list[tuple[str, dict[str, str]]]:
        """What is in the dead-letter queue: (body, attributes)."""
        return [
            (
                each.body,
                {
                    name: value.get("string_value") or value["StringValue"]
                    for name, value in each.message_attributes.items()
                },
            )
            for each in self.messages("dead-letters")
        ]

    def forget(self) -> None:
        """Empty table, queues and CloudFront's list of invalidations."""
        moto.backends.get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][REGION].tables[TABLE].items.clear()
        for queue in ("invalidation", "dead-letters"):
            moto.backends.get_backend("sqs")[DEFAULT_ACCOUNT_ID][REGION].queues[queue]._messages.clear()
        moto.backends.get_backend("cloudfront")[DEFAULT_ACCOUNT_ID]["aws"].invalidations.clear()


def error_response(protocol: str, status: int, code: str, message: str = "said AWS") -> Response:
    """An error as it stands on the wire: status, headers, body."""
    if protocol in {"rest-xml", "query"}:
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            "<RequestId>r-1</RequestId></ErrorResponse>"
        )
        return status, {"content-type": "text/xml"}, body.encode()
    kind = json.dumps({"__type": f"com.amazonaws.service#{code}", "message": message})
    return status, {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "r-1"}, kind.encode()


class Fault:
    """Meets every call that `meets` says, at the wire, below the SDK's own parsing and retries.

    Args:
        answer: what the SDK sees instead of the service's answer: a response, or an exception to raise.
        meets: tells by its body whether a request is met.
        after: whether the service does what was asked, and only its answer is lost.
        most: how many requests are met at most.
    """

    def __init__(
        self,
        answer: Response | Exception,
        *,
        meets: Callable[[str], bool] = lambda _: True,
        after: bool = False,
        most: int | None = None,
    ) -> None:
        self.answer = answer
        self.meets = meets
        self.after = after
        self.left = most
        self.struck = 0
        self._here = False

    def strike(self, client: Any, operation: str) -> Callable[[], None]:
        """Begin; returns what ends it."""
        event = f"before-send.{client.meta.service_model.service_id.hyphenize()}.{operation}"
        # Handlers of the whole event run after those of one operation, moto's own is among them.
        client.meta.events.register_first(event, self._before)
        client.meta.events.register_last("before-send", self._after)

        def end() -> None:
            client.meta.events.unregister(event, self._before)
            client.meta.events.unregister("before-send", self._after)

        return end

    def _before(self, request: Any, **_: Any) -> None:
        body = request.body or b""
        text = body.decode() if isinstance(body, bytes) else str(body)
        self._here = self.left != 0 and self.meets(text)
        if not self._here:
            return
        self.struck += 1
        if self.left is not None:
            self.left -= 1
        if self.after and isinstance(self.answer, Exception):
            return  # raised once moto has done what was asked
        if isinstance(self.answer, Exception):
            self._here = False
            raise self.answer
        if self.after:
            botocore_stubber.process_request(request)
        botocore_stubber.enabled = False  # moto does not answer

    def _after(self, request: Any, **_: Any) -> AWSResponse | None:
        botocore_stubber.enabled = True
        if not self._here:
            return None
        self._here = False
        if isinstance(self.answer, Exception):
            raise self.answer
        status, headers, body = self.answer
        return AWSResponse(request.url, status, headers, MockRawResponse(body))
