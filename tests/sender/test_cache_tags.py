"""Cache tags are sent as items of their own: none becomes a wildcard, none is taken for a path."""

from invalidator.core.limits.account import Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.pending.gathering import MOST_PATHS, Gathered
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.target import TargetRoutes
from invalidator.core.sent import Coverage, Sent
from tests.sender.world import World, distribution


def tagged(*tags: str) -> Distribution:
    """One whose origin sets tags on its answers."""
    hidden = Origin("images", "abc.execute-api.eu-west-1.amazonaws.com", "site", tags=tags)
    behaviors = (Behavior("*", ("images",)),)
    return Distribution("E1", (hidden,), behaviors, cache_tags=True)


def test_a_change_sends_the_tags_of_its_key():
    world = World(tagged("src:{key}", "name:{name}"))
    world.upload("img/a.jpg")
    world.run_for(60)
    assert world.paths == [("#name:a.jpg", "#src:img/a.jpg")]


def test_a_dead_letter_with_tags_is_redriven():
    world = World(tagged("src:{key}"))
    body = '{"invalidator":1,"distribution":"E1","buckets":["site"],"paths":{"#src:a.jpg":1,"/b":1}}'
    world.take_in([world.message(body)])
    world.run_for(60)
    assert world.paths == [("#src:a.jpg", "/b")]


def test_a_tag_that_was_sent_answers_no_longer_tag_and_no_path():
    coverage = Coverage([Sent("E1", "I1", 100.0, ("#src:a", "/*"), (90.0, 90.0))])
    assert coverage.uncovered({"#src:a": (80.0, 90.0), "#src:a/b": (80.0, 90.0)}) == {
        "#src:a/b": (80.0, 90.0)
    }


def test_a_repeated_change_of_a_tag_that_was_sent_is_sent_once():
    world = World(tagged("src:{key}"))
    at = world.clock.now()
    world.upload("a.jpg", at=at)
    world.run_for(60)
    world.upload("a.jpg", at=at)
    world.run_for(60)
    assert world.paths == [("#src:a.jpg",)]


def test_more_tags_than_may_be_sent_are_answered_by_a_wildcard_over_everything():
    world = World(tagged("src:{key}"), limits=Limits(Allowance(5, 2), 0))
    world.upload(*(f"img/{n}.jpg" for n in range(9)))
    world.run_for(60)
    assert world.paths == [("/*",)]
    assert world.sweep().waiting == 0


def test_very_many_paths_fold_into_directories_and_tags_stay_what_they_are():
    gathered = Gathered()
    gathered.add([("#src:img/a", (1.0, 2.0))])
    gathered.add((f"/d{n % 9}/{n}.js", (1.0, 2.0)) for n in range(MOST_PATHS + 1))
    gathered.add([("#src:img/b", (1.0, 3.0))])
    assert gathered.paths == {
        "#src:img/a": (1.0, 2.0),
        "#src:img/b": (1.0, 3.0),
        **{f"/d{n}/*": (1.0, 2.0) for n in range(9)},
    }


def test_very_many_tags_become_a_wildcard_over_everything():
    gathered = Gathered()
    gathered.add((f"#src:{n}/a/b/c", (1.0, 2.0)) for n in range(MOST_PATHS + 1))
    assert gathered.paths == {"/*": (1.0, 2.0)}


def test_tags_and_paths_of_one_change_go_in_one_request():
    world = World()
    routes = (distribution("E1", "site"), tagged("src:{key}"))
    world.memory.store_routes(TargetRoutes("E1", routes, "1", world.clock.now()))
    world.memory.know_bucket("site", ["E1"])
    world.upload("a.jpg")
    world.run_for(60)
    assert world.paths == [("#src:a.jpg", "/a.jpg")]
