"""What a warm function meets: a batch of notifications, and an AWS that knows the bucket and earlier invalidations."""

import hashlib
import json
import random
import time
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.bench.coalescing.real_trees import stored
from infra.bench.function.sqs_record import sqs_record
from infra.simulator.traffic import notification
from invalidator.aws import account_items
from invalidator.aws import table_items as items
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.sent import Sent
from invalidator.ports import StoredRoutes

BUCKET = "assets.example.com"
TABLE = "invalidator-mapping"
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:invalidation-queue"
PAYLOAD_BYTES = 6 * 1024 * 1024  # where Lambda closes a batch [aws-behaviour.md, SQS and Lambda]
UPLOAD_SECONDS = 20.0
ENVIRONMENT = {
    "TABLE_NAME": TABLE,
    "QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/invalidation-queue",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/dead-letter-queue",
    "POWERTOOLS_SERVICE_NAME": "cloudfront-invalidator",
    "POWERTOOLS_METRICS_NAMESPACE": "CloudFrontInvalidator",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    # As in Lambda, so that the tracer works: its segments go to a port where nobody listens.
    "LAMBDA_TASK_ROOT": "/var/task",
    "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
    "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
}
# One plain site: a default behavior and two for file types, an index document.
DISTRIBUTION = Distribution(
    id="E2EXAMPLE1ABCD",
    origins=(Origin("s3", f"{BUCKET}.s3.eu-west-1.amazonaws.com", BUCKET),),
    behaviors=(Behavior("/api/*", ("app",)), Behavior("*.html", ("s3",)), Behavior("*", ("s3",))),
    root_object="index.html",
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A batch, and how AWS answers the calls it leads to.

    Attributes:
        event: as Lambda hands it over.
        replies: operation → the body of AWS's answer.
    """

    event: dict[str, Any]
    replies: dict[str, str]

    def save(self, file: Path) -> None:
        """Write it for the process that measures."""
        file.write_text(json.dumps({"event": self.event, "replies": self.replies}))


def batch(messages: int) -> Scenario:
    """Return a batch of so many notifications of real keys, spread over the last 20 seconds."""
    now = time.time()
    records = [_record(index, key, now, messages) for index, key in enumerate(_keys()[:messages])]
    return Scenario({"Records": records}, _replies(now))


def largest_batch() -> Scenario:
    """Return the largest batch that Lambda forms: 6 MB of payload."""
    whole = batch(len(_keys()))
    size = 0
    records = []
    for record in whole.event["Records"]:
        size += len(json.dumps(record, separators=(",", ":"))) + 1
        if size > PAYLOAD_BYTES:
            break
        records.append(record)
    return Scenario({"Records": records}, whole.replies)


def _keys() -> list[str]:
    """Keys of published packages, in the random order of a parallel upload."""
    keys = [
        f"npm/{tree.name.split()[0]}{path}" for tree in stored() for path in (*tree.changed, *tree.unchanged)
    ]
    random.Random(1).shuffle(keys)  # noqa: S311 - no secret
    return keys


def _record(index: int, key: str, now: float, messages: int) -> dict[str, Any]:
    at = now - UPLOAD_SECONDS + UPLOAD_SECONDS * index / messages
    body = notification(BUCKET, key, at)
    digest = hashlib.sha256(body.encode()).hexdigest()
    milliseconds = str(int(now * 1000))
    message = {
        "MessageId": f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}",
        "ReceiptHandle": b64encode(digest.encode() * 3).decode(),
        "Body": body,
        "MD5OfBody": digest[:32],
        "Attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": milliseconds,
            "SenderId": "AROAEXAMPLE:S3-PROD-END",
            "ApproximateFirstReceiveTimestamp": milliseconds,
        },
    }
    return sqs_record(message, QUEUE)


def _replies(now: float) -> dict[str, str]:
    routes = items.routes_item(BUCKET, StoredRoutes((DISTRIBUTION,), now + 3600))
    # The last was created in the middle of the upload, so that each change has to be looked up in it.
    earlier = [
        Sent(
            DISTRIBUTION.id,
            f"IEARLIER{number}",
            now - 10 - 60 * number,
            tuple(f"/npm/earlier-{number}/{index:05d}.js" for index in range(500)),
            completed=True,
        )
        for number in range(3)
    ]
    pace_and_spending = account_items.spending_key("self", now) | {"paths_sent": {"N": "120"}}
    created = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "BatchGetItem": _dynamodb({"Responses": {TABLE: [routes, pace_and_spending]}, "UnprocessedKeys": {}}),
        "Query": _dynamodb({"Items": [items.sent_item(each) for each in earlier], "Count": len(earlier)}),
        "TransactWriteItems": "{}",
        "CreateInvalidation": (
            '<Invalidation xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Id>I2EXAMPLE</Id>'
            f"<Status>InProgress</Status><CreateTime>{created}</CreateTime></Invalidation>"
        ),
    }


def _dynamodb(answer: dict[str, Any]) -> str:
    return json.dumps(answer, default=lambda binary: b64encode(binary).decode())
