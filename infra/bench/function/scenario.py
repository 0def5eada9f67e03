"""What a warm function meets: a batch of notifications or a wake, an AWS that knows the bucket and what was sent."""

import functools
import hashlib
import json
import random
import time
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.bench.coalescing.real_trees import stored
from infra.bench.function.sqs_record import sqs_record
from infra.simulator.traffic import notification
from invalidator.aws.table.accounts import spending_key
from invalidator.aws.table.dynamodb import Item, number
from invalidator.aws.table.dynamodb import key as item_key
from invalidator.aws.table.logs import entry_item, head_key
from invalidator.aws.table.routes import bucket_partition, routes_item
from invalidator.aws.table.sent_items import sent_items
from invalidator.aws.table.targets import state_item
from invalidator.core.limits.account import OWN_ACCOUNT
from invalidator.core.messages.wake import wake_body
from invalidator.core.pending.entry import bucket_owner, entries, target_owner
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.target import NOT_SEEN, TargetRoutes
from invalidator.core.sent import Sent
from invalidator.core.target_state import TargetState

BUCKET = "assets.example.com"
TABLE = "invalidator-mapping"
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:invalidation-queue"
WAKES = "arn:aws:sqs:eu-west-1:111122223333:wake-queue"
PAYLOAD_BYTES = 6 * 1024 * 1024  # where Lambda closes a batch [aws-behaviour.md, SQS and Lambda]
UPLOAD_SECONDS = 20.0
ENVIRONMENT = {
    "TABLE_NAME": TABLE,
    "QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/invalidation-queue",
    "WAKE_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/wake-queue",
    "WAKE_QUEUE_ARN": WAKES,
    "DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/dead-letter-queue",
    "SURVEY_FUNCTION_NAME": "cloudfront-invalidator-SurveyFunction",
    "POWERTOOLS_SERVICE_NAME": "cloudfront-invalidator",
    "POWERTOOLS_METRICS_NAMESPACE": "CloudFrontInvalidator",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
}
# One plain site: a default behavior and two for file types, an index document.
DISTRIBUTION = Distribution(
    id="E2EXAMPLE1ABCD",
    origins=(Origin("s3", f"{BUCKET}.s3.eu-west-1.amazonaws.com", BUCKET),),
    behaviors=(Behavior("/api/*", ("app",)), Behavior("*.html", ("s3",)), Behavior("*", ("s3",))),
    root_object="index.html",
)
VERSION = "1"


@dataclass(frozen=True, slots=True)
class Scenario:
    """An event, and how AWS answers the calls it leads to.

    Attributes:
        event: as Lambda hands it over.
        replies: operation → the body of AWS's answer; after a blank, what the request must hold (the longest counts).
        bodies: the notifications that it is about, as texts.
        entry: the module of the function's handler.
        seconds: the time that the function has.
        through: operations that are not answered here: the SDK asks whom its environment names.
    """

    event: dict[str, Any]
    replies: dict[str, str]
    bodies: list[str] = field(default_factory=list)
    entry: str = "invalidator.handler"
    seconds: int = 60
    through: tuple[str, ...] = ()

    def save(self, file: Path) -> None:
        """Write it for the process that measures."""
        file.write_text(json.dumps(asdict(self)))


def batch(messages: int) -> Scenario:
    """Return a batch of so many notifications of real keys, spread over the last 20 seconds: intake's work."""
    now = time.time()
    records = [_record(index, key, now, messages) for index, key in enumerate(keys()[:messages])]
    return Scenario({"Records": records}, _replies(now, messages), [record["body"] for record in records])


def wake(messages: int) -> Scenario:
    """Return a wake of the distribution for which so many changed keys are pending: the sender's work."""
    taken_in = batch(messages)
    record = wake_record(target_owner(DISTRIBUTION.id))
    return Scenario({"Records": [record]}, taken_in.replies, taken_in.bodies)


def shared_bucket(distributions: int, looks: int, messages: int) -> Scenario:
    """Return so many changes of a bucket on so many distributions: its own wake, and those of the first `looks`."""
    taken_in = batch(messages)
    now = time.time()
    ids = [f"E{each:04d}SHARED" for each in range(distributions)]
    named = [item_key(bucket_partition(BUCKET), f"target#{identity}") for identity in ids]
    view = {
        f"BatchGetItem target#{identity}": dynamodb(
            {"Responses": {TABLE: _view(identity, now)}, "UnprocessedKeys": {}}
        )
        for identity in ids[:looks]
    }
    head = head_key(bucket_owner(BUCKET)) | {"many": number(distributions)}
    many = {
        f'BatchGetItem "Keys": [{json.dumps({"pk": head["pk"]})[:-1]}': dynamodb(
            {"Responses": {TABLE: [head]}, "UnprocessedKeys": {}}
        )
    }
    replies = {**taken_in.replies, "Query bucket#": dynamodb(listed(named)), **many, **view}
    wakes = [bucket_owner(BUCKET), *map(target_owner, ids[:looks])]
    records = [*taken_in.event["Records"], *map(wake_record, wakes)]
    return Scenario({"Records": records}, replies, [])


def largest_batch() -> Scenario:
    """Return the largest batch that Lambda forms: 6 MB of payload."""
    whole = batch(len(keys()))
    size = len('{"Records":[]}')
    records = []
    for record in whole.event["Records"]:
        size += len(json.dumps(record, separators=(",", ":"))) + 1
        if size > PAYLOAD_BYTES:
            break
        records.append(record)
    return Scenario({"Records": records}, whole.replies, [])


@functools.cache
def keys() -> list[str]:
    """Keys of published packages, in the random order of a parallel upload."""
    found = [
        f"npm/{tree.name.split()[0]}{path}" for tree in stored() for path in (*tree.changed, *tree.unchanged)
    ]
    random.Random(1).shuffle(found)
    return found


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


def wake_record(name: str) -> dict[str, Any]:
    """Return a record of SQS that wakes an owner."""
    body = wake_body(name)
    message = {"MessageId": "wake", "ReceiptHandle": "receipt", "Body": body, "MD5OfBody": ""}
    return sqs_record(message, WAKES)


def _replies(now: float, messages: int) -> dict[str, str]:
    """What AWS says of a bucket with one distribution, for which so many changed keys are pending."""
    # The last was created in the middle of the upload, so that each change has to be looked up in it.
    earlier = [
        Sent(
            DISTRIBUTION.id,
            f"IEARLIER{at}",
            now - 10 - 60 * at,
            paths := tuple(f"/npm/earlier-{at}/{index:05d}.js" for index in range(500)),
            tuple(now - 20 - 60 * at for _ in paths),
            completed=True,
        )
        for at in range(3)
    ]
    changed = {
        key: (at, at)
        for index, key in enumerate(keys()[:messages])
        for at in [now - UPLOAD_SECONDS + UPLOAD_SECONDS * index / messages]
    }
    log = [
        entry_item(bucket_owner(BUCKET), at, entry)
        for at, entry in enumerate(entries(changed, BUCKET, now - UPLOAD_SECONDS), 1)
    ]
    view = _view(DISTRIBUTION.id, now)
    # One answer for each change of an item: a log's head, a wake, what was spent.
    item = {
        "seq": number(len(log) + 1),
        "targets": {"L": [{"S": DISTRIBUTION.id}]},
        "due": number(now),
        "since": number(now - UPLOAD_SECONDS),
        "paths_sent": number(121),
    }
    created = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "UpdateItem": dynamodb({"Attributes": item}),
        "PutItem": "{}",
        "BatchGetItem": dynamodb({"Responses": {TABLE: view}, "UnprocessedKeys": {}}),
        "Query log#": dynamodb(listed(log)),
        "Query sent#": dynamodb(listed(item for each in earlier for item in sent_items(each))),
        "ReceiveMessage": "{}",
        "SendMessageBatch": json.dumps({"Successful": [], "Failed": []}),
        "CreateInvalidation": (
            '<Invalidation xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Id>I2EXAMPLE</Id>'
            f"<Status>InProgress</Status><CreateTime>{created}</CreateTime></Invalidation>"
        ),
    }


def _view(identity: str, now: float) -> list[Item]:
    """What the table knows of a distribution as the one above, and of the account."""
    routes = TargetRoutes(identity, (replace(DISTRIBUTION, id=identity),), VERSION, now)
    return [
        routes_item(routes, NOT_SEEN),
        state_item(identity, TargetState(routing=VERSION, sent=now - 10, answered=now - 20)),
        spending_key(OWN_ACCOUNT, now) | {"paths_sent": number(120)},
    ]


def listed(items: Iterable[Item]) -> dict[str, Any]:
    """Return what a Query answers with these items."""
    found = list(items)
    return {"Items": found, "Count": len(found)}


def dynamodb(answer: dict[str, Any]) -> str:
    """Return the body of an answer of DynamoDB's."""
    return json.dumps(answer, default=lambda binary: b64encode(binary).decode())
