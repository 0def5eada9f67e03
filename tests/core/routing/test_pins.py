"""A pinned route leads to the distribution's own routing where it is known, and to all of it where it is not."""

from invalidator.core.routing.distribution import Behavior, Distribution, ErrorPage, Origin
from invalidator.core.routing.paths.joined_router import JoinedRouter
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.pinned_routes import routes_of
from invalidator.core.routing.pins import Pin

ALIAS = "alias-1234-s3alias.s3.us-east-1.amazonaws.com"


def paths(pin: Pin, configured: Distribution | None, key: str) -> tuple[str, ...]:
    routes = tuple(Router(each, pin.bucket) for each in routes_of(configured, [pin]))
    return JoinedRouter(routes).paths(key)


def configured(bucket: str | None, path: str = "") -> Distribution:
    return Distribution("E1", (Origin("o", ALIAS, bucket, path),), (Behavior("*", ("o",)),))


def test_an_origin_that_hides_its_bucket_is_taken_to_be_the_pinned_one():
    assert paths(Pin("site", "E1"), configured(None), "a") == ("/a",)
    assert paths(Pin("site", "E1", "/docs"), configured(None, "/docs"), "docs/a") == ("/a",)
    assert paths(Pin("site", "E1", "/docs"), configured(None, "/docs"), "a") == ()


def test_another_buckets_origin_is_left_alone_and_every_path_counts_as_the_pinned_buckets():
    main, wide = routes_of(configured("media"), [Pin("site", "E1")])
    assert (Router(main, "media").paths("a"), Router(wide, "media").paths("a")) == (("/a",), ())
    assert paths(Pin("site", "E1"), configured("media"), "a") == ("/a*",)


def test_where_the_configuration_is_not_known_paths_are_wider_and_never_stale():
    assert paths(Pin("site", "E1"), None, "a") == ("/a*",)
    assert paths(Pin("site", "E1", "/docs"), None, "docs/a") == ("/a*",)


def test_a_pinned_prefix_narrows_the_keys():
    assert paths(Pin("site", "E1", prefix="web/"), configured(None), "web/a") == ("/web/a",)
    assert paths(Pin("site", "E1", prefix="web/"), configured(None), "other/a") == ()


def test_the_role_goes_along():
    role = "arn:aws:iam::222233334444:role/cdn"
    for known in (configured(None), configured("media"), None):
        assert {each.role for each in routes_of(known, [Pin("site", "E1", role=role)])} == {role}


def test_a_pin_with_templates_stands_beside_the_configuration_and_explains_none_of_its_origins():
    """As the survey routes it: all pins of the distribution together."""
    rendered, plain = Pin("images", "E1", templates=("/{key}*",)), Pin("site", "E1")
    routes = routes_of(configured(None), [rendered, plain])
    assert [Router(each, "images").paths("a.jpg") for each in routes] == [(), ("/a.jpg*",)]
    assert [Router(each, "site").paths("a.jpg") for each in routes] == [("/a.jpg",), ()]


def test_a_pin_with_templates_counts_where_the_configuration_cannot_be_read():
    (route,) = routes_of(
        None, [Pin("images", "E1", role="arn:aws:iam::222233334444:role/cdn", templates=("/x/*",))]
    )
    assert (Router(route, "images").paths("a.jpg"), route.role) == (
        ("/x/*",),
        "arn:aws:iam::222233334444:role/cdn",
    )


def test_an_origin_that_no_behavior_leads_to_counts_as_reached_where_a_function_may_pick_it():
    origins = (
        Origin("web", "web.eu-west-1.elb.amazonaws.com", None),
        Origin("s3", "b.s3.amazonaws.com", "b"),
    )
    picking = Distribution(
        "E1", origins, (Behavior("/x/*", ("web",)), Behavior("*", ("web",), viewer_function=True))
    )

    assert Router(picking, "b").paths("a") == ()
    _, beside = routes_of(picking, [Pin("b", "E1")])
    assert Router(beside, "b").paths("a") == ("/a",)
    assert Router(beside, "b").floors() == ("/*",)


def test_what_that_function_s_behaviors_do_not_cache_needs_no_path():
    origins = (
        Origin("web", "web.eu-west-1.elb.amazonaws.com", None),
        Origin("s3", "b.s3.amazonaws.com", "b"),
    )
    picking = Distribution("E1", origins, (Behavior("*", ("web",), viewer_function=True, cached=False),))
    _, beside = routes_of(picking, [Pin("b", "E1")])
    assert Router(beside, "b").paths("a") == ()


def test_only_what_behaviors_with_such_a_function_cache_by_counts_and_their_error_pages_do():
    origins = (
        Origin("web", "web.eu-west-1.elb.amazonaws.com", None),
        Origin("s3", "b.s3.amazonaws.com", "b"),
    )
    behaviors = (
        Behavior("/x/*", ("web",), query_strings=True),
        Behavior("*", ("web",), viewer_function=True),
    )
    picking = Distribution("E1", origins, behaviors, error_pages=(ErrorPage(404, "/404.html", 86400),))
    _, beside = routes_of(picking, [Pin("b", "E1")])
    assert Router(beside, "b").paths("x/a") == ("/x/a",)
    assert "/*" in Router(beside, "b").paths("404.html")
