"""Every outside call of the bucket subscription, with every error its service can give: what CloudFormation is told,
and what becomes of the buckets.

The table is the documentation. Faults strike at the wire, below the real SDK's parsing and retries
(`tests/wire_happenings.py` lists them), at every try of one call for one of two buckets. Each request is answered once,
in words, within the function's time; other people's notifications stay as they are; and what CloudFormation does next,
with the fault over, leaves nothing behind.
"""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import boto3
import pytest

import bucket_subscription
from bucket_subscription import handler
from bucket_subscription.document import foreign_part, own_part, same
from bucket_subscription.errors import UnsettledError
from bucket_subscription.handler import respond, subscribe_on_aws
from bucket_subscription.key_filter import KeyFilter
from custom_resource.answer import put_to_url
from tests.bucket_subscription.fake_bucket_aws import ACCOUNT, OWNER, QUEUE, queue_entry
from tests.bucket_subscription.stack_request import PHYSICAL_ID, request
from tests.bucket_subscription.wire_aws import WireAws, read, written
from tests.fault_matrices import cells, operations, rows_of
from tests.lambda_context import LambdaContext
from tests.wire_faults import Fault, waiting_on
from tests.wire_happenings import SLOW, anywhere

# The function's time-out in the template; past it Lambda would run the request again.
FUNCTION_SECONDS = 300.0
FOREIGN = {
    "QueueConfigurations": [queue_entry("theirs", ["s3:ObjectTagging:*"], prefix="a/")],
    "TopicConfigurations": [queue_entry("other", ["s3:ObjectAcl:Put"], kind="TopicConfigurations")],
}
OURS = {
    **FOREIGN,
    "QueueConfigurations": [*FOREIGN["QueueConfigurations"], OWNER.entry(QUEUE.arn, KeyFilter())],
}


class End(StrEnum):
    """What CloudFormation is told, and how the buckets are left."""

    DONE = "SUCCESS: the buckets are as asked for"
    DOUBTED = "SUCCESS: the buckets are as asked for, and what could not be checked is named"
    PASSED_OVER = "SUCCESS: the other bucket is as asked for, this one is named and left as it was"
    AGAIN = "FAILED: the service is named, running it again helps, this bucket is as it was and so is one to connect"
    MEND = "FAILED: what a person must mend is named, the buckets are as they were"


E = End
SILENT = dict.fromkeys(
    (
        "no connection", "connection timeout", "connection reset", "connection reset after the effect",
        "timeout before the effect", "timeout after the effect",
    ),
    E.AGAIN,
)  # fmt: skip
# What the SDK asks for again until it is seen to have happened.
TOOK_EFFECT = dict.fromkeys(
    ("connection reset after the effect", "timeout after the effect", "500 after the effect", SLOW), E.DONE
) | {"an answer that is cut off": E.DONE}


@dataclass(frozen=True)
class Row:
    """One outside call.

    Attributes:
        service: its service.
        operation: its operation.
        request: what CloudFormation asks: Create for blog and site, Update from blog to site, Delete of both.
        otherwise: the end of every error that `errors` does not name.
        errors: the end by error code, or by the name of what any service can do.
        meets: tells the call by the request's URL and body.
        key: how the queue names its customer key, "" where it has none.
    """

    service: str
    operation: str
    request: str
    otherwise: End
    errors: dict[str, End] = field(default_factory=dict)
    meets: str = ""
    key: str = ""


SITE, BLOG = "//site.", "//blog."
MATRIX = {
    "look for a bucket's Region": Row(
        "s3", "HeadBucket", "Create", E.DONE, {"NoSuchBucket": E.MEND, **SILENT}, SITE
    ),
    "read what a bucket sends, to connect it": Row(
        "s3",
        "GetBucketNotificationConfiguration",
        "Create",
        E.AGAIN,
        {"403 AccessDenied": E.MEND, "400 unknown to everyone": E.MEND, SLOW: E.DONE},
        SITE,
    ),
    "write what a bucket sends, to connect it": Row(
        "s3",
        "PutBucketNotificationConfiguration",
        "Create",
        E.AGAIN,
        {"403 AccessDenied": E.MEND, "400 unknown to everyone": E.MEND, **TOOK_EFFECT},
        SITE,
    ),
    "ask for the queue's policy": Row(
        "sqs",
        "GetQueueAttributes",
        "Create",
        E.AGAIN,
        {"403 AccessDenied": E.DOUBTED, "QueueDoesNotExist": E.MEND, SLOW: E.DONE},
    ),
    "ask for the policy of the queue's key": Row(
        "kms", "GetKeyPolicy", "Create", E.DOUBTED, {SLOW: E.DONE}, key="arn"
    ),
    "look up the queue's key": Row("kms", "DescribeKey", "Create", E.DOUBTED, {SLOW: E.DONE}, key="alias"),
    "write what a bucket sends, to connect it in the place of another": Row(
        "s3",
        "PutBucketNotificationConfiguration",
        "Update",
        E.AGAIN,
        {"403 AccessDenied": E.MEND, "400 unknown to everyone": E.MEND, **TOOK_EFFECT},
        SITE,
    ),
    "write what a bucket sends, to disconnect it for another": Row(
        "s3",
        "PutBucketNotificationConfiguration",
        "Update",
        E.AGAIN,
        {"403 AccessDenied": E.PASSED_OVER, "400 unknown to everyone": E.PASSED_OVER, **TOOK_EFFECT},
        BLOG,
    ),
    "read what a bucket sends, to disconnect it": Row(
        "s3",
        "GetBucketNotificationConfiguration",
        "Delete",
        E.AGAIN,
        {"403 AccessDenied": E.PASSED_OVER, "400 unknown to everyone": E.PASSED_OVER, SLOW: E.DONE},
        SITE,
    ),
    "write what a bucket sends, to disconnect it": Row(
        "s3",
        "PutBucketNotificationConfiguration",
        "Delete",
        E.AGAIN,
        {"403 AccessDenied": E.PASSED_OVER, "400 unknown to everyone": E.PASSED_OVER, **TOOK_EFFECT},
        SITE,
    ),
}


CELLS = list(cells(MATRIX))


class Time:
    """Time that passes when somebody waits, and alarms set on it: the handler's `time` and `threading`."""

    def __init__(self) -> None:
        self.now = 0.0
        self._alarms: list[tuple[float, Any]] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for due, ring in [each for each in self._alarms if each[0] <= self.now]:
            self._alarms.remove((due, ring))
            ring()

    def Timer(self, seconds, ring, arguments):
        return Alarm(self._alarms, (self.now + seconds, lambda: ring(*arguments)))


class Alarm:
    daemon = False

    def __init__(self, alarms, entry):
        self._alarms, self._entry = alarms, entry

    def start(self):
        self._alarms.append(self._entry)

    def cancel(self):
        if self._entry in self._alarms:
            self._alarms.remove(self._entry)


class Clients:
    """Makes the function's clients, and strikes each of them where a fault is set.

    Making one takes longer than a test, so each is made once and handed out again without what was hooked into it.
    """

    def __init__(self, aws: WireAws) -> None:
        self._aws = aws
        self._make = boto3.client
        self._made: dict[str, tuple[Any, Any]] = {}
        self.faults: list[tuple[str, str | None, Fault]] = []

    def __call__(self, service, **more):
        if service not in self._made:
            made = self._aws.plug_into(self._make(service, **more))
            self._made[service] = made, copy.copy(made.meta.events._emitter._handlers)
        made, hooks = self._made[service]
        made.meta.events._emitter._handlers = copy.copy(hooks)
        made.meta.events._emitter._lookup_cache = {}
        for name, operation, fault in self.faults:
            if name == service:
                fault.strike(made, operation)
        return made


@dataclass
class World:
    """CloudFormation, two buckets that hold other people's notifications, and the function."""

    aws: WireAws
    clients: Clients
    time: Time
    foreign: bytes
    ours: bytes
    physical_id: str = PHYSICAL_ID

    def ask(self, kind: str, buckets: list[str], old: list[str] | None = None) -> tuple[str, str]:
        """What CloudFormation is told; it is told once, and before Lambda ends the function."""
        before = None if old is None else {"Buckets": old, "QueueArn": QUEUE.arn}
        event = request(kind, buckets, before)
        if kind == "Create":
            self.physical_id = PHYSICAL_ID
        else:
            event["PhysicalResourceId"] = self.physical_id
        told, began = [], self.time.now
        respond(
            event,
            LambdaContext(seconds=FUNCTION_SECONDS),
            lambda _, body: told.append((json.loads(body), self.asked())),
            subscribe_on_aws,
        )
        assert self.time.now - began < FUNCTION_SECONDS, "Lambda would have ended it, and run it again"
        ((body, asked),) = told
        assert self.asked() == asked, "CloudFormation had its answer, and AWS was asked for more"
        self.physical_id = body["PhysicalResourceId"]
        return body["Status"], body["Reason"]

    def asked(self) -> int:
        """How often AWS was asked so far, whether it answered or not."""
        return self.aws.asked + sum(fault.struck for _, _, fault in self.clients.faults)

    def document(self, bucket: str) -> dict[str, Any]:
        return read(self.aws.documents[bucket])

    def connected(self) -> set[str]:
        return {bucket for bucket in self.aws.documents if own_part(self.document(bucket), OWNER)}

    def strangers_are_as_they_were(self) -> bool:
        return all(
            same(foreign_part(self.document(bucket), OWNER), FOREIGN)
            and all(each["QueueArn"] == QUEUE.arn for each in own_part(self.document(bucket), OWNER))
            for bucket in self.aws.documents
        )


def allow(resource, *actions):
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": actions}
    return json.dumps({"Statement": [{**statement, "Resource": resource}]})


ALLOWED = allow(QUEUE.arn, "sqs:SendMessage")


KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"
KEYS = {"": {}, "arn": {"KmsMasterKeyId": KEY}, "alias": {"KmsMasterKeyId": "alias/queues"}}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    now = Time()
    aws = WireAws({}, allow("*", "kms:GenerateDataKey", "kms:Decrypt"))
    clients = Clients(aws)
    with pytest.MonkeyPatch.context() as patch, waiting_on(now):
        for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "eu-west-1")
        world = World(aws, clients, now, written(FOREIGN), written(OURS))
        patch.setattr(handler, "time", now)
        patch.setattr(handler, "threading", now)
        patch.setattr(boto3, "client", clients)
        yield world


REQUESTS = {
    "Create": (["blog", "site"], None),
    "Update": (["site"], ["blog"]),
    "Delete": (["blog", "site"], None),
}
BEFORE = {"Create": set(), "Update": {"blog"}, "Delete": {"blog", "site"}}
AFTER = {"Create": {"blog", "site"}, "Update": {"site"}, "Delete": set()}


@pytest.mark.long
@pytest.mark.parametrize(("row", "name", "what"), CELLS)
def test_the_request_ends_as_the_table_says(world, row, name, what):
    connected = BEFORE[row.request]
    world.physical_id = PHYSICAL_ID
    world.aws.documents = {
        name: world.ours if name in connected else world.foreign for name in ("blog", "site")
    }
    world.aws.attributes = {"Policy": ALLOWED, **KEYS[row.key]}
    fault = Fault.of(what, world.time, lambda text: row.meets in text, world.aws)
    world.clients.faults = [(row.service, row.operation, fault)]
    status, reason = world.ask(row.request, *REQUESTS[row.request])
    world.clients.faults = []
    assert fault.struck, "the call was not made"

    end = row.errors.get(name, row.otherwise)
    met = "blog" if row.meets == BLOG else "site"
    assert status == end.partition(":")[0], reason
    assert world.strangers_are_as_they_were()
    if end is E.PASSED_OVER:
        assert re.search(f"passed over: .*bucket {met!r}", reason)
        assert world.connected() == AFTER[row.request] | {met}
    elif status == "FAILED" and row.request == "Delete":
        assert world.connected() == {met}, "what was done stays done, and the next try does the rest"
    else:
        assert world.connected() == (AFTER if status == "SUCCESS" else BEFORE)[row.request]
    assert ("could not be read" in reason) == (end is E.DOUBTED)
    if status == "FAILED":
        assert re.search(r"bucket 'site'|bucket 'blog'|SQS|queue", reason), reason
        assert ("run it again" in reason) == (end is E.AGAIN), reason
        assert "unexpectedly" not in reason

    # What CloudFormation does next.
    if row.request == "Update" and status == "FAILED":
        assert world.ask("Update", ["blog"], ["site"])[0] == "SUCCESS"
        assert world.connected() == {"blog"}
    assert world.ask("Delete", ["blog", "site"])[0] == "SUCCESS"
    assert world.connected() == set()
    assert world.strangers_are_as_they_were()


@pytest.mark.parametrize("kind", ["Create", "Delete"])
@pytest.mark.parametrize(
    "how", [SLOW, "503 that is slow", "timeout before the effect", "timeout after the effect"]
)
def test_while_all_of_aws_is_slow_the_answer_comes_in_time_and_nothing_is_changed_after_it(world, how, kind):
    """Of twelve buckets only some fit the function's time; running it again goes on, deleting leaves nothing."""
    buckets = [f"b{number:02}" for number in range(12)]
    world.physical_id = PHYSICAL_ID
    world.aws.documents = dict.fromkeys(buckets, world.foreign if kind == "Create" else world.ours)
    world.aws.attributes = {"Policy": ALLOWED, **KEYS["arn"]}
    world.clients.faults = [
        (name, None, Fault.of(anywhere(name)[how], world.time, service=world.aws))
        for name in ("s3", "sqs", "kms")
    ]
    status, reason = world.ask(kind, buckets)
    world.clients.faults = []
    assert status == "FAILED"
    assert "run it again" in reason
    assert world.strangers_are_as_they_were()
    assert world.ask("Delete", buckets)[0] == "SUCCESS"
    assert world.connected() == set()
    assert world.strangers_are_as_they_were()


def test_rights_that_aws_sees_a_moment_late_are_waited_for(world):
    """The stack has just given them (IAM user guide, eventual consistency)."""
    world.aws.documents = dict.fromkeys(("blog", "site"), world.foreign)
    world.aws.attributes = {"Policy": ALLOWED}
    denied = anywhere("s3")["403 AccessDenied"].answer
    late = Fault(denied, most=20, service=world.aws)
    world.clients.faults = [("s3", "GetBucketNotificationConfiguration", late)]
    assert world.ask("Create", ["blog", "site"]) == ("SUCCESS", "connected: 2")
    assert late.struck == 20


def test_an_answer_that_the_alarm_could_not_give_fails_the_function_so_that_lambda_runs_it_again(world):
    """The alarm rings on a thread of its own, where nobody sees that the answer was lost."""
    world.aws.documents = dict.fromkeys(("blog", "site"), world.foreign)
    world.clients.faults = []
    lost = []

    def put(_url, _body):
        lost.append(1)
        raise OSError("no way to CloudFormation")

    def held_until_the_alarm(*_):
        with pytest.raises(OSError, match="no way"):
            world.time.sleep(FUNCTION_SECONDS)

    with pytest.raises(OSError, match="no way"):
        respond(request("Create"), LambdaContext(seconds=FUNCTION_SECONDS), put, held_until_the_alarm)
    assert lost == [1], "an answer that may have arrived is not followed by another"


def test_the_alarm_leaves_the_answer_time_for_all_its_tries(world, monkeypatch):
    """Or Lambda ends the function while it answers, and CloudFormation waits for an hour."""
    tries: list[float] = []

    def silent(_request, timeout):
        tries.append(timeout)
        raise OSError("nobody answers")

    monkeypatch.setattr("urllib.request.urlopen", silent)
    with pytest.raises(OSError, match="nobody answers"):
        put_to_url("https://cloudformation.test/answer", b"{}")
    left: list[float] = []

    def work(*_):
        ((due, _),) = world.time._alarms
        left.append(world.time.now + FUNCTION_SECONDS - due)
        raise UnsettledError("never mind")

    respond(request("Create"), LambdaContext(seconds=FUNCTION_SECONDS), lambda *_: None, work)
    assert len(tries) > 1
    assert left[0] >= sum(tries)


def test_every_outside_call_of_the_subscription_has_a_row():
    """The operations that the function's source names are those of the matrix."""
    source = "".join(each.read_text() for each in Path(bucket_subscription.__file__).parent.rglob("*.py"))
    words = set(re.findall(r"(?:client|kms|_sqs)\.(\w+)\(", source))
    assert operations(("s3", "sqs", "kms"), words) == rows_of(MATRIX)
