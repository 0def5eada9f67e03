"""The worker's own limits: what each keeps from happening."""

from dataclasses import dataclass, field

from invalidator.batch.history import History
from invalidator.batch.probing import Probing
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.room import within_room
from invalidator.core.sent import Sent
from invalidator.core.work import Work
from invalidator.failures import BackPressure
from tests.batch.fakes import Clock
from tests.batch.world import World, distribution

SITE = distribution("E1", "site")


def test_a_bulk_uploads_first_plan_leaves_wildcards_for_the_batches_behind_it():
    """Of the quota of 15 in progress three stay free, or the second batch would wait for the first to finish."""
    assert within_room(Allowance(1000, 15), Allowance(3000, 15)).wildcards == 12


@dataclass
class SlowBucket:
    clock: Clock
    listed: list[str] = field(default_factory=list)

    def below(self, bucket: str, prefix: str) -> tuple[list[str], bool]:
        self.listed.append(prefix)
        self.clock.sleep(3.0)
        return [], False


def test_a_bucket_that_lists_slowly_is_looked_at_for_a_few_seconds_only():
    clock = Clock()
    bucket = SlowBucket(clock)
    probing = Probing(Work(SITE, {"/a": 1.0}, {"site"}), bucket, clock, 20, ())
    probing.probe([f"/{name}/*" for name in "abcdefgh"])
    assert len(bucket.listed) == 2


def test_of_many_invalidations_in_progress_ten_are_asked_for_at_a_time():
    world = World(SITE)
    now, asked = world.clock.now(), []
    for number in range(30):
        world.memory.table.record(Sent("E1", f"I{number}", now - 30, (f"/{number}",)), "self", now)
    world.cloudfront.completed = lambda _distribution, identifier, _role: bool(asked.append(identifier))
    history = History(Work(SITE, {"/a": now}), world.cloudfront, world.memory, world.clock)
    history.look()
    history.ask_room()
    assert len(asked) == 10


def test_a_refusal_for_want_of_room_that_another_worker_took_does_not_shrink_requests():
    """It says nothing about the size CloudFront takes, which would be learned for ten minutes."""
    world = World(SITE)
    create = world.cloudfront.create

    def refused_once(request, role):
        world.cloudfront.create = create
        paths = tuple(f"/other/{number}" for number in range(2900))
        world.memory.table.record(Sent("E1", "I-other", world.clock.now(), paths), "self", world.clock.now())
        raise BackPressure("TooManyInvalidationsInProgress", too_large=True)

    world.cloudfront.create = refused_once
    world.handle(world.upload(*(f"{number}.html" for number in range(300))))
    assert world.memory.table.paces["self"].paths == 1000
