"""Every way in which the deployed worker gives up, made by a real cause, and its repair as the desk's fix says.

Each story is a context: on entering, the cause is put in place and something changes; on leaving, a person mends it.
"""

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from infra.demo.proof import Changed, uncovered
from infra.local.aws import LocalAws
from infra.local.cloudfront.faults import INVALID_PATHS, SERVICE_UNAVAILABLE, Fault
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.logs import LogTable
from invalidator.core.messages.backlog import KeyBacklog, PathBacklog, bodies
from invalidator.core.pending.entry import Entry, target_owner
from invalidator.core.reasons import Reason
from invalidator.logs import append
from tests.cli.conftest import Answer
from tests.notifications import direct, s3_record
from tests.system import site
from tests.system.stack import until

PATIENCE = 150
MANY = 10_000
SETTINGS = {"GiveUpHours": "1"}
ELSEWHERE = "elsewhere.example.com"  # an origin that no scan can tell the bucket of
PAUSED = "paused-site"
# Their buckets are the stack's from the beginning.
SUBSCRIBED = (
    Reason.ACCESS_DENIED,
    Reason.DISTRIBUTION_GONE,
    Reason.PATH_REFUSED,
    Reason.ROLE_REFUSED,
    Reason.UNFINISHED,
)


@dataclass(frozen=True)
class Desk:
    """The deployed stack, and what a person types."""

    aws: LocalAws
    outputs: dict[str, str]
    buckets: tuple[str, ...]
    typed: Callable[..., Answer]

    @property
    def role(self) -> str:
        """Name of the worker's role."""
        found = self.aws.client("lambda").get_function_configuration(
            FunctionName=self.outputs["FunctionName"]
        )
        return str(found["Role"]).rsplit("/", 1)[1]

    def send(self, body: str) -> None:
        self.aws.client("sqs").send_message(QueueUrl=self.outputs["QueueUrl"], MessageBody=body)

    def put(self, bucket: str, key: str = "page.html") -> Changed:
        return site.put(self.aws.client("s3"), bucket, key)

    def dead_letters(self) -> int:
        """How many dead letters there are, held ones included."""
        counts = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        got = self.aws.client("sqs").get_queue_attributes(
            QueueUrl=self.outputs["DeadLetterQueueUrl"], AttributeNames=list(counts)
        )["Attributes"]
        return sum(int(got[name]) for name in counts)

    def wait_for_dead_letters(self, count: int) -> None:
        until(
            lambda: self.dead_letters() == count, PATIENCE, f"{count} dead letters", or_tell=self.dead_letters
        )


@dataclass
class Stale:
    """What the failure left stale: distribution id → changes that it has to be sent."""

    changes: dict[str, list[Changed]] = field(default_factory=dict)

    def left(self, aws: LocalAws) -> list[Any]:
        """Every change that no later invalidation covers."""
        seen = aws.gate.seen
        return [
            missing
            for name, changed in self.changes.items()
            for missing in uncovered(changed, {name: ""}, seen)
        ]


@contextmanager
def unreadable(desk: Desk, body: str) -> Iterator[Stale]:
    """Something that is no notification comes to the queue; its writer is stopped, and nothing else is to do."""
    desk.send(body)
    yield Stale()


@contextmanager
def a_version_from_the_future(desk: Desk) -> Iterator[Stale]:
    """S3 writes version 3. The repair is a newer worker: the deployed code, with its one check changed."""
    bucket = Reason.UNSUPPORTED_VERSION.value
    distribution = site.make_distribution(desk.aws, bucket)
    at = time.time()
    desk.send(json.dumps({"Records": [s3_record("page.html", bucket, at, eventVersion="3.0")]}))
    yield Stale({distribution: [Changed("page.html", at)]})
    code = io.BytesIO()
    built = desk.aws.build().parent / "InvalidatorFunction"
    with zipfile.ZipFile(code, "w") as archive:
        for file in filter(Path.is_file, built.rglob("*")):
            content = file.read_bytes()
            if file.match("invalidator/core/messages/__pycache__/change_reading.*"):
                continue  # the old check, compiled
            if file.match("invalidator/core/messages/change_reading.py"):
                newer = content.replace(b"!= SUPPORTED_MAJOR", b'not in (SUPPORTED_MAJOR, "3")')
                assert newer != content
                content = newer
            archive.writestr(zipfile.ZipInfo(str(file.relative_to(built)), (2026, 1, 1, 0, 0, 0)), content)
    desk.aws.client("lambda").update_function_code(
        FunctionName=desk.outputs["FunctionName"], ZipFile=code.getvalue()
    )


@contextmanager
def a_record_without_a_key(desk: Desk) -> Iterator[Stale]:
    """Which object changed only its owner knows; he invalidates it by hand."""
    bucket = Reason.BAD_RECORD.value
    distribution = site.make_distribution(desk.aws, bucket)
    at = time.time()
    desk.send(direct("", bucket=bucket, at=at))
    yield Stale({distribution: [Changed("page.html", at)]})
    by_hand(desk, distribution, "/page.html")


@contextmanager
def a_denied_distribution(desk: Desk) -> Iterator[Stale]:
    """Someone's policy takes the permission from the worker's role."""
    bucket = Reason.ACCESS_DENIED.value
    distribution = site.make_distribution(desk.aws, bucket)
    arn = f"arn:aws:cloudfront::000000000000:distribution/{distribution}"
    with denied(desk, "cloudfront:CreateInvalidation", arn):
        yield Stale({distribution: [desk.put(bucket)]})


@contextmanager
def a_pin_of_a_deleted_distribution(desk: Desk) -> Iterator[Stale]:
    """The bucket's other distribution, which a scan finds, does not wait for it."""
    bucket, cloudfront = Reason.DISTRIBUTION_GONE.value, desk.aws.client("cloudfront")
    still_there, pinned = site.make_distribution(desk.aws, bucket), pinnable(desk, "gone")
    assert desk.typed("route", "pin", bucket, "--distribution", pinned).code == 0
    found = cloudfront.get_distribution_config(Id=pinned)
    disabled = cloudfront.update_distribution(
        Id=pinned, IfMatch=found["ETag"], DistributionConfig=found["DistributionConfig"] | {"Enabled": False}
    )
    cloudfront.delete_distribution(Id=pinned, IfMatch=disabled["ETag"])
    yield Stale({still_there: [desk.put(bucket)]})
    assert desk.typed("route", "unpin", bucket, "--distribution", pinned).code == 0


@contextmanager
def a_path_that_cloudfront_calls_invalid(desk: Desk) -> Iterator[Stale]:
    """Of the three paths of a directory's index, one is refused. No key is known that CloudFront refuses for good
    once it is encoded, so the gate refuses this one.
    """
    bucket = Reason.PATH_REFUSED.value
    distribution = site.make_distribution(desk.aws, bucket)
    desk.aws.gate.inject(Fault(INVALID_PATHS, times=None, path="/odd/index.html"))
    stale = Stale({distribution: [desk.put(bucket, "odd/index.html")]})
    yield stale
    found = desk.typed("dlq", "explain", "--reason", "path-refused", "--json").data["groups"][0]
    assert "/odd/index.html" in desk.typed("dlq", "show", found["letters"][0]["id"]).out
    by_hand(desk, distribution, "/odd/*")
    s3, before = desk.aws.client("s3"), desk.dead_letters()
    s3.copy_object(Bucket=bucket, Key="even/index.html", CopySource=f"{bucket}/odd/index.html")
    stale.changes[distribution].append(Changed("even/index.html", time.time()))
    s3.delete_object(Bucket=bucket, Key="odd/index.html")
    desk.wait_for_dead_letters(before + 1)  # the removal's: the old name is refused once more


@contextmanager
def a_role_that_the_worker_may_not_assume(desk: Desk) -> Iterator[Stale]:
    """The pin names it, the stack's parameter does not; the repair is the parameter, deployed."""
    bucket, iam = Reason.ROLE_REFUSED.value, desk.aws.client("iam")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "000000000000"}}
    role = iam.create_role(RoleName="elsewhere", AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    may = {"Effect": "Allow", "Action": "cloudfront:*", "Resource": "*"}
    iam.put_role_policy(RoleName="elsewhere", PolicyName="invalidate", PolicyDocument=policy(may))
    pinned = pinnable(desk, "elsewhere")
    answer = desk.typed("route", "pin", bucket, "--distribution", pinned, "--role-arn", role)
    assert (answer.code, "AssumableRoleArns" in answer.err) == (0, True)
    yield Stale({pinned: [desk.put(bucket)]})
    desk.aws.deploy({**SETTINGS, "Buckets": ",".join(desk.buckets), "AssumableRoleArns": role})


@contextmanager
def an_outage_longer_than_give_up_hours(desk: Desk) -> Iterator[Stale]:
    """The change was taken in longer ago than GiveUpHours when CloudFront fails once more."""
    bucket = Reason.UNAVAILABLE.value
    distribution = site.make_distribution(desk.aws, bucket)
    assert desk.typed("route", "refresh").code == 0
    at = time.time() - 3700
    outage = Fault(SERVICE_UNAVAILABLE, times=MANY, distribution=distribution)
    desk.aws.gate.inject(outage)
    (body,) = bodies(PathBacklog(distribution, (bucket,), {"/page.html": time.time()}))
    desk.send(body)
    # Only what was there when CloudFront was asked has been tried, and can have waited too long.
    until(lambda: outage.times != MANY, PATIENCE, "a call to CloudFront")
    table = DynamoDbTable(desk.aws.client("dynamodb"), desk.outputs["TableName"])
    waiting = Entry({"/page.html": (at, at)}, written=at)
    append(LogTable(table, time.time), target_owner(distribution), waiting)
    yield Stale({distribution: [Changed("page.html", at)]})
    outage.times = 0  # it is over; the path that is refused stays so


@contextmanager
def a_letter_of_0_1_0_that_might_not_list_distributions(desk: Desk) -> Iterator[Stale]:
    """This version's worker gives nothing up for that: what it finds nobody for waits for a survey."""
    bucket = Reason.MAPPING_DENIED.value
    distribution = site.make_distribution(desk.aws, bucket)
    assert desk.typed("route", "refresh").code == 0
    at = time.time() - 60
    (body,) = bodies(KeyBacklog(bucket, {"page.html": at}))
    reason = {"DataType": "String", "StringValue": Reason.MAPPING_DENIED.value}
    desk.aws.client("sqs").send_message(
        QueueUrl=desk.outputs["DeadLetterQueueUrl"], MessageBody=body, MessageAttributes={"Reason": reason}
    )
    yield Stale({distribution: [Changed("page.html", at)]})


@contextmanager
def a_function_that_cannot_start(desk: Desk) -> Iterator[Stale]:
    """A setting that is no number; the queue's redrive policy takes the message, here after five receives."""
    bucket, function = Reason.UNFINISHED.value, desk.outputs["FunctionName"]
    queues, functions = desk.aws.client("sqs"), desk.aws.client("lambda")
    distribution = site.make_distribution(desk.aws, bucket)
    assert desk.typed("route", "refresh").code == 0
    variables = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    queue = desk.outputs["QueueUrl"]
    names = ["VisibilityTimeout", "RedrivePolicy"]
    was = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    change = partial(queues.set_queue_attributes, QueueUrl=queue)
    policy = json.dumps(json.loads(was["RedrivePolicy"]) | {"maxReceiveCount": 5})
    change(Attributes={"VisibilityTimeout": "1", "RedrivePolicy": policy})
    functions.update_function_configuration(
        FunctionName=function, Environment={"Variables": variables | {"MAX_PATHS": "many"}}
    )
    time.sleep(1.2)  # a long poll that began before would still hide the message for twelve minutes
    yield Stale({distribution: [desk.put(bucket)]})
    change(Attributes=was)
    functions.update_function_configuration(FunctionName=function, Environment={"Variables": variables})


Story = Callable[[Desk], AbstractContextManager[Stale]]
# In this order: what comes later would spoil what came before.
STORIES: tuple[dict[Reason, Story], ...] = (
    {
        Reason.NOT_JSON: partial(unreadable, body="{oops"),
        Reason.NOT_A_NOTIFICATION: partial(unreadable, body='{"hello": 1}'),
        Reason.SUBSCRIPTION_UNCONFIRMED: partial(unreadable, body='{"Type": "SubscriptionConfirmation"}'),
        Reason.UNSUPPORTED_VERSION: a_version_from_the_future,
        Reason.BAD_RECORD: a_record_without_a_key,
        Reason.ACCESS_DENIED: a_denied_distribution,
        Reason.DISTRIBUTION_GONE: a_pin_of_a_deleted_distribution,
        Reason.PATH_REFUSED: a_path_that_cloudfront_calls_invalid,
        Reason.ROLE_REFUSED: a_role_that_the_worker_may_not_assume,
        Reason.UNAVAILABLE: an_outage_longer_than_give_up_hours,
        Reason.MAPPING_DENIED: a_letter_of_0_1_0_that_might_not_list_distributions,
    },
    {Reason.UNFINISHED: a_function_that_cannot_start},
)


@contextmanager
def denied(desk: Desk, action: str, resource: str) -> Iterator[None]:
    """A policy on the worker's role that denies an action, until someone takes it away."""
    iam, name = desk.aws.client("iam"), action.partition(":")[2]
    deny = policy({"Effect": "Deny", "Action": action, "Resource": resource})
    iam.put_role_policy(RoleName=desk.role, PolicyName=name, PolicyDocument=deny)
    yield
    iam.delete_role_policy(RoleName=desk.role, PolicyName=name)


def policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def pinnable(desk: Desk, reference: str) -> str:
    """Make a distribution whose origin does not reveal its bucket; return its id."""
    origin = {
        "Id": "elsewhere",
        "DomainName": ELSEWHERE,
        "OriginPath": "",
        "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"},
    }
    made = desk.aws.client("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": reference,
            "Comment": reference,
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "elsewhere",
                "ViewerProtocolPolicy": "redirect-to-https",
                "CachePolicyId": site.CACHING_OPTIMIZED,
            },
        }
    )
    identifier: str = made["Distribution"]["Id"]
    return identifier


def by_hand(desk: Desk, distribution: str, path: str) -> None:
    """Invalidate a path as a person does: aws cloudfront create-invalidation."""
    desk.aws.client("cloudfront").create_invalidation(
        DistributionId=distribution,
        InvalidationBatch={"Paths": {"Quantity": 1, "Items": [path]}, "CallerReference": f"by hand {path}"},
    )
