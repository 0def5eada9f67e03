"""Which wildcards a change of a distribution's configuration purges, and what it is called."""

from dataclasses import replace

import pytest

from invalidator.core.routing.distribution import Behavior, Distribution, ErrorPage, Origin
from invalidator.core.routing.pinned_routes import routes_of
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.routing_change import changed_routing

SITE = Origin("site", "site.s3.amazonaws.com", "site", "/v1")
MEDIA = Origin("media", "media.s3.amazonaws.com", "media")
API = Origin("api", "api.example.com", None)
ALL = Behavior("*", ("site",))
ORIGINS = (SITE, MEDIA, API)
OLD = Distribution("E1", ORIGINS, (ALL,), aliases=("www.example.com",))


def moved(old: Distribution, new: Distribution) -> tuple[str, ...]:
    change = changed_routing((old,), (new,))
    return () if change is None else change.moved


def with_behaviors(*behaviors: Behavior, distribution: Distribution = OLD) -> Distribution:
    return replace(distribution, behaviors=behaviors)


def with_path(path: str, distribution: Distribution = OLD) -> Distribution:
    return replace(distribution, origins=(replace(SITE, path=path), MEDIA, API))


def test_names_for_people_are_no_routing():
    assert changed_routing((OLD,), (replace(OLD, aliases=(), unknown_policies=("p",)),)) is None


def test_another_origin_path_moves_all_that_leads_there():
    assert moved(OLD, with_path("/v2")) == ("/*",)


def test_only_the_behaviors_concerned_are_purged():
    old = with_behaviors(
        Behavior("/app/*", ("site",)), Behavior("/docs/*", ("site",)), Behavior("*", ("api",))
    )
    assert moved(old, with_path("/v2", old)) == ("/app/*", "/docs/*")


def test_a_new_behavior_of_another_origin_moves_what_it_takes():
    assert moved(OLD, with_behaviors(Behavior("/img/*", ("media",)), ALL)) == ("/img/*",)
    assert moved(with_behaviors(Behavior("/img/*", ("media",)), ALL), OLD) == ("/img/*",)


def test_a_new_behavior_of_the_same_origin_moves_nothing():
    change = changed_routing(
        (OLD,), (with_behaviors(Behavior("/img/*", ("site",), query_strings=True), ALL),)
    )
    assert change is not None
    assert (change.moved, change.causes) == ((), ("behavior /img/*",))


def test_the_order_of_behaviors_decides_what_an_earlier_one_keeps():
    one, other = Behavior("/a/*", ("media",)), Behavior("/a/b/*", ("site",))
    assert moved(with_behaviors(one, other, ALL), with_behaviors(other, one, ALL)) == ("/a/b/*",)


def test_what_an_earlier_behavior_takes_on_both_sides_stays():
    image = Behavior("/img/*", ("media",))
    old = with_behaviors(image, ALL)
    later = with_behaviors(image, Behavior("/img/raw/*", ("site",)), ALL)
    assert moved(old, later) == ()


def test_a_pattern_without_a_star_is_one_path_in_every_query_string_form():
    assert moved(OLD, with_behaviors(Behavior("/feed.xml", ("media",)), ALL)) == ("/feed.xml*",)


def test_a_function_that_rewrites_makes_every_path_doubtful():
    old = with_behaviors(Behavior("/app/*", ("site",), viewer_function=True), Behavior("*", ("api",)))
    assert moved(old, with_path("/v2", old)) == ("/*",)


def test_a_function_behind_the_cache_that_came_went_or_is_another_moves_what_its_behavior_takes():
    plain, led = Behavior("/app/*", ("site",)), Behavior("/app/*", ("site",), origin_function="lead")
    other = replace(led, origin_function="other")
    answered = replace(plain, response_function="answer")
    for before, after in ((plain, led), (led, plain), (led, other), (plain, answered), (answered, plain)):
        assert moved(with_behaviors(before, ALL), with_behaviors(after, ALL)) == ("/app/*",)
    elsewhere = Behavior("/app/*", ("api",))
    assert moved(with_behaviors(elsewhere), with_behaviors(replace(elsewhere, origin_function="lead"))) == ()


def test_a_function_that_a_pin_says_picks_the_bucket_moves_what_its_behavior_takes():
    led = Distribution(
        "E1", (API, SITE), (Behavior("/x/*", ("api",), origin_function="pick"), Behavior("*", ("api",)))
    )
    other = replace(led, behaviors=(replace(led.behaviors[0], origin_function="other"), led.behaviors[1]))
    pins = [Pin("site", "E1", origin_path="/v1")]
    change = changed_routing(routes_of(led, pins), routes_of(other, pins))
    assert change is not None
    assert (change.moved, change.causes) == (("/x/*",), ("behavior /x/*",))


def test_another_error_page_behind_a_function_that_makes_the_keys_may_have_answered_anywhere():
    made = with_behaviors(Behavior("/app/*", ("site",), viewer_function=True))
    old = replace(made, error_pages=(ErrorPage(404, "/404.html", 3600),))
    assert moved(old, made) == ("/*",)
    plain = with_behaviors(Behavior("/app/*", ("site",), origin_function="lead"))
    assert moved(replace(plain, error_pages=old.error_pages), plain) == ("/app/*",)


def test_a_function_before_the_cache_makes_other_keys_and_moves_nothing():
    assert moved(OLD, with_behaviors(replace(ALL, viewer_function=True))) == ()


def test_where_a_function_makes_the_keys_what_moved_behind_the_cache_may_be_anywhere():
    made = Behavior("/app/*", ("site",), viewer_function=True)
    led = replace(made, origin_function="lead")
    assert moved(with_behaviors(led, ALL), with_behaviors(made, ALL)) == ("/*",)


def test_another_host_of_the_same_bucket_moves_nothing():
    other = replace(SITE, domain="site.s3.eu-west-1.amazonaws.com")
    assert moved(OLD, replace(OLD, origins=(other, MEDIA, API))) == ()


def test_a_website_endpoint_in_the_place_of_the_bucket_is_other_content():
    other = replace(SITE, domain="site.s3-website-us-east-1.amazonaws.com", website=True)
    assert moved(OLD, replace(OLD, origins=(other, MEDIA, API))) == ("/*",)


def test_what_is_no_bucket_before_and_after_is_not_ours():
    old = with_behaviors(Behavior("/api/*", ("api",)), ALL)
    new = replace(old, origins=(SITE, MEDIA, replace(API, path="/stage")))
    assert moved(old, new) == ()


def test_an_origin_group_is_other_content_when_a_member_is():
    old = with_behaviors(Behavior("*", ("site", "media")))
    assert moved(old, with_behaviors(Behavior("*", ("media", "site")))) == ("/*",)
    assert moved(old, with_behaviors(ALL)) == ("/*",)


def test_another_root_object_moves_what_stands_behind_the_root():
    assert moved(OLD, replace(OLD, root_object="home.html")) == ("/", "/?*")


def test_a_pin_tells_more_and_moves_nothing():
    hidden = Origin("o", "cdn.example.com", None)
    old = Distribution("E1", (hidden,), (Behavior("*", ("o",)),))
    pinned = replace(old, origins=(replace(hidden, bucket="vault"),))
    change = changed_routing((old,), (pinned,))
    assert change is not None
    assert (change.moved, change.causes) == ((), ("serves vault", "origins, root object or error pages"))


@pytest.mark.parametrize(
    ("new", "cause"),
    [
        (with_path("/v2"), "OriginPath of site: /v1 → /v2"),
        (replace(OLD, enabled=False), "disabled"),
        (replace(OLD, root_object="home.html"), "origins, root object or error pages"),
        (with_behaviors(replace(ALL, query_strings=True)), "behavior *"),
        (with_behaviors(replace(ALL, viewer_function=True)), "behavior *"),
    ],
)
def test_a_change_is_named_for_people(new, cause):
    change = changed_routing((OLD,), (new,))
    assert change is not None
    assert cause in change.causes


def test_other_settings_are_a_change_that_moves_nothing():
    change = changed_routing((OLD,), (OLD,), settings_changed=True)
    assert change is not None
    assert (change.causes, change.moved) == (("settings or pins",), ())


def test_another_custom_error_page_moves_what_edges_hold_of_the_old_one():
    old = replace(OLD, error_pages=(ErrorPage(404, "/404.html", 3600),))
    assert moved(old, replace(OLD, error_pages=(ErrorPage(404, "/lost.html", 3600),))) == ("/*",)
    assert moved(old, OLD) == ("/*",)
    assert moved(OLD, old) == ()
    assert moved(old, replace(OLD, error_pages=(ErrorPage(404, "/404.html", 86_400),))) == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([ErrorPage(404, "", 86_400)], [ErrorPage(404, "", 60)]),
        ([ErrorPage(404, "", 86_400)], []),
        ([ErrorPage(404, "/404.html", 86_400)], [ErrorPage(404, "/404.html", 60)]),
        ([ErrorPage(404, "", 86_400)], [ErrorPage(404, "/404.html", 86_400)]),
        ([ErrorPage(404, "/404.html", 60, "200")], [ErrorPage(404, "/404.html", 60, "404")]),
    ],
    ids=["kept less long", "not said any more", "page kept less long", "has a page now", "another status"],
)
def test_errors_that_edges_hold_and_would_not_get_now_move_what_may_have_failed(before, after):
    was, now = (replace(OLD, error_pages=tuple(each)) for each in (before, after))
    assert moved(was, now) == ("/*",)


def test_an_error_without_a_page_that_is_soon_forgotten_moves_nothing():
    assert moved(replace(OLD, error_pages=(ErrorPage(404, "", 10),)), OLD) == ()


def test_an_error_page_that_stands_behind_what_moved_moves_what_may_have_failed():
    behaviors = (Behavior("/errors/*", ("site",)), Behavior("*", ("media",)))
    old = replace(with_behaviors(*behaviors), error_pages=(ErrorPage(404, "/errors/404.html", 3600),))
    assert moved(old, with_path("/v2", old)) == ("/*",)
    assert moved(replace(old, error_pages=()), with_path("/v2", replace(old, error_pages=()))) == (
        "/errors/*",
    )


@pytest.mark.parametrize("pattern", ["/index.html", "/i*"])
def test_a_root_object_that_stands_behind_what_moved_moves_the_root(pattern):
    behaviors = (Behavior(pattern, ("site",)), Behavior("*", ("media",)))
    old = replace(with_behaviors(*behaviors), root_object="index.html")
    assert {"/", "/?*"} <= set(moved(old, with_path("/v2", old)))


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (replace(ALL, query_strings=True), ALL),
        (ALL, replace(ALL, cached=False)),
        (replace(ALL, viewer_function=True), ALL),
    ],
    ids=["no query strings", "not cached", "no function"],
)
def test_what_edges_hold_under_paths_that_are_not_sent_any_more_is_purged_before_they_may_show_it_again(
    wide, narrow
):
    assert moved(with_behaviors(wide), with_behaviors(narrow)) == ("/*",)
    assert moved(with_behaviors(narrow), with_behaviors(wide)) == ()
    theirs = [replace(each, origins=("api",)) for each in (wide, narrow)]
    assert moved(with_behaviors(theirs[0]), with_behaviors(theirs[1])) == ()


def test_a_cache_policy_that_can_be_read_now_is_no_news_to_edges():
    unread = replace(with_behaviors(replace(ALL, query_strings=True)), unknown_policies=("p",))
    assert moved(unread, with_behaviors(ALL)) == ()


def test_patterns_that_end_otherwise_take_no_path_together():
    """Of a star at the beginning nothing else tells them apart."""
    by_name = (Behavior("*.jpg", ("media",)), Behavior("*.js", ("site",)), Behavior("*", ("api",)))
    old = with_behaviors(*by_name)
    assert moved(old, replace(old, root_object="home.html")) == ("/", "/?*")
    assert moved(old, with_behaviors(*by_name, Behavior("/x/*", ("api",)))) == ()
    assert moved(old, with_path("/v2", old)) == ("/*",)
    swapped = (Behavior("*.jpg", ("site",)), *by_name[1:])
    assert moved(old, with_behaviors(*swapped)) == ("/*",)
