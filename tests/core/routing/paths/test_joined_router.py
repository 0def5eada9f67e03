"""Several pins of one distribution are judged together: no change below one is lost for another."""

from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.paths.joined_router import JoinedRouter, floors_of
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.pinned_routes import routes_of
from invalidator.core.routing.pins import Pin

ALIAS = "b-1234-s3alias.s3.us-east-1.amazonaws.com"
HIDDEN = Distribution("E1", (Origin("o", ALIAS, None),), (Behavior("*", ("o",)),))


def pinned(**pin) -> Router:
    return Router(routes_of(HIDDEN, [Pin("b", "E1", **pin)])[-1], "b")


def test_each_pin_adds_its_paths():
    joined = JoinedRouter((pinned(prefix="css/"), pinned(prefix="img/"), pinned(templates=("/feed.xml",))))

    assert joined.paths("css/a") == ("/css/a", "/feed.xml")
    assert joined.paths("img/a") == ("/img/a", "/feed.xml")
    assert joined.paths("x") == ("/feed.xml",)
    assert joined.below("img/") == ("/feed.xml", "/img/*")
    assert joined.floors() == ("/css/*", "/feed.xml", "/img/*")
    assert joined.serves("x")
    assert joined.error_page("x") == ""


def test_one_routing_alone_answers_as_it_would():
    alone = pinned(prefix="css/")

    assert JoinedRouter((alone,)).paths("css/a") == alone.paths("css/a") == ("/css/a",)
    assert not JoinedRouter((alone,)).serves("x")


def test_floors_that_others_cover_are_left_out():
    assert floors_of([pinned(prefix="css/"), pinned()]) == ("/*",)
