"""Several pins of one distribution are one target: what each adds is sent, and none is lost to another's refusal."""

from invalidator.core.routing.distribution import Behavior, Distribution, ErrorPage, Origin
from invalidator.core.routing.pinned_routes import routes_of
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.target import TargetRoutes
from invalidator.failures import BackPressure
from tests.sender.world import World

# Behind each host lies a bucket that it does not show.
HIDDEN = Distribution(
    "E1",
    (
        Origin("web", "web.example.com", None),
        Origin("media", "media.example.com", None, "/media"),
        Origin("images", "abc.execute-api.eu-west-1.amazonaws.com", None, "/render"),
    ),
    (Behavior("/media/*", ("media",)), Behavior("/img/*", ("images",)), Behavior("*", ("web",))),
    root_object="index.html",
    error_pages=(ErrorPage(404, "/404.html", 300),),
)
TWO = (Pin("site", "E1", prefix="web/"), Pin("uploads", "E1", origin_path="/media"))


def pinned(*pins: Pin, configured: Distribution | None = HIDDEN) -> World:
    world = World()
    routes = TargetRoutes("E1", routes_of(configured, pins), "1", world.clock.now())
    world.memory.store_routes(routes)
    for bucket in routes.buckets:
        world.memory.know_bucket(bucket, ["E1"])
    return world


def test_changes_of_both_pinned_buckets_go_in_one_invalidation():
    world = pinned(*TWO)
    world.upload("web/a.html", bucket="site")
    world.upload("media/media/b.jpg", bucket="uploads")
    world.run_for(60)
    assert world.paths == [("/media/b.jpg", "/web/a.html")]


def test_a_throttled_change_of_the_second_pin_is_not_dropped():
    world = pinned(*TWO)
    world.cloudfront.answers["E1"] = [BackPressure("slow down", too_large=False)] * 3
    world.upload("media/media/b.jpg", bucket="uploads")
    world.run_for(5)
    assert world.paths == []
    world.upload("web/a.html", bucket="site")
    world.run_for(600)
    assert sorted(path for paths in world.paths for path in paths) == ["/media/b.jpg", "/web/a.html"]
    assert world.queues.letters == []
    assert world.sweep().waiting == 0


def test_two_pins_of_one_bucket_with_prefixes_each_add_their_keys():
    world = pinned(Pin("site", "E1", prefix="css/"), Pin("site", "E1", prefix="js/"))
    world.upload("css/a.css", "js/b.js", "drafts/c.html", bucket="site")
    world.run_for(60)
    assert world.paths == [("/css/a.css", "/js/b.js")]


def test_a_pin_with_a_template_adds_to_what_another_pin_of_the_bucket_sends():
    world = pinned(Pin("site", "E1"), Pin("site", "E1", templates=("/img/{stem}*",)))
    world.upload("photo.jpg", bucket="site")
    world.run_for(60)
    assert world.paths == [("/img/photo*", "/photo.jpg")]


def test_an_error_page_of_a_pinned_bucket_purges_what_it_answered_for_once_for_all_pins():
    world = pinned(Pin("site", "E1"), Pin("site", "E1", templates=("/img/{stem}*",)))
    world.upload("404.html", bucket="site")
    world.run_for(60)
    assert world.paths == [("/*",)]


def test_pins_of_a_distribution_that_cannot_be_read_stand_beside_each_other():
    world = pinned(*TWO, configured=None)
    world.upload("web/a.html", bucket="site")
    world.upload("media/b.jpg", bucket="uploads")
    world.run_for(60)
    assert world.paths == [("/b.jpg*", "/web/a.html*")]
