"""Every outside call of the worker, with every error its service can give: what becomes of the change.

The tables are the documentation. Faults strike at the wire, below the real SDK's parsing and retries, in front of
moto (`tests/wire_happenings.py` lists them). In the first batch a fault meets every try of one call, and the outcome is
the one the table states, well within the function's time however long the call takes. Then the fault is over, what
stayed or waits on the queue comes again, and the change is invalidated or dead with its reason.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import moto.backends
import pytest
from moto.core import DEFAULT_ACCOUNT_ID

from invalidator import aws as services
from invalidator.aws.memory_table import MemoryTable
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.pace import Pace
from invalidator.core.routing.pins import Pin
from invalidator.core.sent import Sent
from invalidator.ports import Message, StoredRoutes
from tests.batch.wired import ROLE, WiredWorker, wired_worker
from tests.fault_matrices import cells, operations, rows_of
from tests.notifications import direct
from tests.wire_faults import Fault
from tests.wire_happenings import MODELS, SLOW, error_response


class Outcome(StrEnum):
    """What the first batch, with the fault, does with the change."""

    SENT = "invalidated in this batch, and nothing waits"
    SENT_ANYWAY = (
        "invalidated in this batch; where the table could not say what is pinned, the change comes again"
    )
    WAITS = "put back on the queue as a compact message before its own message is acknowledged"
    UNSERVED = "done with: the distribution was deleted between two calls, and nobody serves the bucket"
    STAYS = "its own message stays on the queue"
    DENIED = "dead: access-denied"
    GONE = "dropped: the distribution is looked for again and serves the bucket no more, or dead: distribution-gone"
    REFUSED = "dead: path-refused"
    ROLE_REFUSED = "dead: role-refused"
    MAPPING_DENIED = "dead: mapping-denied"
    BROKEN = "dead: not-json"


S = Outcome
DEAD = {
    S.BROKEN: "not-json",
    S.DENIED: "access-denied",
    S.GONE: "distribution-gone",
    S.REFUSED: "path-refused",
    S.ROLE_REFUSED: "role-refused",
    S.MAPPING_DENIED: "mapping-denied",
}


@dataclass(frozen=True)
class Row:
    """One outside call.

    Attributes:
        service: its service.
        operation: its operation.
        otherwise: the outcome of every error that `errors` does not name.
        errors: the outcome by error code, or by the name of what any service can do.
        scenario: what has to be so that the call is made.
        meets: tells the call from others of the same operation, by the request's body.
    """

    service: str
    operation: str
    otherwise: Outcome
    errors: dict[str, Outcome] = field(default_factory=dict)
    scenario: str = "plain"
    meets: str = ""


MATRIX = {
    "create an invalidation": Row(
        "cloudfront",
        "CreateInvalidation",
        S.WAITS,
        {
            "AccessDenied": S.DENIED,
            "403 AccessDenied": S.DENIED,
            "NoSuchDistribution": S.GONE,
            "InvalidArgument": S.REFUSED,
            "InconsistentQuantities": S.REFUSED,
            "MissingBody": S.REFUSED,
            "TooManyInvalidationsInProgress": S.WAITS,
            "BatchTooLarge": S.WAITS,
            SLOW: S.SENT,
        },
    ),
    "ask whether an invalidation has finished": Row(
        "cloudfront", "GetInvalidation", S.WAITS, scenario="no room"
    ),
    "list the distributions": Row(
        "cloudfront",
        "ListDistributions",
        S.WAITS,
        {"403 AccessDenied": S.MAPPING_DENIED, SLOW: S.SENT},
        scenario="nothing is known",
    ),
    "list the distributions, with stale routes": Row(
        "cloudfront", "ListDistributions", S.SENT, scenario="stale"
    ),
    "read a distribution's configuration": Row(
        "cloudfront",
        "GetDistributionConfig",
        S.WAITS,
        {
            "AccessDenied": S.MAPPING_DENIED,
            "403 AccessDenied": S.MAPPING_DENIED,
            "NoSuchDistribution": S.UNSERVED,
            SLOW: S.SENT,
        },
        scenario="nothing is known",
    ),
    "read a cache policy": Row("cloudfront", "GetCachePolicy", S.SENT, scenario="cache policy"),
    "assume a role": Row(
        "sts",
        "AssumeRole",
        S.WAITS,
        {"403 AccessDenied": S.ROLE_REFUSED, SLOW: S.SENT},
        scenario="pinned with a role",
    ),
    "list a bucket": Row("s3", "ListObjectsV2", S.SENT, scenario="listing"),
    "recall the routes and the account": Row(
        "dynamodb",
        "BatchGetItem",
        S.SENT,
        # A table that did not answer twice is not asked for pins in this batch.
        dict.fromkeys(
            ("connection timeout", "timeout before the effect", "timeout after the effect"), S.SENT_ANYWAY
        ),
    ),
    "read what is pinned": Row("dynamodb", "Query", S.SENT_ANYWAY, {}, "nothing is known", '"pins"'),
    "keep the routes": Row("dynamodb", "BatchWriteItem", S.SENT, scenario="nothing is known"),
    "read what was sent": Row("dynamodb", "Query", S.SENT, meets="sent#"),
    "record an invalidation": Row("dynamodb", "TransactWriteItems", S.SENT),
    "record an invalidation beside another worker: the item": Row(
        "dynamodb", "PutItem", S.SENT, scenario="conflict"
    ),
    "record an invalidation beside another worker: the sum": Row(
        "dynamodb", "UpdateItem", S.SENT, scenario="conflict", meets="paths_sent"
    ),
    "take a call slot": Row(
        "dynamodb",
        "UpdateItem",
        S.SENT,
        # Not an error but the answer: another worker has the slot, and all until the deadline.
        {"ConditionalCheckFailedException": S.WAITS},
        scenario="spaced",
        meets="next_call",
    ),
    "learn a pace": Row("dynamodb", "UpdateItem", S.SENT, scenario="spaced", meets="request_paths"),
    "remember that an invalidation has finished": Row(
        "dynamodb", "UpdateItem", S.SENT, scenario="room at last", meets="completed"
    ),
    "put work back on the queue": Row("sqs", "SendMessage", S.STAYS, {SLOW: S.WAITS}, "CloudFront is down"),
    "give up work": Row("sqs", "SendMessage", S.STAYS, {SLOW: S.DENIED}, "CloudFront denies"),
    "give up a message": Row("sqs", "SendMessage", S.STAYS, {SLOW: S.BROKEN}, "broken message"),
}


CELLS = list(cells(MATRIX))


@dataclass
class World(WiredWorker):
    """The real worker, wired as in Lambda, and three distributions."""

    site: str
    docs: str
    keyed: str
    routes: dict[str, StoredRoutes]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with wired_worker(LISTING_CALLS="3") as wired:
        site, docs = wired.deployed.distribution("site"), wired.deployed.distribution("docs")
        keyed = wired.deployed.distribution("keyed", policy="policy-1")
        found = wired.worker.discovery.scan(())
        fresh_until = wired.clock.now() + 10**6
        routes = {bucket: StoredRoutes(each, fresh_until) for bucket, each in found.items()}
        yield World(wired.deployed, wired.made, wired.clock, site, docs, keyed, routes)


def finish(distribution: str, invalidation: str) -> None:
    """CloudFront has finished an invalidation; moto says so in capitals, CloudFront does not."""
    backend = moto.backends.get_backend("cloudfront")[DEFAULT_ACCOUNT_ID]["aws"]
    for each in backend.invalidations[distribution]:
        if each.id == invalidation:
            each.status = "Completed"


# Where CloudFront has to be asked who serves the bucket; elsewhere the table knows.
UNROUTED = {"nothing is known", "stale", "cache policy", "pinned with a role"}
# What else has to fail so that the call is made: (service, operation, its answer).
BESIDE = {
    "conflict": (
        "dynamodb",
        "TransactWriteItems",
        error_response("json", 400, "TransactionCanceledException"),
    ),
    "CloudFront is down": (
        "cloudfront",
        "CreateInvalidation",
        error_response("rest-xml", 503, "ServiceUnavailable"),
    ),
    "CloudFront denies": (
        "cloudfront",
        "CreateInvalidation",
        error_response("rest-xml", 403, "AccessDenied"),
    ),
}


def strike_beside(world: World, scenario: str) -> Callable[[], None]:
    if scenario not in BESIDE:
        return lambda: None
    service, operation, answer = BESIDE[scenario]
    return Fault(answer).strike(world.client(service), operation)


def prepare(world: World, scenario: str) -> tuple[str, str]:
    """Make things so that the call is made. Returns the message and the distribution that serves its key."""
    worker, deployed, clock = world.worker, world.deployed, world.clock
    now = clock.now()
    memory = MemoryTable(deployed.dynamodb, deployed.environment()["TABLE_NAME"])
    body, distribution = direct("a.html", at=now - 60), world.site
    worker.limits = replace(worker.limits, ceiling=Allowance(1000, 15))
    if scenario not in UNROUTED:
        memory.store_routes(world.routes)
    if scenario in {"no room", "room at last"}:
        old = deployed.cloudfront.create_invalidation(
            DistributionId=world.site,
            InvalidationBatch={"Paths": {"Quantity": 1, "Items": ["/old"]}, "CallerReference": "old"},
        )["Invalidation"]["Id"]
        paths = tuple(f"/{n}" for n in range(3000))
        if scenario == "room at last":
            finish(world.site, old)
        memory.record(Sent(world.site, old, now - (20 if scenario == "no room" else 30), paths), "self", now)
    elif scenario == "stale":
        memory.store_routes({bucket: replace(each, fresh_until=0.0) for bucket, each in world.routes.items()})
    elif scenario == "cache policy":
        body, distribution = direct("a.html", bucket="keyed", at=now - 60), world.keyed
    elif scenario == "pinned with a role":
        memory.pin(Pin("pinned", world.docs, role=ROLE))
        body, distribution = direct("a.html", bucket="pinned", at=now - 60), world.docs
    elif scenario == "listing":
        worker.limits = replace(worker.limits, ceiling=Allowance(2, 2))
        body = direct(*(f"dir{n}/a.html" for n in range(6)), at=now - 60)
    elif scenario == "spaced":
        memory.learn("self", Pace(10, 1, 2.0, now - 3600))
    elif scenario == "broken message":
        body = "{broken"
    return body, distribution


def facts(world: World, retry: set[str], distribution: str) -> Outcome | str:
    """What became of the change, in the table's words."""
    dead = {attributes["Reason"] for _, attributes in world.deployed.dead()}
    waits = bool(world.deployed.messages("invalidation"))
    sent = any("/old" not in paths for paths in world.deployed.invalidated(distribution))
    if retry:
        return S.STAYS
    if dead:
        return next((each for each, reason in DEAD.items() if dead == {reason}), f"dead: {dead}")
    if sent:
        return S.SENT_ANYWAY if waits else S.SENT
    return S.WAITS if waits else S.UNSERVED


@pytest.mark.parametrize(("row", "name", "what"), CELLS)
def test_the_change_ends_as_the_table_says(world, row, name, what):
    world.deployed.forget()
    world.worker._last_routes.clear()
    world.worker.cloudfront._clients._made.pop(ROLE, None)
    body, distribution = prepare(world, row.scenario)
    end_scenario = strike_beside(world, row.scenario)
    fault = Fault.of(what, world.clock, meets=lambda text: row.meets in text)
    end_fault = strike(world, fault, row)
    try:
        report = world.handle([Message("m1", body, world.clock.now())])
    finally:
        end_fault()
        end_scenario()
    assert fault.struck, "the call was not made"

    expected = row.errors.get(name, row.otherwise)
    found = facts(world, report.retry, distribution)
    if expected is S.SENT_ANYWAY:
        assert found in {S.SENT, S.SENT_ANYWAY}
    elif what.after and expected is S.WAITS and row.operation == "CreateInvalidation":
        assert found in {S.WAITS, S.SENT_ANYWAY}, "it took effect, and the worker cannot know"
    else:
        assert found == expected

    if found in DEAD or found is S.UNSERVED:
        return
    again = [Message("m2", each.body, world.clock.now()) for each in world.deployed.messages("invalidation")]
    if report.retry:
        again.append(Message("m1", body, world.clock.now()))
    world.deployed.messages("invalidation").clear()
    world.clock.sleep(120)
    if again:
        later = world.handle(again)
        assert later.retry == set()
    end = {attributes["Reason"] for _, attributes in world.deployed.dead()}
    assert any("/old" not in paths for paths in world.deployed.invalidated(distribution)) or end


def strike(world: World, fault: Fault, row: Row) -> Callable[[], None]:
    if row.service != "sts":
        return fault.strike(world.client(row.service), row.operation)
    clients = world.worker.cloudfront._clients
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


def test_every_modelled_error_of_cloudfronts_main_call_is_named_in_the_table():
    model = MODELS.get_service_model("cloudfront")
    modelled = {shape.error_code for shape in model.operation_model("CreateInvalidation").error_shapes}
    assert modelled <= MATRIX["create an invalidation"].errors.keys()


# What only the command line asks for, through the same adapters.
BY_PEOPLE = {("dynamodb", "DeleteItem")}


def test_every_outside_call_of_the_worker_has_a_row():
    """The operations that the adapters' source names are those of the matrix."""
    source = "".join(each.read_text() for each in Path(services.__file__).parent.glob("*.py"))
    named = set(re.findall(r"(?:client|\(\"sts\"\))\.(\w+)\(|[\"'](\w+)[\"']", source))
    words = {word for pair in named for word in pair}
    asked = operations({row.service for row in MATRIX.values()}, words)
    assert asked - BY_PEOPLE == rows_of(MATRIX)


def test_the_matrix_is_as_large_as_it_says():
    assert len(CELLS) > 400
    assert Counter(cell.values[0].service for cell in CELLS).keys() == {
        "cloudfront",
        "dynamodb",
        "sqs",
        "sts",
        "s3",
    }
