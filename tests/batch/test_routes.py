"""Who serves a bucket: the table's answer, one scan for all, and what is left when one of them is silent."""

from dataclasses import dataclass, field, replace

import boto3
import pytest
from moto import mock_aws

from invalidator.aws.memory_table import MemoryTable
from invalidator.batch.routes import find_routes, scan
from invalidator.core.reasons import Reason
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.pins import Pin
from invalidator.failures import BackPressure, MemoryUnavailable, Permanent, Transient
from invalidator.ports import StoredRoutes
from tests.memory_tables import make_table

NOW = 1_795_000_000.0
MAPPING_SECONDS = 600.0


def serving(identifier, bucket, path=""):
    origin = Origin("o", f"{bucket}.s3.amazonaws.com", bucket, path)
    return Distribution(identifier, (origin,), (Behavior("*", ("o",)),))


OLD, NEW = serving("EOLD", "site"), serving("ENEW", "site")
OTHER = serving("EOTHER", "other")


@dataclass
class Discovery:
    """CloudFront as a scan sees it."""

    found: dict = field(default_factory=dict)
    failure: Exception | None = None
    scans: list = field(default_factory=list)

    def scan(self, pins):
        self.scans.append(list(pins))
        if self.failure:
            raise self.failure
        pinned = {pin.bucket: (serving(pin.distribution, pin.bucket),) for pin in pins}
        return self.found | pinned


@dataclass
class Memory:
    """The table, as far as routes go."""

    stored: dict = field(default_factory=dict)
    pinned: list = field(default_factory=list)
    silent: bool = False
    read_only: bool = False

    def pins(self):
        if self.silent:
            raise MemoryUnavailable("the table is away")
        return self.pinned

    def store_routes(self, routes):
        if self.silent or self.read_only:
            raise MemoryUnavailable("the table is away")
        self.stored |= routes


def asked(buckets, memory, discovery, now=NOW, stored=None):
    known = {name: each for name, each in memory.stored.items() if name in buckets}
    return find_routes(
        buckets,
        known if stored is None else stored,
        discovery=discovery,
        memory=memory,
        now=now,
        mapping_seconds=MAPPING_SECONDS,
    )


def test_one_scan_answers_for_all_buckets_until_it_expires():
    memory, discovery = Memory(), Discovery({"site": (OLD,), "other": (OTHER,)})
    first = asked(["site"], memory, discovery)
    assert (first.serving, first.scanned, first.stale, first.unknown) == ({"site": (OLD,)}, True, set(), {})

    discovery.found = {"site": (NEW,), "other": (OTHER,)}
    within = asked(["site", "other"], memory, discovery, NOW + MAPPING_SECONDS - 1)
    assert (within.serving, within.scanned) == ({"site": (OLD,), "other": (OTHER,)}, False)
    after = asked(["site"], memory, discovery, NOW + MAPPING_SECONDS)
    assert after.serving == {"site": (NEW,)}
    assert len(discovery.scans) == 2


def test_that_nobody_serves_a_bucket_is_remembered_as_long():
    memory, discovery = Memory(), Discovery({"site": (OLD,)})
    assert asked(["nobody"], memory, discovery).serving == {"nobody": ()}
    assert asked(["nobody"], memory, discovery, NOW + 1).scanned is False
    discovery.found |= {"nobody": (NEW,)}
    assert asked(["nobody"], memory, discovery, NOW + MAPPING_SECONDS).serving == {"nobody": (NEW,)}


def test_a_bucket_that_is_not_served_any_more_gets_the_empty_answer():
    memory, discovery = Memory({"site": StoredRoutes((OLD,), NOW - 1)}), Discovery()
    assert asked(["site"], memory, discovery).serving == {"site": ()}
    assert memory.stored["site"].distributions == ()


@pytest.mark.parametrize(
    "failure",
    [
        Transient("503"),
        BackPressure("Throttling", too_large=False),
        Permanent("AccessDenied", Reason.MAPPING_DENIED),
    ],
)
def test_when_cloudfront_is_silent_a_stale_answer_is_better_than_none(failure):
    memory = Memory({"site": StoredRoutes((OLD,), NOW - 100_000)})
    routes = asked(["site", "new"], memory, Discovery(failure=failure))
    assert routes.serving == {"site": (OLD,)}
    assert routes.stale == {"site"}
    assert routes.unknown == {"new": failure}
    assert memory.stored["site"].fresh_until < NOW  # and the next batch asks again


def test_a_table_that_cannot_be_written_does_not_cost_the_answer():
    memory, discovery = Memory(read_only=True), Discovery({"site": (OLD,)})
    routes = asked(["site"], memory, discovery)
    assert (routes.serving, routes.unknown) == ({"site": (OLD,)}, {})


def test_pins_that_cannot_be_read_are_not_taken_for_no_pins():
    """What is discovered is served at once; the changes come again, for what may be pinned."""
    memory, discovery = Memory(silent=True), Discovery({"site": (OLD,)})
    routes = asked(["site", "vault"], memory, discovery)
    assert routes.serving == {"site": (OLD,), "vault": ()}
    assert set(routes.unknown) == {"site", "vault"}

    memory.silent, memory.pinned = False, [Pin("vault", "EPIN")]
    again = asked(["site", "vault"], memory, discovery)
    assert [each.id for each in again.serving["vault"]] == ["EPIN"]
    assert again.unknown == {}


def test_a_stale_answer_with_pins_is_better_than_a_fresh_one_without():
    memory = Memory(silent=True)
    stored = {"vault": StoredRoutes((serving("EPIN", "vault"),), NOW - 1)}
    routes = asked(["vault"], memory, Discovery(), stored=stored)
    assert [each.id for each in routes.serving["vault"]] == ["EPIN"]
    assert (routes.stale, routes.unknown) == ({"vault"}, {})


def test_a_scan_that_does_not_know_the_pins_is_not_kept():
    memory = Memory(silent=True)
    with pytest.raises(MemoryUnavailable):
        scan(Discovery({"site": (OLD,)}), memory, NOW + 600, ["site"])
    assert memory.stored == {}


def test_neither_table_nor_cloudfront_leaves_the_bucket_unknown():
    failure = Transient("503")
    routes = asked(["site"], Memory(silent=True), Discovery(failure=failure))
    assert (routes.serving, routes.unknown) == ({}, {"site": failure})


@pytest.fixture
def table():
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        make_table(client, "t")
        yield MemoryTable(client, "t")


def test_the_table_gives_back_every_bucket_it_was_told_of(table):
    routes = {
        f"bucket-{n}": StoredRoutes((serving(f"E{n}", f"bucket-{n}", "/p"),), NOW + n) for n in range(60)
    }
    routes["bucket-3"] = StoredRoutes((), NOW)
    table.store_routes(routes)
    assert table.all_routes() == routes
    assert table.recall(["bucket-3", "bucket-4", "unheard-of"], "self", NOW)[0] == {
        name: routes[name] for name in ("bucket-3", "bucket-4")
    }


def test_pins_of_one_distribution_stand_beside_each_other_and_go_one_by_one(table):
    pins = [Pin("site", "E1", prefix=prefix) for prefix in ("a/", "b/")]
    for pin in pins:
        table.pin(pin)
    table.pin(replace(pins[0], role="arn:aws:iam::123456789012:role/r"))  # the same pin again
    assert {(pin.prefix, pin.role) for pin in table.pins()} == {
        ("a/", "arn:aws:iam::123456789012:role/r"),
        ("b/", None),
    }
    table.unpin(pins[0])
    assert table.pins() == [pins[1]]
