"""Random objects, configurations, deployments and surveys against a model of CloudFront's cache.

The sender is the simplest that does what a record asks for. Once a survey saw the configuration, and a send followed
from it, no viewer URL answers with what is no longer true by the configuration that an edge has.
"""

import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.settings import RoutingSettings
from tests.core.routing.cloudfront_cache_model import Edge
from tests.core.routing.distributions import (
    BY_QUERY,
    DISABLED,
    LEAD,
    OPTIMIZED,
    behavior,
    document,
    function,
    group,
    origin,
)
from tests.core.routing.random_distributions import BY_QUERY_OF_POLICY
from tests.examples import examples
from tests.survey.surveyed import INTERVAL, Surveyed

INDEX = ("index.html",)
KEYS = (
    "a.html",
    "index.html",
    "img/b.png",
    "v1/a.html",
    "v1/index.html",
    "v1/img/b.png",
    "v1/img/index.html",
    "v2/a.html",
    "v2/img/b.png",
)
URLS = tuple(
    url + query
    for path in ("/", "/a.html", "/index.html", "/img/b.png", "/img/", "/v1/a.html", "/v2/img/b.png")
    for url in (path,)
    for query in ("", "?v=1")
)
ORIGINS = ("o0", "o1", "other", "both")
PATTERNS = ("img/*", "*.html", "/a.html", "v?/*", "img/b*")


@dataclass
class World:
    """One distribution at two edges: one has each configuration at once, the other when all is deployed."""

    site: Surveyed = field(default_factory=Surveyed)
    bucket: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KEYS, 1))
    edits: int = 0
    unseen: bool = True
    changes: list[tuple[float, str]] = field(default_factory=list)
    settled: int = 0

    def __post_init__(self) -> None:
        paths = ("", "/v1")
        ours = [origin(f"o{at}", "b.s3.eu-west-1.amazonaws.com", path) for at, path in enumerate(paths)]
        self.configured = document(
            [*ours, origin("other", "lb.elb.amazonaws.com")],
            [behavior("o1")],
            root="index.html",
            groups=[group("both", "o0", "other")],
        )
        self.near, self.far = (Edge(self.configured, BY_QUERY_OF_POLICY, self.bucket) for _ in range(2))
        self.install(deployed=True)
        self.survey()

    def install(self, *, deployed: bool) -> None:
        """The account has the configuration now."""
        self.edits += 1
        now = self.site.time.now()
        config = self.configured["Distribution"]["DistributionConfig"]
        self.site.account.distributions["E1"] = copy.deepcopy(config) | {
            "Id": "E1",
            "ETag": f"T{self.edits}",
            "LastModifiedTime": datetime.fromtimestamp(now, UTC),
            "Status": "Deployed" if deployed else "InProgress",
        }

    def configure(self, mutation: tuple[str, Any]) -> None:
        """Change the configuration. A second change that no survey saw the first of may hide it: one at a time."""
        if self.unseen:
            self.survey()
        what, value = mutation
        self.configured = copy.deepcopy(self.configured)
        config = self.configured["Distribution"]["DistributionConfig"]
        behaviors = config["CacheBehaviors"].get("Items", [])
        if what == "path":
            config["Origins"]["Items"][value[0]]["OriginPath"] = value[1]
        elif what == "target":
            config["DefaultCacheBehavior"]["TargetOriginId"] = value
        elif what == "policy":
            config["DefaultCacheBehavior"]["CachePolicyId"] = value
        elif what == "root":
            config["DefaultRootObject"] = value
        elif what == "function":
            at, *associated = value
            taking = [*behaviors, config["DefaultCacheBehavior"]]
            taking[at % len(taking)].update(_associations(*associated))
        elif what == "add" and value[0] not in [each["PathPattern"] for each in behaviors]:
            behaviors = [behavior(value[1], value[0]), *behaviors]
        elif what == "remove":
            behaviors = behaviors[1:]
        elif what == "reverse":
            behaviors = behaviors[::-1]
        config["CacheBehaviors"] = {"Quantity": len(behaviors), "Items": behaviors}
        self.near.document = self.configured
        self.unseen = True
        self.install(deployed=False)

    def deploy(self) -> None:
        self.unseen |= self.far.document is not self.configured
        self.far.document = self.configured
        self.site.account.deploy("E1")

    def change(self, key: str) -> None:
        self.bucket[key] = self.bucket.get(key, 0) + 1
        self.site.changes("b", key)
        self.changes.append((self.site.time.now(), key))
        self.send()
        if not self.unseen:
            self.check()

    def check(self) -> None:
        """No edge answers with what is no longer true by the configuration that it has."""
        for edge in (self.near, self.far):
            assert {url: edge.get(url) for url in URLS} == {url: edge.fresh(url) for url in URLS}

    def view(self) -> None:
        for url in URLS:
            self.near.get(url)
            self.far.get(url)

    def survey(self) -> None:
        self.site.after(INTERVAL).survey()
        self.unseen = False
        self.send()

    def send(self) -> None:
        """Do what the target's record asks for, and note that."""
        routes = self.site.routes("E1")
        state = self.site.table.view("E1", self.site.time.now()).state
        start, paths = self.settled, set()
        if state.routing != routes.version:
            paths |= routes.purge.keys()
            if routes.reroute_since is not None:
                start = min(
                    [
                        start,
                        *(at for at, (when, _) in enumerate(self.changes) if when >= routes.reroute_since),
                    ]
                )
        for _, key in self.changes[start:]:
            for each in routes.routes:
                paths |= {*Router(each, "b", RoutingSettings(INDEX)).paths(key)}
        for path in paths:
            self.near.purge(path)
            self.far.purge(path)
        self.settled = len(self.changes)
        self.site.sent("E1")


def _associations(event: str = "", arn: str = "") -> dict[str, Any]:
    """A behavior's functions: one that appends index.html to a folder, and names it in the cache key or behind it."""
    none = {"Quantity": 0, "Items": []}
    return {
        "FunctionAssociations": function(event) if event and not arn else none,
        "LambdaFunctionAssociations": function(event, arn) if arn else none,
    }


MUTATIONS = st.one_of(
    st.tuples(st.just("path"), st.tuples(st.sampled_from([0, 1]), st.sampled_from(["", "/v1", "/v2"]))),
    st.tuples(st.just("policy"), st.sampled_from([OPTIMIZED, BY_QUERY, DISABLED])),
    st.tuples(st.just("target"), st.sampled_from(ORIGINS)),
    st.tuples(st.just("root"), st.sampled_from(["", "index.html", "a.html"])),
    st.tuples(
        st.just("function"),
        st.tuples(st.sampled_from([-1, 0]))
        | st.tuples(st.sampled_from([-1, 0]), st.just("viewer-request"))
        | st.tuples(st.sampled_from([-1, 0]), st.just("origin-request"), st.just(LEAD)),
    ),
    st.tuples(st.just("add"), st.tuples(st.sampled_from(PATTERNS), st.sampled_from(ORIGINS))),
    st.tuples(st.sampled_from(["remove", "reverse"]), st.none()),
)
EVENTS = st.one_of(
    st.tuples(st.just("change"), st.sampled_from(KEYS)),
    st.tuples(st.just("configure"), MUTATIONS),
    st.tuples(st.sampled_from(["deploy", "view", "view", "survey"]), st.none()),
)


@given(st.lists(EVENTS, min_size=4, max_size=20))
# While a switch is on its way, an edge that has the old configuration still refills from the old folder.
@example(
    [
        ("configure", ("path", (1, "/v2"))),
        ("survey", None),
        ("view", None),
        ("change", "v1/a.html"),
    ]
)
# There was nothing in a folder until a function led to its page: so the edges say still.
@example([("configure", ("function", (-1, "origin-request", LEAD)))])
# What a function led to stands under the viewer's path when the function is taken away.
@example(
    [
        ("configure", ("function", (-1, "origin-request", LEAD))),
        ("deploy", None),
        ("survey", None),
        ("change", "v1/img/index.html"),
        ("view", None),
        ("configure", ("function", (-1,))),
    ]
)
@examples(1.2)
def test_no_viewer_url_stays_stale_once_a_survey_saw_all_deployed(events):
    world = World()
    world.change("a.html")
    world.view()
    for name, value in events:
        world.site.after(10.0)
        getattr(world, name)(*([] if value is None else [value]))
    world.deploy()
    world.view()
    world.survey()
    world.check()
