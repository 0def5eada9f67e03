"""What holds for every key and every distribution, and what `invalidator explain` can say about one."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.documents.distribution_config import read_distribution
from invalidator.core.routing.paths.behavior_rules import Reach
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.settings import RoutingSettings
from tests.core.routing.distributions import CACHE_POLICIES, DISTRIBUTIONS
from tests.core.routing.random_distributions import distributions, keys
from tests.examples import examples

indexes = st.sampled_from([(), ("index.html",), ("index.html", "b.html")])


def router(name: str, *index_documents: str) -> Router:
    return Router(
        read_distribution(DISTRIBUTIONS[name], CACHE_POLICIES), "b", RoutingSettings(index_documents)
    )


@given(distributions(), keys | st.text(max_size=20), indexes)
@examples(2)
def test_the_explanation_and_the_paths_never_disagree(distribution, key, index_documents):
    """`explain` goes the long way for every key; `paths` takes a short one for ordinary keys."""
    ours = Router(read_distribution(distribution, {}), "b", RoutingSettings(index_documents))
    explained = ours.explain(key)
    sent = {path for at in explained.origins for verdict in at.paths for path in verdict.sent}

    assert set(ours.paths(key)) == set(explained.paths) == sent
    assert len(ours.paths(key)) == len(sent)
    assert [at.origin for at in explained.origins] == list(ours.distribution.origins)
    for at in explained.origins:
        assert bool(at.refusal) == (not at.paths)
        for verdict in at.paths:
            assert bool(verdict.sent) == verdict.reach.cached


@given(distributions(), keys, indexes, st.randoms(use_true_random=False))
def test_the_order_of_origins_changes_the_order_of_paths_at_most(distribution, key, index_documents, random):
    whole = read_distribution(distribution, {})
    origins = list(whole.origins)
    random.shuffle(origins)
    shuffled = Router(replace(whole, origins=tuple(origins)), "b", RoutingSettings(index_documents))

    assert sorted(shuffled.paths(key)) == sorted(
        Router(whole, "b", RoutingSettings(index_documents)).paths(key)
    )


@given(distributions(), st.lists(keys, max_size=5), indexes)
def test_what_was_asked_before_does_not_change_the_answer(distribution, asked, index_documents):
    whole = read_distribution(distribution, {})
    together = Router(whole, "b", RoutingSettings(index_documents))

    assert [together.paths(key) for key in asked] == [
        Router(whole, "b", RoutingSettings(index_documents)).paths(key) for key in asked
    ]


@given(distributions(), keys)
def test_another_bucket_s_key_has_no_paths(distribution, key):
    assert Router(read_distribution(distribution, {}), "c").paths(key) == ()


def test_a_pinned_prefix_keeps_other_keys_out():
    pinned = Origin("pin", "cdn.example.org", "b", path="/site", prefix="site/img/")
    ours = Router(Distribution("E1", (pinned,), (Behavior("*", ("pin",)),)), "b")

    assert ours.paths("site/img/a.png") == ("/img/a.png",)
    assert ours.paths("site/a.png") == ()
    assert ours.paths("img/a.png") == ()
    assert ours.explain("site/a.png").origins[0].refusal == "the key is outside the pinned prefix site/img/"


def test_a_pinned_prefix_shorter_than_the_origin_path_does_not_widen_it():
    pinned = Origin("pin", "cdn.example.org", "b", path="/site", prefix="s")
    ours = Router(Distribution("E1", (pinned,), (Behavior("*", ("pin",)),)), "b")

    assert ours.paths("site/a") == ("/a",)
    assert ours.paths("sitemap") == ()


def test_a_distribution_without_behaviors_serves_nothing():
    """CloudFront always has a default behavior; a table item or a pinned route might not."""
    ours = Router(Distribution("E1", (Origin("o", "b.s3.amazonaws.com", "b"),), ()), "b")

    assert ours.paths("a.html") == ()
    assert ours.explain("a.html").origins[0].paths[0].pattern is None


def test_a_lone_behavior_that_is_no_default_is_still_matched_in_every_spelling():
    ours = Router(
        Distribution("E1", (Origin("o", "b.s3.amazonaws.com", "b"),), (Behavior("/a%20b", ("o",)),)), "b"
    )

    assert ours.paths("a b") == ("/a%20b", "/a+b")
    assert ours.paths("c d") == ()


def test_the_explanation_names_the_behavior_that_takes_the_path():
    (verdict,) = router("first wins").explain("img/private/x").origins[0].paths

    assert (verdict.path, verdict.pattern, verdict.reach) == (
        "/img/private/x",
        "/img/private/*",
        Reach.NOT_HERE,
    )
    assert verdict.sent == ()


def test_the_explanation_says_what_each_path_is_to_the_object():
    verdicts = router("website by query").explain("d/index.html").origins[0].paths

    assert [(verdict.path, verdict.meaning, verdict.sent) for verdict in verdicts] == [
        ("/d/index.html", "the object itself", ("/d/index.html*",)),
        ("/d/", "the directory it is the index of", ("/d/", "/d/?*")),
        ("/d", "that directory without its slash", ("/d", "/d?*")),
    ]
    root = router("root", "index.html").explain("index.html").origins[0].paths
    assert [verdict.meaning for verdict in root] == ["the object itself", "the default root object"]


def test_the_explanation_says_when_only_a_function_leads_there():
    (rewritten,) = router("rewriting").explain("x").origins[0].paths
    (direct,) = router("rewriting").explain("static/x").origins[0].paths

    assert (rewritten.pattern, rewritten.rewritten, rewritten.sent) == ("*", True, ("/x",))
    assert (direct.pattern, direct.rewritten, direct.sent) == ("/static/*", False, ("/static/x",))


def test_the_explanation_says_why_an_origin_cannot_serve_the_key():
    def refusals(name: str, key: str) -> list[str]:
        return [at.refusal for at in router(name).explain(key).origins]

    assert refusals("two origins", "old/x") == ["the key is outside its OriginPath /site", ""]
    assert refusals("another bucket", "x") == ["it serves bucket b-2"]
    assert refusals("disabled", "x") == ["the distribution is disabled"]
    assert refusals("plain", "") == ["an object's key is never empty"]
    assert refusals("hidden", "x") == [
        "its bucket is not known: b-x1y2-s3alias.s3.eu-west-1.amazonaws.com is an access point alias"
    ]
    assert refusals("per tenant", "x") == [
        "its bucket is not known: b.s3.amazonaws.com is a host whose OriginPath holds parameters"
    ]
    assert refusals("unused origin", "x")[1] == (
        "its bucket is not known: lb-1.eu-west-1.elb.amazonaws.com is not the host name of an S3 bucket"
    )
