"""The worker's surroundings on moto: what the template makes, and two distributions' worth of CloudFront."""

from typing import Any

import boto3
import moto.backends
from moto.core import DEFAULT_ACCOUNT_ID

from tests.memory_tables import make_table

REGION = "us-east-1"
TABLE = "mapping"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_SESSION_TOKEN": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Deployed:
    """What `template.yaml` makes, as far as the worker meets it."""

    def __init__(self) -> None:
        self.dynamodb = boto3.client("dynamodb", region_name=REGION)
        self.sqs = boto3.client("sqs", region_name=REGION)
        self.cloudfront = boto3.client("cloudfront", region_name=REGION)
        make_table(self.dynamodb, TABLE)
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
                "MaxTTL": 31_536_000,  # what CloudFront puts in; moto answers 0, which keeps nothing
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
