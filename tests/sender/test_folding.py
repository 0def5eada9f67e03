"""So many pending paths that directories stand for them: they never reach above what leads to the bucket."""

from invalidator.core.pending.entry import Entry
from invalidator.core.pending.gathering import MOST_PATHS
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.logs import append
from tests.sender.world import World


def test_a_flood_of_files_at_the_top_leaves_the_pages_of_an_application_alone():
    origins = (Origin("site", "site.s3.amazonaws.com", "site"), Origin("app", "app.example.com", None))
    behaviors = (Behavior("img-*", ("site",)), Behavior("*", ("app",)))
    world = World(Distribution("E1", origins, behaviors))
    now = world.clock.now()
    for start in range(0, MOST_PATHS + 1, 10_000):
        keys = range(start, min(start + 10_000, MOST_PATHS + 1))
        append(world.memory, "bucket:site", Entry({f"img-{n}.png": (now, now) for n in keys}, "site", now))
    world.upload("img-a.png")
    world.run_for(60)
    assert world.paths == [("/img-*",)]
