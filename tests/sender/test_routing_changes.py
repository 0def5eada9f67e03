"""A routing change is a change: what changed since is routed again, and content that moved is purged."""

from dataclasses import replace

from invalidator.core.limits.account import Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.pending.entry import Entry
from invalidator.core.routing.target import TargetRoutes
from invalidator.failures import Transient, UnreadableEntry
from tests.sender.world import World, distribution

DAY = 86_400.0


def wake(world, target="E1"):
    """What the survey does after it has stored a routing that changed."""
    now = world.clock.now()
    world.memory.wake(f"target:{target}", now, now, now)
    world.queues.call([(f"target:{target}", 0.0)])


def test_changes_since_the_routing_changed_are_routed_again():
    world = World(distribution("E1", "site", path="/old"))
    world.upload("new/a.html", "old/b.html")
    world.run_for(1200)
    world.upload("new/c.html")
    world.run_for(60)
    assert world.paths == [("/b.html",)]
    world.serve(distribution("E1", "site", path="/new"), version="2", since=world.clock.now() - 300)
    wake(world)
    world.run_for(60)
    assert world.paths[1:] == [("/c.html",)]


def test_a_distribution_that_is_new_for_a_bucket_gets_the_changes_since_it_was_made():
    world = World(distribution("E1", "site"))
    world.upload("early.html")
    world.run_for(1200)
    world.upload("late.html")
    world.run_for(60)
    world.serve(
        distribution("E1", "site"),
        distribution("E2", "site"),
        since=world.clock.now() - 300,
    )
    wake(world, "E2")
    world.run_for(60)
    assert world.cloudfront.paid_by("E2") == [("/late.html",)]
    world.upload("later.html")
    world.run_for(60)
    assert world.cloudfront.paid_by("E2")[1:] == [("/later.html",)]


def test_content_that_moved_behind_unchanged_keys_is_purged_once():
    world = World(distribution("E1", "site", path="/blue"))
    moved = distribution("E1", "site", path="/green")
    now = world.clock.now()
    world.memory.store_routes(TargetRoutes("E1", (moved,), "2", now, now, {"/*": now}))
    wake(world)
    world.run_for(60)
    wake(world)
    world.run_for(60)
    assert world.paths == [("/*",)]


def test_a_change_of_routing_in_the_midst_of_a_run_is_not_lost():
    world = World(distribution("E1", "site", path="/old"))
    world.upload("new/a.html", "old/b.html")

    def change(*_):
        # CloudFront is asked by the old routing, and the survey stores the new one meanwhile.
        world.cloudfront.rules.on_created = lambda _: None
        world.serve(distribution("E1", "site", path="/new"), version="2", since=world.clock.now() - 300)

    world.cloudfront.rules.on_created = change
    world.run_for(60)
    wake(world)
    world.run_for(60)
    assert world.paths == [("/b.html",), ("/a.html",)]


def test_one_that_serves_nothing_any_more_settles_everything():
    world = World(distribution("E1", "site"))
    world.upload("a.html")
    world.memory.store_routes(TargetRoutes("E1", (), "2", world.clock.now()))
    world.run_for(60)
    assert world.paths == []
    assert world.sweep().waiting == 0


def test_many_entries_that_could_not_be_sent_are_written_anew_as_few():
    world = World(distribution("E1", "site"), limits=Limits(Allowance(1000, 15), 0, give_up_seconds=7 * DAY))
    world.cloudfront.answers["E1"] = Transient("503")
    for n in range(2500):
        world.upload(f"{n % 40}.html")
        world.run_for(60)
    read = [run.pending.entries for run in world.runs if run.pending is not None]
    assert max(read) < 700
    world.cloudfront.answers.clear()
    world.run_for(6 * 3600)
    assert {path for paths in world.paths for path in paths} == {f"/{n}.html" for n in range(40)}


def test_very_many_changed_keys_that_wait_fit_memory_and_become_wildcards():
    world = World(distribution("E1", "site"))
    owner = "bucket:site"
    now = world.clock.now()
    for part in range(50):
        names = {f"assets/d{n % 50}/{part}-{n}.js": (now, now) for n in range(2_000)}
        world.memory.put(owner, world.memory.deal(owner).number, Entry(names, "site", now))
    wake(world)
    world.run_for(60)
    pending = world.runs[0].pending
    assert pending.keys == 100_000
    assert len(pending.paths) <= 30_000
    assert all(
        any(path.startswith(sent[:-1]) for sent in world.paths[0])
        for path in ("/assets/d0/1-0.js", "/assets/d49/49-49.js")
    )


def test_an_entry_that_cannot_be_read_counts_as_whatever_the_bucket_may_have_changed():
    world = World(distribution("E1", "site"))
    world.upload("a.html")
    read = world.memory.read

    def damaged(owner, after):
        if owner == "bucket:site" and after < 1:
            raise UnreadableEntry(owner, 1, "version 9 is not known here")
        yield from read(owner, after)

    world.memory.read = damaged
    world.run_for(60)
    assert world.paths == [("/*",)]
    assert "version 9" in world.runs[0].pending.doubts[0]
    assert world.sweep().waiting == 0


def test_a_doubt_in_a_buckets_log_is_covered_at_each_of_its_distributions():
    world = World(distribution("E1", "site", path="/docs"), distribution("E2", "site"))
    now = world.clock.now()
    entry = Entry({}, "site", now, "the subscription was lost")
    assert world.memory.put("bucket:site", world.memory.deal("bucket:site").number, entry)
    wake(world, "E1")
    wake(world, "E2")
    world.run_for(60)
    assert world.paths == [("/*",), ("/*",)]


def test_a_state_that_was_lost_costs_paths_and_no_freshness():
    world = World(distribution("E1", "site"))
    world.upload("a.html")
    world.run_for(60)
    world.memory.save("E1", replace(world.memory.view("E1", 0.0).state, settled={}, answered=0.0, sent=0.0))
    world.upload("b.html")
    world.run_for(60)
    assert "/b.html" in world.paths[1]


def test_what_took_too_long_to_read_is_written_anew_so_that_the_next_run_is_quick():
    world = World(distribution("E1", "site"))
    now = world.clock.now()
    for part in range(40):
        names = {f"assets/d{n % 50}/{part}-{n}.js": (now, now) for n in range(1_000)}
        world.memory.put("bucket:site", world.memory.deal("bucket:site").number, Entry(names, "site", now))
    read = world.memory.read

    def slowly(owner, after):
        for each in read(owner, after):
            world.clock.sleep(0.5)
            yield each

    world.memory.read = slowly
    wake(world)
    world.run_for(120)
    assert world.runs[0].pending.entries == 40
    assert world.runs[-1].pending.entries < 5
    assert any("/assets/d0/0-0.js".startswith(path[:-1]) for paths in world.paths for path in paths)
