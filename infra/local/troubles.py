"""What can go wrong, made on purpose on a local AWS: by name, to play with and to test what the desk says of it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from infra.local.aws import LocalAws
from infra.local.cloudfront.faults import ACCESS_DENIED, INVALID_PATHS, SERVICE_UNAVAILABLE, Fault
from infra.local.cloudfront.quotas import QuotaSettings, Refusal


@dataclass(frozen=True, slots=True)
class Playground:
    """A deployed stack with one site.

    Attributes:
        aws: the local AWS.
        outputs: the stack's outputs.
        bucket: the site's bucket, which is connected.
        distribution: its distribution's id.
    """

    aws: LocalAws
    outputs: Mapping[str, str]
    bucket: str
    distribution: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that goes wrong.

    Attributes:
        what: what happens, for people.
        make: makes it happen.
        first: the command that shows it, after an object was put; without `invalidator`.
    """

    what: str
    make: Callable[[Playground], None]
    first: str


def _refuse(refusal: Refusal, operation: str = "CreateInvalidation") -> Callable[[Playground], None]:
    def make(place: Playground) -> None:
        place.aws.gate.inject(Fault(refusal, times=None, operation=operation))

    return make


def _throttle(place: Playground) -> None:
    place.aws.gate.enforce(QuotaSettings(calls_per_second=0.01, call_burst=1))


def _delete_distribution(place: Playground) -> None:
    cloudfront = place.aws.client("cloudfront")
    found = cloudfront.get_distribution_config(Id=place.distribution)
    disabled = {**found["DistributionConfig"], "Enabled": False}
    etag = cloudfront.update_distribution(
        Id=place.distribution, IfMatch=found["ETag"], DistributionConfig=disabled
    )["ETag"]
    cloudfront.delete_distribution(Id=place.distribution, IfMatch=etag)


def _overwrite_notifications(place: Playground) -> None:
    place.aws.client("s3").put_bucket_notification_configuration(
        Bucket=place.bucket, NotificationConfiguration={}
    )


def _shut_the_queue(place: Playground) -> None:
    place.aws.client("sqs").set_queue_attributes(
        QueueUrl=place.outputs["QueueUrl"],
        Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": []})},
    )


def _switch_off(place: Playground) -> None:
    functions = place.aws.client("lambda")
    mappings = functions.list_event_source_mappings(FunctionName=place.outputs["FunctionName"])
    for mapping in mappings["EventSourceMappings"]:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)


def _lose_the_table(place: Playground) -> None:
    place.aws.client("dynamodb").delete_table(TableName=place.outputs["TableName"])


def _write_rubbish(place: Playground) -> None:
    place.aws.client("sqs").send_message(QueueUrl=place.outputs["QueueUrl"], MessageBody="no json")


def _configure(**variables: str) -> Callable[[Playground], None]:
    def make(place: Playground) -> None:
        functions: Any = place.aws.client("lambda")
        name = place.outputs["FunctionName"]
        found = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": {**found, **variables}}
        )

    return make


TROUBLES: Mapping[str, Trouble] = {
    "access-denied": Trouble("CloudFront refuses the worker's role", _refuse(ACCESS_DENIED), "dlq explain"),
    "path-refused": Trouble("CloudFront refuses the paths", _refuse(INVALID_PATHS), "dlq explain"),
    "cloudfront-down": Trouble(
        "CloudFront answers with passing errors", _refuse(SERVICE_UNAVAILABLE), "pending list"
    ),
    "throttled": Trouble("CloudFront takes one call in 100 seconds", _throttle, "pending list"),
    "distribution-gone": Trouble("the distribution is deleted", _delete_distribution, "status"),
    "listing-denied": Trouble(
        "CloudFront refuses to list distributions",
        _refuse(
            replace(ACCESS_DENIED, message="User is not authorized to perform: cloudfront:ListDistributions"),
            "ListDistributions",
        ),
        "route refresh",
    ),
    "overwritten": Trouble(
        "somebody overwrites the bucket's notifications", _overwrite_notifications, "bucket list"
    ),
    "queue-shut": Trouble("the queue's policy lets nobody in", _shut_the_queue, "bucket list"),
    "paused": Trouble("the event sources are switched off", _switch_off, "status"),
    "rubbish": Trouble("something else writes to the queue", _write_rubbish, "dlq list"),
    "table-gone": Trouble("the table is deleted", _lose_the_table, "status"),
    "over-budget": Trouble(
        "the month's budget is a single path", _configure(MONTHLY_PATH_BUDGET="1"), "pending list"
    ),
}
