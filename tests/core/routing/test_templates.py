"""What people pin of how keys appear to viewers: templates of paths and of cache tags."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invalidator.core.coalescing.coalescing import Coalesced, coalesce
from invalidator.core.limits.allowance import Allowance
from invalidator.core.request import with_times
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.pinned_routes import routes_of
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.templates import TemplateError, checked_path, checked_tag, start_of
from tests.core.routing.random_distributions import keys

API = Origin("api", "a1b2.execute-api.eu-west-1.amazonaws.com", None, "/image")


def images(*behaviors: Behavior, cache_tags: bool = False) -> Distribution:
    return Distribution("E1", (API,), behaviors or (Behavior("*", ("api",)),), cache_tags=cache_tags)


def router(configured: Distribution | None, *templates: str, tags: tuple[str, ...] = (), **more) -> Router:
    pin = Pin(
        "b", "E1", templates=tuple(map(checked_path, templates)), tags=tuple(map(checked_tag, tags)), **more
    )
    return Router(routes_of(configured, [pin])[-1], "b")


@pytest.mark.parametrize(
    ("template", "key", "paths"),
    [
        ("/{key}*", "photo.jpg", ("/photo.jpg*",)),
        ("/fit-in/*/{name}", "a/photo.jpg", ("/fit-in/*",)),
        ("/{stem}.webp", "a/photo.jpg", ("/a/photo.webp",)),
        ("/{stem}", "a.b/.htaccess", ("/a.b/.htaccess",)),
        ("/{stem}/", "a/post.md", ("/a/post/",)),
        ("/{dir}/feed.xml", "blog/2026/a.md", ("/blog/2026/feed.xml",)),
        ("/{dir}/feed.xml", "a.md", ("/feed.xml",)),
        ("/i/{dir}/{name}", "a.md", ("/i/a.md",)),
        ("/{name}", "x/é b.jpg", ("/%C3%A9%20b.jpg", "/%C3%A9+b.jpg")),
        ("/{key}*", "a+b", ("/a+b*", "/a%2Bb*")),
        ("/{key}", "a~b", ("/a*",)),
        ("/*", "anything/at all", ("/*",)),
        ("/sitemap.xml", "posts/a.md", ("/sitemap.xml",)),
    ],
)
def test_a_template_says_which_paths_a_key_has(template, key, paths):
    assert router(images(), template).paths(key) == paths


def test_each_template_and_the_behaviors_have_their_say():
    behaviors = (
        Behavior("/live/*", ("api",), cached=False),
        Behavior("/q/*", ("api",), query_strings=True),
        Behavior("*", ("api",)),
    )
    ours = router(images(*behaviors), "/live/{key}", "/q/{key}", "/{key}")

    assert ours.paths("a.jpg") == ("/q/a.jpg*", "/a.jpg")
    assert ours.serves("a.jpg")
    meanings = [verdict.meaning for verdict in ours.explain("a.jpg").origins[0].paths]
    assert meanings == ["pinned as /live/{key}", "pinned as /q/{key}", "pinned as /{key}"]


def test_where_the_configuration_is_not_known_every_query_string_is_purged():
    assert router(None, "/t/{key}").paths("a.jpg") == ("/t/a.jpg*",)


def test_a_pinned_folder_and_prefix_narrow_the_keys():
    ours = router(images(), "/{key}", origin_path="/in", prefix="in/img/")

    assert ours.paths("in/img/a") == ("/img/a",)
    assert ours.paths("in/a") == ours.paths("a") == ()
    assert not ours.serves("in/a")
    assert "outside what is pinned" in ours.explain("in/a").origins[0].refusal


@pytest.mark.parametrize(
    ("templates", "floors"),
    [
        (("/{key}*",), ("/*",)),
        (("/thumbs/{key}", "/fit-in/*"), ("/fit-in/*", "/thumbs/*")),
        (("/sitemap.xml", "/t/{name}"), ("/sitemap.xml", "/t/*")),
    ],
)
def test_a_template_bounds_the_wildcards_by_what_stands_before_its_first_field(templates, floors):
    assert router(images(), *templates).floors() == floors


@given(
    keys, st.data(), st.sampled_from(["/{key}*", "/t/{key}", "/{stem}.webp", "/f/{dir}/x", "/{name}", "/a/*"])
)
def test_below_a_prefix_covers_what_the_template_makes_of_every_key(key, data, template):
    ours = router(images(), template)
    prefix = key[: data.draw(st.integers(0, len(key)))]
    below = ours.below(prefix)

    for path in ours.paths(key):
        covering = [one for one in below if path == one or (one.endswith("*") and path.startswith(one[:-1]))]
        assert covering, (path, below)


def test_a_folder_of_keys_is_named_narrowly_where_the_template_holds_the_key():
    assert router(images(), "/thumbs/{key}").below("2026/") == ("/thumbs/2026/*",)
    assert router(images(), "/thumbs/{name}").below("2026/") == ("/thumbs/*",)
    assert start_of("/sitemap.xml", "2026/") is None


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("{key}", "does not begin with /"),
        ("", "does not begin with /"),
        ("/{file}", "there is no field {file}; the fields are {key}, {stem}, {dir}, {name}"),
        ("/{}", "there is no field {}"),
        ("/{hash}", "there is no field {hash}"),
        ("/{key", "a brace without a field"),
        ("/key}", "a brace without a field"),
        ("/*/{key}*", "two stars"),
        ("/**", "two stars"),
    ],
)
def test_what_is_no_template_is_refused_in_a_line(wrong, says):
    with pytest.raises(TemplateError) as refused:
        checked_path(wrong)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("", "1 to 256 characters"),
        ("x" * 257, "1 to 256 characters, not 257"),
        ("a b", "holds ' '"),
        ("a,b", "holds ','"),
        ("é", "holds 'é'"),
        ("a*", "holds '*'"),
        ("{size}", "there is no field {size}"),
    ],
)
def test_what_is_no_tag_is_refused_in_a_line(wrong, says):
    with pytest.raises(TemplateError) as refused:
        checked_tag(wrong)
    assert says in str(refused.value)


def test_a_tag_is_sent_beside_the_paths_and_counts_as_one():
    ours = router(images(cache_tags=True), "/{key}", tags=("src:{key}", "#h-{hash}"))

    digest = hashlib.sha256(b"a.jpg").hexdigest()
    assert ours.paths("a.jpg") == ("/a.jpg", "#src:a.jpg", f"#h-{digest}")


def test_a_key_whose_tag_no_answer_can_have_purges_all():
    ours = router(images(cache_tags=True), tags=("{key}",))

    assert ours.paths("a b.jpg") == ours.paths("x" * 257) == ("/*",)
    assert "no answer can have" in ours.explain("a b.jpg").origins[0].paths[0].meaning


def test_a_tag_where_the_distribution_knows_none_is_not_sent_and_all_is_purged():
    assert router(images(), tags=("{key}",)).paths("a") == ("/*",)
    assert router(images(), "/{key}", tags=("{key}",)).paths("a") == ("/a",)
    assert router(images(cache_tags=True), tags=("{key}",)).below("img/") == ("/*",)


def test_tags_are_kept_beside_coalesced_paths():
    paths = ["#a", "#b", *(f"/x/{number}" for number in range(9))]

    assert coalesce(paths, Allowance(4, 1)) == Coalesced(("#a", "#b"), ("/x/*",))
    assert coalesce(["#b", "#a", "#a"], Allowance(2, 1)) == Coalesced(("#a", "#b"), ())


def test_more_tags_than_the_allowance_holds_become_one_wildcard_over_all():
    tags = {f"#{number}": float(number) for number in range(9)}

    assert coalesce(tags, Allowance(4, 1), floors=["/static/*"]) == Coalesced((), ("/*",))
    assert with_times(coalesce(tags, Allowance(4, 1)), tags) == {"/*": 8.0}
    changed = tags | {"/a": 10.0, "/b": 1.0}
    assert with_times(coalesce(changed, Allowance(4, 1)), changed) == {"/*": 10.0}
    assert with_times(coalesce(changed, Allowance(10, 1)), changed) == tags | {"/*": 10.0}
