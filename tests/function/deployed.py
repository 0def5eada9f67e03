"""The worker's surroundings on moto: what the template makes, and two distributions' worth of CloudFront."""

import copy
import importlib
import itertools
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
import moto.backends
import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID

from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.routes import RoutesTable
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.target import TargetRoutes
from tests.memory_tables import make_table

REGION = "us-east-1"
TABLE = "mapping"
WAKE_QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:wakes"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "a-secret-access-key",
    "AWS_SESSION_TOKEN": "a-session-token",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}

_COUNT = itertools.count()


@contextmanager
def entry(
    name: str, more: Mapping[str, str] | None = None, moto_config: Any = None
) -> "Iterator[tuple[Any, Deployed]]":
    """A function's entry, loaded anew beside a new moto; with so much more in its environment."""
    with pytest.MonkeyPatch.context() as patch:
        # Before moto puts its own credentials there: they would be put back at the end.
        for variable, value in CREDENTIALS.items():
            patch.setenv(variable, value)
        with mock_aws(config=moto_config):
            deployed = Deployed()
            environment = deployed.environment() | {
                "POWERTOOLS_SERVICE_NAME": f"{name} {next(_COUNT)}",  # its logger is found again by this name
                "POWERTOOLS_METRICS_NAMESPACE": "CloudFrontInvalidator",
            }
            for variable, value in (environment | dict(more or {})).items():
                patch.setenv(variable, value)
            sys.modules.pop(name, None)
            yield importlib.import_module(name), deployed
            sys.modules.pop(name, None)


class Deployed:
    """What `template.yaml` makes, as far as the worker meets it."""

    def __init__(self) -> None:
        self.dynamodb = boto3.client("dynamodb", region_name=REGION)
        self.sqs = boto3.client("sqs", region_name=REGION)
        self.cloudfront = boto3.client("cloudfront", region_name=REGION)
        make_table(self.dynamodb, TABLE)
        self.queue_url = self.sqs.create_queue(QueueName="invalidation")["QueueUrl"]
        self.wake_url = self.sqs.create_queue(QueueName="wakes")["QueueUrl"]
        self.dead_url = self.sqs.create_queue(QueueName="dead-letters")["QueueUrl"]

    def environment(self) -> dict[str, str]:
        """The function's own variables, as the template sets them."""
        return {
            "TABLE_NAME": TABLE,
            "QUEUE_URL": self.queue_url,
            "WAKE_QUEUE_URL": self.wake_url,
            "WAKE_QUEUE_ARN": WAKE_QUEUE_ARN,
            "SURVEY_FUNCTION_NAME": "survey",
            "QUIET_SECONDS": "0",
            "DEAD_LETTER_QUEUE_URL": self.dead_url,
            "MONTHLY_PATH_BUDGET": "0",
        }

    def distribution(self, bucket: str, path: str = "", policy: str | None = None) -> str:
        """Create a distribution of a bucket and return its id."""
        behavior: Any = {"TargetOriginId": "s3", "ViewerProtocolPolicy": "allow-all"}
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

    def serve(self, bucket: str, *targets: str, path: str = "") -> None:
        """Let the table know, as a survey does, which distributions serve a bucket."""
        routes = RoutesTable(DynamoDbTable(self.dynamodb, TABLE))
        for target in targets:
            origin = Origin("s3", f"{bucket}.s3.us-east-1.amazonaws.com", bucket, path)
            routes.store_routes(
                TargetRoutes(target, (Distribution(target, (origin,), (Behavior("*", ("s3",)),)),), "1", 0.0)
            )
        routes.know_bucket(bucket, targets)

    def messages(self, queue: str) -> list[Any]:
        """What stands on a queue, delayed messages included."""
        return list(moto.backends.get_backend("sqs")[DEFAULT_ACCOUNT_ID][REGION].queues[queue]._messages)

    def take(self, queue: str) -> list[str]:
        """Take the bodies of all that stands on a queue."""
        bodies = [each.body for each in self.messages(queue)]
        moto.backends.get_backend("sqs")[DEFAULT_ACCOUNT_ID][REGION].queues[queue]._messages.clear()
        return bodies

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

    def wakes(self) -> list[str]:
        """Whom something waits for, by the table."""
        shards = self._items().items()
        return [
            name.value
            for pk, items in shards
            if pk.value.startswith("wakes#")
            for name, item in items.items()
            if item.attrs.keys() & {"due", "since"}
        ]

    def remember(self) -> Any:
        """What the table holds, for `recall`: a copy is faster than writing it anew."""
        return copy.deepcopy(self._items())

    def recall(self, items: Any) -> None:
        """Let the table hold what it held then."""
        self._items().clear()
        self._items().update(copy.deepcopy(items))

    def _items(self) -> Any:
        return moto.backends.get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][REGION].tables[TABLE].items

    def forget(self) -> None:
        """Empty table, queues and CloudFront's list of invalidations."""
        self._items().clear()
        for queue in ("invalidation", "wakes", "dead-letters"):
            moto.backends.get_backend("sqs")[DEFAULT_ACCOUNT_ID][REGION].queues[queue]._messages.clear()
        moto.backends.get_backend("cloudfront")[DEFAULT_ACCOUNT_ID]["aws"].invalidations.clear()
