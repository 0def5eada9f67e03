"""After our paths are purged from a model of CloudFront's cache, no viewer URL answers with what is no longer
true."""

from collections.abc import Iterable

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from invalidator.core.routing.documents.distribution_config import read_distribution
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.settings import RoutingSettings
from tests.core.routing.cloudfront_cache_model import Edge, World, decode, encodings
from tests.core.routing.distributions import behavior, document, error, origin
from tests.core.routing.random_distributions import BY_QUERY_OF_POLICY, distributions, keys
from tests.examples import examples

pytestmark = pytest.mark.long

INDEX = ("index.html",)
SETTINGS = RoutingSettings(INDEX)
BUCKETS = st.lists(keys, min_size=1, max_size=4, unique=True)
WORLDS = st.builds(World, *[st.booleans()] * 9)


def urls(bucket: Iterable[str]) -> list[str]:
    """Each tail of each key, and its directories, in every encoding, with a query string and without."""
    paths = {"/"}
    for key in [*bucket, *(key[:-5] for key in bucket if key.endswith(".html"))]:
        segments = key.split("/")
        tails = {"/" + "/".join(segments[at:]) for at in range(len(segments))}
        folders = {tail.rpartition("/")[0] for tail in tails}
        for path in tails | folders | {f"{folder}/" for folder in folders}:
            if path.startswith("/"):
                paths |= {path, f"/x{path}"}
    spelled = {url for path in paths for url in encodings(path)}
    return sorted(spelled | {f"{url}?v=1" for url in spelled})


# The root object's path is a directory of the website endpoint: "/" is redirected once this key is there.
ROOT_IS_A_DIRECTORY = document(
    [origin("o0", "b.s3-website-us-east-1.amazonaws.com")], [behavior("o0")], root="index.html"
)

ERROR_PAGE_FOR_AN_HOUR = document(
    [origin("o0", "b.s3.amazonaws.com")], [behavior("o0")], errors=[error(404, "/index.html", 3600)]
)
PLAIN = document([origin("o0", "b.s3.amazonaws.com")], [behavior("o0")])


@examples(2)
@given(distributions(), WORLDS, BUCKETS, st.sampled_from(["replaced", "created", "deleted"]))
@example(ERROR_PAGE_FOR_AN_HOUR, World(), ["index.html"], "replaced")
@example(PLAIN, World(plus_is_space=False), ["c+d"], "replaced")
@example(PLAIN, World(), ["c d"], "replaced")
@example(ROOT_IS_A_DIRECTORY, World(), ["index.html/index.html"], "created")
def test_no_viewer_url_serves_the_old_object_once_its_paths_are_purged(distribution, world, bucket, how):
    """Whatever the cache held is compared with what S3 says now."""
    changed = bucket[0]
    edge = Edge(distribution, BY_QUERY_OF_POLICY, dict.fromkeys(bucket, 1), world)
    if how == "created":
        del edge.bucket[changed]
    warmed = urls(bucket)
    before = {url: edge.get(url) for url in warmed}

    edge.bucket[changed] = 2
    if how == "deleted":
        del edge.bucket[changed]
    for path in Router(read_distribution(distribution, {}), "b", SETTINGS).paths(changed):
        edge.purge(path)

    edge.wait(SETTINGS.error_page_seconds)
    warmed = [url for url in warmed if edge.asks_bucket(url)]
    before = {url: before[url] for url in warmed}
    now = {url: edge.fresh(url) for url in warmed}
    if now != before:
        event("the change was visible")
    assert {url: edge.get(url) for url in warmed} == now


@examples(2)
@given(distributions(), WORLDS, BUCKETS)
@example(ROOT_IS_A_DIRECTORY, World(), ["index.html/index.html"])
def test_what_is_purged_besides_follows_from_a_documented_widening(distribution, world, bucket):
    """An exact path removes only names of the changed object; a wildcard is sent only where one is due."""
    changed = bucket[0]
    edge = Edge(distribution, BY_QUERY_OF_POLICY, dict.fromkeys(bucket, 1), world)
    for url in urls(bucket):
        edge.get(url)
    config = edge.config
    keyed = edge.keyed()
    troubled = "~" in changed or "*/" in f"{changed}/" or {".", ".."} & set(changed.split("/"))
    folders = {one["OriginPath"] for one in config["Origins"]["Items"]}

    for path in Router(read_distribution(distribution, {}), "b", SETTINGS).paths(changed):
        gone = edge.purge(path)
        if path.endswith("*"):
            assert keyed or troubled or "[" in changed or config["CustomErrorResponses"]["Quantity"]
            continue
        for name in gone:
            # Of a key with both, a world in which + and %2B are one may hold other mixes under the same name.
            named = {f"{folder}{decode(name)}".replace("+", " ") for folder in folders}
            root = config["DefaultRootObject"]
            answers_for = {
                f"{one}{more}"[1:]
                for one in named
                for more in ("", ".html", "index.html", "/index.html", root, f"{root}/index.html")
            }
            assert changed.replace("+", " ") in answers_for


@given(distribution=distributions(), changed=keys)
@examples(2)
def test_nothing_is_sent_for_a_key_that_no_viewer_can_see(distribution, changed):
    """A key outside every OriginPath has no path, whatever behaviors and functions there are."""
    config = distribution["Distribution"]["DistributionConfig"]
    folders = [
        one["OriginPath"] for one in config["Origins"]["Items"] if one["DomainName"].startswith("b.s3")
    ]
    outside = all(not f"/{changed}".startswith(f"{folder}/") for folder in folders)
    paths = Router(read_distribution(distribution, {}), "b", SETTINGS).paths(changed)

    assert not (outside and paths)
