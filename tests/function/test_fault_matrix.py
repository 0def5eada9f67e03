"""Each outside call of the worker, with each kind of answer: what becomes of the change, and which line names it.

The table is the documentation. Faults strike at the wire, below the real SDK's parsing and retries, in front of moto. A
fault meets every try of one call, in one step (intake, a look at a target, at a bucket, at the unknown ones), and the
outcome is the one that the table states, well within the function's time. Then the fault is over: what stayed or waits
comes again, the sweep calls, and the change is invalidated or dead with its reason, and nothing is said to wait.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

import moto.backends
import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from moto.core.models import DEFAULT_ACCOUNT_ID

from invalidator import aws as services
from invalidator.aws import queue
from invalidator.aws.table.accounts import AccountTable
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.logs import LogTable, head_key
from invalidator.aws.table.routes import RoutesTable
from invalidator.aws.table.targets import TargetTable
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.slots import Calls
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.target import TargetRoutes
from invalidator.core.sent import Sent
from tests.fault_matrices import operations
from tests.function.deployed import TABLE
from tests.function.wired import ROLE, WiredWorker, wired_worker
from tests.notifications import direct
from tests.wire_faults import Fault
from tests.wire_happenings import MODELS, Happening, error_response, happenings

pytestmark = pytest.mark.long

URL = "https://service"
SLOW = "slow"


class Outcome(Enum):
    """What the step with the fault does with the change: what it is then, and the line that says so ("" for none)."""

    TAKEN_IN = ("pending, and its message acknowledged", "")
    UNCALLED = ("pending, and its message acknowledged; no wake is on its way", "wakes were not sent")
    STAYS = ("its message stays on the changes queue", "changes stay on the queue")
    KEPT = ("a message that cannot be read stays", "message given up")
    BROKEN = ("a message that cannot be read is a dead letter", "message given up")
    UNSTARTED = ("pending; the survey comes when it is scheduled", "")
    TRIED_AGAIN = ("pending, and the wake is tried again", "a wake is tried again")
    SENT = ("invalidated and settled", "invalidation created")
    SENT_AGAIN = (
        "invalidated, and the wake is tried again: it will be found covered",
        "a wake is tried again",
    )
    WAITS = ("pending, for a reason, until a time", "paths wait")
    DENIED = ("a dead letter: access-denied", "paths given up")
    GONE = ("pending until a survey tells whether the distribution is gone", "paths wait")
    REFUSED = ("a dead letter: path-refused", "paths given up")
    ROLE_REFUSED = ("a dead letter: role-refused", "paths given up")
    LOOKED_AT = ("pending, and its targets are woken", "targets woken")
    MOVED = ("pending at its bucket, and its targets are woken", "targets woken")


S = Outcome
REASONS = {
    S.DENIED: "access-denied",
    S.REFUSED: "path-refused",
    S.ROLE_REFUSED: "role-refused",
    S.BROKEN: "not-json",
}


@dataclass(frozen=True)
class Row:
    """One outside call.

    Attributes:
        service: its service.
        operation: its operation.
        otherwise: the outcome of every answer that `answers` does not name.
        answers: the outcome by kind of answer, or by error code.
        scenario: what has to be so that the call is made.
        meets: tells the call from others of the same operation, by the request's body.
        step: which step makes it.
    """

    service: str
    operation: str
    otherwise: Outcome
    answers: dict[str, Outcome] = field(default_factory=dict)
    scenario: str = "plain"
    meets: str = ""
    step: str = "target"


def intake(operation: str, meets: str, otherwise: Outcome = S.STAYS, **more: Any) -> Row:
    return Row("dynamodb", operation, otherwise, {SLOW: S.TAKEN_IN}, meets=meets, step="intake", **more)


def look(
    operation: str,
    meets: str,
    otherwise: Outcome = S.TRIED_AGAIN,
    slow: Outcome = S.SENT,
    lost: Outcome | None = None,
    scenario: str = "plain",
) -> Row:
    # A table that left two tries unanswered is not asked again in that run.
    answers = {SLOW: slow, "lost": lost or otherwise}
    return Row("dynamodb", operation, otherwise, answers, scenario, meets)


def bucket(operation: str, meets: str) -> Row:
    answers = {SLOW: S.LOOKED_AT}
    return Row("dynamodb", operation, S.TRIED_AGAIN, answers, "bucket", meets, "bucket")


def unknown(operation: str, meets: str, **more: Any) -> Row:
    answers = {SLOW: S.MOVED}
    return Row("dynamodb", operation, S.TRIED_AGAIN, answers, "found", meets, "unknown", **more)


MATRIX = {
    # Intake
    "deal a number": intake("UpdateItem", "#seq"),
    "write an entry": intake("PutItem", '"log#bucket:site'),
    "ask for a look": intake("UpdateItem", "if_not_exists(#since"),
    "send a wake": Row("sqs", "SendMessageBatch", S.UNCALLED, {SLOW: S.TAKEN_IN}, step="intake"),
    "count a try": intake("UpdateItem", "tries#", scenario="received often"),
    "receive more": Row("sqs", "ReceiveMessage", S.TAKEN_IN, {}, "full batch", step="intake"),
    "delete what was drained": Row(
        "sqs", "DeleteMessageBatch", S.TAKEN_IN, {}, "full batch", step="intake"
    ),
    "give up a message": Row("sqs", "SendMessage", S.KEPT, {SLOW: S.BROKEN}, "broken", step="intake"),
    "know a redriven path's distribution": intake("BatchGetItem", "distributions", scenario="redriven"),
    "ask for a survey": Row(
        "dynamodb", "UpdateItem", S.STAYS, {}, "redriven, unknown", '"survey"', "intake"
    ),
    "start a survey": Row("lambda", "Invoke", S.UNSTARTED, {}, "unknown", step="unknown"),
    # A look at a target
    "take the lease": look("UpdateItem", "SET #lease"),
    "read routing, state and account": look("BatchGetItem", '"target#'),
    "read the log": look("Query", '"log#bucket:site"'),
    "close a gap": look("PutItem", '"closed"', scenario="a gap"),
    "find where a routing change begins": look("BatchGetItem", '"head"', scenario="routing changed"),
    "search there": look("Query", "ProjectionExpression", scenario="routing changed"),
    "read what was sent": look("Query", '"sent#', scenario="sent lately"),
    "know another account": look("BatchGetItem", "account#arn", scenario="role"),
    "assume a role": Row(
        "sts", "AssumeRole", S.WAITS, {"denied": S.ROLE_REFUSED, SLOW: S.SENT}, "role"
    ),
    "list a bucket": Row("s3", "ListObjectsV2", S.SENT, {}, "listing"),
    "draw a ticket": look("UpdateItem", "#dealt", scenario="spaced"),
    "take a turn": look("UpdateItem", "#last_call", scenario="spaced"),
    "count paths": look("UpdateItem", "#paths_sent"),
    "create an invalidation": Row(
        "cloudfront",
        "CreateInvalidation",
        S.WAITS,
        {
            "denied": S.DENIED,
            "AccessDenied": S.DENIED,
            "NoSuchDistribution": S.GONE,
            "InvalidArgument": S.REFUSED,
            "InconsistentQuantities": S.REFUSED,
            "MissingBody": S.REFUSED,
            SLOW: S.SENT,
        },
    ),
    "give paths back": look("UpdateItem", "#paths_sent", scenario="throttled, counted", slow=S.WAITS),
    "learn a gap": look("UpdateItem", "#lesson", scenario="throttled", slow=S.WAITS),
    "ask whether an invalidation has finished": Row(
        "cloudfront", "GetInvalidation", S.WAITS, {SLOW: S.WAITS}, "no room"
    ),
    "remember that an invalidation has finished": look(
        "UpdateItem", "#completed", S.SENT, scenario="room at last", lost=S.TRIED_AGAIN
    ),
    "record an invalidation": look("PutItem", '"sent#', S.SENT_AGAIN),
    "settle": look("PutItem", '"target#', S.SENT_AGAIN),
    "give up paths": Row("sqs", "SendMessage", S.TRIED_AGAIN, {SLOW: S.DENIED}, "denied"),
    "give the lease back": look("UpdateItem", "REMOVE #lease", S.SENT_AGAIN),
    "wake for what waits": Row("sqs", "SendMessageBatch", S.TRIED_AGAIN, {SLOW: S.WAITS}, "CloudFront is down"),
    # A look at a bucket with many targets, and at the unknown ones
    "a bucket's targets": bucket("Query", '"bucket#site"'),
    "the newest of a bucket": bucket("BatchGetItem", '"head"'),
    "wake a bucket's targets": bucket("UpdateItem", "if_not_exists(#since"),
    "how far the survey is": unknown("BatchGetItem", '"survey"'),
    "read the unknown ones": unknown("Query", '"log#unknown"'),
    "move a change to its bucket": unknown("PutItem", '"log#bucket:site"'),
}  # fmt: skip


# Calls of the table that meet each kind of answer: one of each step.
EACH_KIND = ("#seq", "SET #lease", '"log#unknown"')


def kinds(row: Row) -> dict[str, Happening]:
    """The kinds of answers that a call of a row can get."""
    protocol = str(MODELS.get_service_model(row.service).metadata["protocol"])
    denied = "AccessDenied" if protocol == "rest-xml" else "AccessDeniedException"
    throttled = "ThrottlingException" if protocol in {"json", "rest-json"} else "Throttling"
    found = {
        "throttled": Happening(error_response(protocol, 400, throttled, "Rate exceeded")),
        "5xx": Happening(error_response(protocol, 503, "ServiceUnavailable")),
        "denied": Happening(error_response(protocol, 403, denied)),
        "reset": Happening(ConnectionClosedError(endpoint_url=URL)),
        "cut off": Happening((200, {"content-type": "text/xml"}, b"<Answer><Id>"), after=True),
        "lost": Happening(ReadTimeoutError(endpoint_url=URL), after=True),
        SLOW: Happening(None, after=True, slow=True),
    }
    if protocol != "rest-xml":
        del found["cut off"]
    if row.service == "dynamodb" and row.meets not in EACH_KIND:
        # One place asks the table, and takes all of these alike.
        for alike in ("5xx", "denied", "reset"):
            del found[alike]
    if row.operation == "CreateInvalidation":
        # Every error of its model.
        found |= {
            code: what
            for code, what in happenings(row.service, row.operation).items()
            if code.isalpha() and code not in found
        }
    return found


CELLS = [
    pytest.param(row, kind, what, id=f"{call}: {kind}")
    for call, row in MATRIX.items()
    for kind, what in kinds(row).items()
]


@dataclass
class World(WiredWorker):
    """The real worker, wired as in Lambda, and a distribution of the bucket `site`."""

    site: str = ""
    served: Any = None
    table: DynamoDbTable | None = None


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch, wired_worker(LISTING_CALLS="3") as wired:
        patch.setattr(queue, "AT_A_TIME", 1)  # the clock adds up what threads wait at the same time
        site = wired.deployed.distribution("site")
        wired.deployed.serve("site", site)
        served = wired.deployed.remember()
        table = DynamoDbTable(wired.deployed.dynamodb, TABLE)
        yield World(
            wired.deployed, wired.made, wired.clock, wired.module, site=site, served=served, table=table
        )


# What else has to answer so that the call is made.
BESIDE = {
    "throttled": error_response("rest-xml", 400, "Throttling", "Rate exceeded"),
    "throttled, counted": error_response("rest-xml", 400, "Throttling", "Rate exceeded"),
    "denied": error_response("rest-xml", 403, "AccessDenied"),
    "CloudFront is down": error_response("rest-xml", 503, "ServiceUnavailable"),
}


def site_routes(world: World, version: str = "1", **more: Any) -> TargetRoutes:
    origin = Origin("s3", "site.s3.us-east-1.amazonaws.com", "site")
    role = more.pop("role", None)
    there = Distribution(world.site, (origin,), (Behavior("*", ("s3",)),), role=role)
    return TargetRoutes(world.site, (there,), version, 0.0, **more)


def prepare(world: World, scenario: str) -> str:
    """Make things so that the call is made; return the message that tells of the change."""
    made, deployed, clock, table = world.made, world.deployed, world.clock, world.table
    now = clock.now()
    body = direct("a.html", at=now - 60)
    made.steps.sender.limits = replace(made.steps.sender.limits, ceiling=Allowance(1000, 15))
    world.forget()
    if scenario in {"unknown", "found", "redriven, unknown"}:
        body = direct("a.html", at=now - 60)
    else:
        deployed.recall(world.served)
    assert table is not None
    routes, log = RoutesTable(table), LogTable(table, clock.now)
    if scenario == "a gap":
        log.deal("bucket:site")
    elif scenario == "routing changed":
        routes.store_routes(site_routes(world, "2", reroute_since=now - 300))
    elif scenario == "sent lately":
        remember(world, Sent(world.site, "I1", now - 30, ("/other",)))
    elif scenario == "role":
        routes.store_routes(site_routes(world, role=ROLE))
    elif scenario == "listing":
        made.steps.sender.limits = replace(made.steps.sender.limits, ceiling=Allowance(2, 2))
        body = direct(*(f"dir{n}/a.html" for n in range(6)), at=now - 60)
    elif scenario == "spaced":
        AccountTable(table).learn("self", Calls(gap=2.0, learned=now, last=now - 60), 0.0)
    elif scenario in {"no room", "room at last"}:
        old = deployed.cloudfront.create_invalidation(
            DistributionId=world.site,
            InvalidationBatch={"Paths": {"Quantity": 1, "Items": ["/old"]}, "CallerReference": f"old {now}"},
        )["Invalidation"]["Id"]
        if scenario == "room at last":
            finish(world.site, old)
        remember(world, Sent(world.site, old, now - 20, tuple(f"/{n}" for n in range(3000))))
    elif scenario == "bucket":
        # As with more targets than its head names.
        table.update(head_key("bucket:site"), "SET #many = :many REMOVE #targets", {":many": {"N": "11"}})
    elif scenario == "broken":
        body = "{broken"
    elif scenario.startswith("redriven"):
        at = {"/a.html": now - 60}
        body = json.dumps({"invalidator": 1, "distribution": world.site, "buckets": ["site"], "paths": at})
    elif scenario == "full batch":
        for _ in range(3):
            deployed.sqs.send_message(QueueUrl=deployed.queue_url, MessageBody=body)
    return body


def remember(world: World, sent: Sent) -> None:
    """As a run that sent it has left it."""
    assert world.table is not None
    targets = TargetTable(world.table)
    targets.record(sent)
    state = targets.view(world.site, 0.0).state
    targets.save(world.site, replace(state, sent=sent.created, routing="1"))


def finish(distribution: str, invalidation: str) -> None:
    """CloudFront has finished an invalidation; moto says so in capitals, CloudFront does not."""
    backend = moto.backends.get_backend("cloudfront")[DEFAULT_ACCOUNT_ID]["aws"]
    for each in backend.invalidations[distribution]:
        if each.id == invalidation:
            each.status = "Completed"


def strike(world: World, fault: Fault, row: Row) -> Callable[[], None]:
    if row.service != "sts":
        return fault.strike(world.client(row.service), row.operation)
    sender: Any = world.made.steps.sender
    clients = sender.cloudfront._clients
    make, ends = clients._make, []

    def making(service: str, **credentials: str) -> Any:
        client = make(service, **credentials)
        if service == "sts":
            ends.append(fault.strike(client, row.operation))
        return client

    clients._make = making

    def end() -> None:
        clients._make = make
        for each in ends:
            each()

    return end


def fresh(world: World) -> bool:
    """Whether CloudFront has an invalidation of what changed."""
    return any("/old" not in paths for paths in world.deployed.invalidated(world.site))


def facts(world: World, row: Row, staying: list[str], again: list[str]) -> Outcome | str:
    """What became of the change, in the table's words."""
    dead = {attributes["Reason"] for _, attributes in world.deployed.dead()}
    if dead and not again and not staying:
        return next((each for each, reason in REASONS.items() if dead == {reason}), f"dead: {dead}")
    if row.step == "intake":
        if staying:
            return S.KEPT if row.scenario == "broken" else S.STAYS
        return S.UNCALLED if world.logged("wakes were not sent") else S.TAKEN_IN
    if again:
        return S.SENT_AGAIN if fresh(world) else S.TRIED_AGAIN
    if row.step == "bucket":
        return S.LOOKED_AT
    if row.step == "unknown":
        return S.UNSTARTED if row.service == "lambda" else S.MOVED
    if fresh(world) and not world.deployed.wakes():
        return S.SENT
    waits = world.logged("paths wait")
    return S.GONE if waits and "does not know it" in waits[-1]["reason"] else S.WAITS


@pytest.mark.parametrize(("row", "kind", "what"), CELLS)
def test_the_change_ends_as_the_table_says_and_a_line_names_it(world, row, kind, what):
    world.made.steps.sender.cloudfront._clients._made.pop(ROLE, None)
    body = prepare(world, row.scenario)
    staying: list[str] = []
    wakes: list[str] = []
    if row.step != "intake":
        assert world.take_in(body) == []
        wakes = list(dict.fromkeys(world.deployed.take("wakes")))
        world.lines.clear()
    if row.scenario == "found":
        world.deployed.serve("site", world.site)
    beside = Fault(BESIDE[row.scenario]) if row.scenario in BESIDE else None
    end_beside = beside.strike(world.client("cloudfront"), "CreateInvalidation") if beside else lambda: None
    counted = row.scenario == "throttled, counted"
    fault = Fault.of(
        what, world.clock, meets=lambda text: row.meets in text and (not counted or '"N": "-1"' in text)
    )
    end = strike(world, fault, row)
    try:
        if row.step == "intake":
            times = 10 if row.scenario == "full batch" else 1
            receives = 5 if row.scenario == "received often" else 1
            staying = world.take_in(*[body] * times, receives=receives)
        else:
            wakes = world.look(*wakes)
    finally:
        end()
        end_beside()
    assert fault.struck, "the call was not made"
    found, expected = facts(world, row, staying, wakes), row.answers.get(kind, row.otherwise)
    assert found == expected
    assert not expected.value[1] or world.logged(expected.value[1]), "no line says so"
    assert found is not S.SENT_AGAIN or len(world.logged("invalidation created")) == 1

    if kind in {"5xx", "reset"}:
        return  # as after "throttled": nothing took effect
    if "unknown" in row.scenario:
        world.deployed.serve("site", world.site)
    world.go_on(staying, wakes)
    assert fresh(world) or world.deployed.dead()


def test_every_modelled_error_of_cloudfronts_main_call_is_in_the_table():
    model: Any = MODELS.get_service_model("cloudfront")
    modelled = {shape.error_code for shape in model.operation_model("CreateInvalidation").error_shapes}
    assert modelled <= kinds(MATRIX["create an invalidation"]).keys()


# What other functions and the command line ask for, through the same adapters.
BY_OTHERS = {
    ("s3", "HeadObject"),
    ("cloudfront", "ListDistributions"),
    ("cloudfront", "GetDistributionConfig"),
    ("cloudfront", "GetCachePolicy"),
    ("dynamodb", "BatchWriteItem"),
    ("dynamodb", "BatchExecuteStatement"),
    ("dynamodb", "DeleteItem"),
    ("dynamodb", "DescribeTable"),
    ("sqs", "GetQueueAttributes"),
    # The survey's, and the two that take the place of theirs for a tenant: moto has no tenants, tests/aws has the wire.
    ("cloudfront", "ListDistributionTenants"),
    ("cloudfront", "GetDistributionTenant"),
    ("cloudfront", "CreateInvalidationForDistributionTenant"),
    ("cloudfront", "GetInvalidationForDistributionTenant"),
}


def test_every_outside_call_of_the_worker_has_a_row():
    """The operations that the adapters' source names are those of the matrix."""
    source = "".join(each.read_text() for each in Path(services.__file__).parent.rglob("*.py"))
    named = set(re.findall(r"(?:client|\(\"sts\"\))\.(\w+)\(|[\"'](\w+)[\"']", source))
    words = {word for pair in named for word in pair}
    asked = operations({row.service for row in MATRIX.values()}, words)
    assert asked - BY_OTHERS == {(row.service, row.operation) for row in MATRIX.values()}
