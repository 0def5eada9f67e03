"""Where listing is allowed, what a wildcard would purge is looked at, and decides which wildcards are sent."""

from dataclasses import dataclass, field

import pytest

from infra.simulator.memory import InMemoryTable
from invalidator.batch.pacing import Pacing
from invalidator.batch.probing import Probing
from invalidator.batch.sending import Sending
from invalidator.core.limits.account import Account, Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.reasons import Reason
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.work import Work
from invalidator.failures import Permanent
from tests.batch.fakes import Clock, RecordingCloudFront

BUCKET = "site"
SITE = Distribution(
    "E1", (Origin("s3", f"{BUCKET}.s3.amazonaws.com", BUCKET, "/www"),), (Behavior("*", ("s3",)),)
)
NOW = 1_795_000_000.0
# Two folders change alike; only the bucket can tell that one of them is full of other objects.
CHANGED = [f"/{folder}/{name}.css" for folder in ("full", "sparse") for name in ("one", "two", "three")]


@dataclass
class Bucket:
    """A bucket that counts how often it is listed."""

    keys: list[str]
    listed: list[str] = field(default_factory=list)
    page: int = 1000
    denied: bool = False

    def below(self, bucket: str, prefix: str) -> tuple[list[str], bool]:
        assert bucket == BUCKET
        self.listed.append(prefix)
        if self.denied:
            raise Permanent("AccessDenied", Reason.ACCESS_DENIED)
        found = [key for key in self.keys if key.startswith(prefix)]
        return found[: self.page], len(found) > self.page


def send(bucket: Bucket, calls: int = 20, paths: int = 4) -> RecordingCloudFront:
    work = Work(SITE, dict.fromkeys(CHANGED, NOW), {BUCKET})
    cloudfront = RecordingCloudFront(NOW)
    clock = Clock(NOW)
    probing = Probing(work, bucket, clock, calls, ())
    memory, limits = InMemoryTable(), Limits(Allowance(paths, 1), 0)
    pacing = Pacing("self", Account(), limits.ceiling, memory, clock)
    Sending(work, pacing, NOW + 30, cloudfront, memory, clock, limits, probing).run()
    return cloudfront


def full_bucket() -> Bucket:
    neighbours = [f"www/full/other-{number}.css" for number in range(50)]
    return Bucket([f"www{path}" for path in CHANGED] + neighbours)


def test_the_wildcard_goes_where_the_bucket_holds_nothing_else() -> None:
    (request,) = send(full_bucket()).requests
    assert [path for path in request.paths if path.endswith("*")] == ["/sparse/*"]
    assert {"/full/one.css", "/full/two.css", "/full/three.css"} <= set(request.paths)


def test_the_keys_are_listed_below_the_origin_path() -> None:
    bucket = full_bucket()
    send(bucket)
    assert bucket.listed
    assert all(prefix.startswith("www/") for prefix in bucket.listed)


@pytest.mark.parametrize("calls", [0, 1, 2])
def test_no_more_listings_are_made_than_allowed(calls: int) -> None:
    bucket = full_bucket()
    (request,) = send(bucket, calls).requests
    assert len(bucket.listed) <= calls
    assert len(request.paths) <= 4


def test_what_fits_exactly_is_not_listed_for() -> None:
    bucket = full_bucket()
    send(bucket, paths=10)
    assert bucket.listed == []


def test_a_bucket_that_may_not_be_listed_is_estimated() -> None:
    bucket = full_bucket()
    bucket.denied = True
    (request,) = send(bucket).requests
    assert len(request.paths) <= 4


def test_collateral_is_known_only_where_every_wildcard_was_listed_to_its_end() -> None:
    work = Work(SITE, dict.fromkeys(CHANGED, NOW), {BUCKET})
    bucket = full_bucket()
    probing = Probing(work, bucket, Clock(NOW), 20, ())
    probing.probe(["/full/*", "/sparse/*"])
    assert probing.collateral(["/full/*", "/sparse/*"]) == 50
    bucket.page = 10
    short = Probing(work, bucket, Clock(NOW), 20, ())
    short.probe(["/full/*"])
    assert short.collateral(["/full/*"]) is None
