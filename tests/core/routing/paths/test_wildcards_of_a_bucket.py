"""The floors of a bucket and what lies below a key prefix: wide enough for every key, no wider than the behaviors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invalidator.core.routing.documents.distribution_config import read_distribution
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.settings import RoutingSettings
from tests.core.routing.distributions import (
    ALB,
    BY_QUERY,
    CACHE_POLICIES,
    DISTRIBUTIONS,
    S3,
    SITE,
    behavior,
    document,
)
from tests.core.routing.random_distributions import distributions, keys
from tests.examples import examples

pytestmark = pytest.mark.long

INDEX = ("index.html",)
# Keys whose paths CloudFront might normalize: what reaches a behavior only so is not counted.
plain_keys = keys.filter(lambda key: not {"", ".", ".."} & set(key.split("/")[:-1]) and key[-1] != ".")


def router(name: str, *index_documents: str) -> Router:
    return Router(
        read_distribution(DISTRIBUTIONS[name], CACHE_POLICIES), "b", RoutingSettings(index_documents)
    )


def made(origins, *behaviors, **more) -> Router:
    document_ = document(origins, list(behaviors), **more)
    return Router(read_distribution(document_, CACHE_POLICIES), "b", RoutingSettings(INDEX))


def covered(path: str, by: tuple[str, ...]) -> bool:
    return path in by or any(path.startswith(one[:-1]) for one in by if one.endswith("*"))


@given(distributions(), plain_keys, st.data())
@examples(6)
def test_below_a_prefix_covers_the_paths_of_every_key_that_begins_so(distribution, key, data):
    ours = Router(read_distribution(distribution, {}), "b", RoutingSettings(INDEX))
    prefix = key[: data.draw(st.integers(0, len(key)))]

    below = ours.below(prefix)
    assert all(covered(path, below) for path in ours.paths(key)), (ours.paths(key), below)


@given(distributions(), plain_keys)
@examples(4)
def test_below_never_reaches_above_the_floors(distribution, key):
    ours = Router(read_distribution(distribution, {}), "b", RoutingSettings(INDEX))

    assert ours.below("") == ours.floors()
    for path in ours.below(key.rpartition("/")[0]):
        if path.endswith("*"):
            assert covered(path, ours.floors())


@pytest.mark.parametrize(
    ("name", "floors"),
    [
        ("plain", ("/*",)),
        ("disabled", ()),
        ("unused origin", ()),
        ("group", ("/*",)),
        ("api elsewhere", ("/*",)),
        ("assets only", ("/*",)),  # *.jpg may lie anywhere
        ("first wins", ("/img/*",)),
        ("one character", ("/page*",)),
        ("many stars", ("/*",)),
        ("encoded pattern", ("/a%20b/*", "/a%2520b/*", "/a+b/*")),
        ("directory only", ("/docs/",)),
        ("only the root", ("/", "/index.html")),
        ("rewriting", ("/*",)),
        ("rewriting elsewhere", ("/static/*",)),
        ("changing headers", ("/static/*",)),
        ("nested origins", ("/*",)),
    ],
)
def test_the_floors_are_the_wildcards_of_the_behaviors_that_lead_to_the_bucket(name, floors):
    assert router(name).floors() == floors


def test_a_pattern_with_a_star_inside_widens_no_further_than_that_star():
    ours = made([S3, ALB], behavior("s3", "/a/*/b.js"), behavior("s3", "/c/*.css"), behavior("alb"))

    assert ours.floors() == ("/a/*", "/c/*")
    assert ours.below("a/x/") == ("/a/x/*",)
    assert ours.below("d/") == ()


def test_a_behavior_behind_one_that_takes_all_its_paths_adds_nothing():
    ours = made([S3, ALB], behavior("alb", "/img/*"), behavior("s3", "/img/logos/*"), behavior("alb"))

    assert ours.floors() == ()


@pytest.mark.parametrize(
    ("prefix", "below"),
    [
        ("", ("/*",)),
        ("img/", ("/img", "/img/*")),
        ("img/a", ("/img/a*",)),
        ("docs/ind", ("/docs", "/docs/", "/docs/ind*")),
        ("a b/", ("/a%20b", "/a%20b/*", "/a+b", "/a+b/*")),
        ("é", ("/%C3%A9*",)),
        ("run~main/x", ("/run*",)),
        ("x/..", ("/x/*",)),
        ("index", ("/", "/index*")),
    ],
)
def test_below_a_prefix_lie_its_wildcard_and_the_directories_that_its_index_documents_answer(prefix, below):
    assert made([S3], behavior("s3"), root="index.html").below(prefix) == below


def test_below_a_prefix_of_a_bucket_with_an_origin_path_lies_what_viewers_type():
    ours = made([SITE], behavior("s3"))

    assert ours.below("site/img/") == ("/img", "/img/*")
    assert ours.below("si") == ours.below("") == ("/*",)
    assert ours.below("other/") == ()


def test_below_a_prefix_only_the_behaviors_that_lead_to_the_bucket_count():
    ours = made(
        [S3, ALB],
        behavior("alb", "/img/private/*"),
        behavior("s3", "/img/*"),
        behavior("s3", "/img2.png", BY_QUERY),
        behavior("alb"),
    )

    assert ours.below("") == ours.below("img") == ("/img/*", "/img2.png*")
    assert ours.below("img/private/x/") == ()
    assert ours.below("img/logos/") == ("/img/logos", "/img/logos/*")
    assert ours.below("docs/") == ()


def test_the_root_object_of_a_folder_is_named_with_the_folder():
    assert made([S3], behavior("s3"), root="app/start.html").below("app/") == ("/", "/app", "/app/*")
