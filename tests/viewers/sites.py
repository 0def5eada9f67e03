"""Random sites for the viewers: a distribution or two of the bucket `b`, its keys, and the URLs that people try."""

import copy
import random
from typing import Any

from infra.local.edge.cache_policies import CachePolicy, Chosen
from infra.local.edge.distributions import Distribution, read_distribution
from tests.core.routing.distributions import (
    BY_QUERY,
    OPTIMIZED,
    behavior,
    document,
    error,
    group,
    listed,
    origin,
)

BUCKET = "b.s3.eu-west-1.amazonaws.com"
WEBSITE = "b.s3-website-us-east-1.amazonaws.com"
ELSEWHERE = "lb.elb.amazonaws.com"
FUNCTION = "arn:aws:cloudfront::1:function/"
NAMES = ("EROOT", "EDOCS")
PATHS = ("", "/v1", "/docs")
PATTERNS = ("img/*", "*.html", "/a.html", "docs/*", "/*/b*")
KEYS = (
    "index.html",
    "a.html",
    "404.html",
    "about.html",
    "img/b.png",
    "img/c d.png",
    "docs/index.html",
    "docs/b+c.html",
)
# Kept as long as the worker has to count on: CloudFront's own would keep nothing where S3 sends no Cache-Control.
BY_ALL_QUERY_STRINGS = CachePolicy(query_strings=Chosen(everything=True))


def random_site(chance: random.Random) -> dict[str, dict[str, Any]]:
    """Distribution id → what `get-distribution` prints."""
    names = NAMES[: chance.choice([1, 2])]
    return {name: _document(chance) for name in names}


def random_keys(chance: random.Random, documents: dict[str, dict[str, Any]]) -> list[str]:
    """Keys below the folders that the distributions serve, and some that nobody serves."""
    folders = {
        one["OriginPath"].removeprefix("/")
        for found in documents.values()
        for one in found["Distribution"]["DistributionConfig"]["Origins"]["Items"]
    }
    keys = {f"{folder}/{key}".removeprefix("/") for folder in folders | {"v2"} for key in KEYS}
    return chance.sample(sorted(keys), min(len(keys), chance.choice([4, 8, 16])))


def urls(keys: list[str]) -> list[str]:
    """Each key with and without its first folder, its directory and its clean URL, some with a query string."""
    paths = {"/", "/none", "/deep/link"}
    for key in keys:
        for name in {key, key.partition("/")[2] or key}:
            folder, _, file = f"/{name}".rpartition("/")
            paths |= {f"/{name}", f"{folder}/"}
            # Who appends `.html` to everything serves `/docs/index` too, but nobody is led there.
            paths |= {f"{folder}/{file.removesuffix('.html')}"} if file != "index.html" else set()
    typed = {path.replace(" ", "%20").replace("+", "%2B") for path in paths}
    typed |= {path.replace(" ", "+") for path in paths if " " in path and "+" not in path}
    return sorted(typed | {f"{path}?v=1" for path in sorted(typed)[::5]})


def changed(chance: random.Random, before: dict[str, Any]) -> dict[str, Any]:
    """A distribution after an operator changed one thing."""
    after = copy.deepcopy(before)
    config = after["Distribution"]["DistributionConfig"]
    what = chance.choice(["path", "policy", "root", "behavior", "target", "errors"])
    if what == "path":
        chance.choice(config["Origins"]["Items"][:1])["OriginPath"] = chance.choice(PATHS)
    elif what == "policy":
        config["DefaultCacheBehavior"]["CachePolicyId"] = chance.choice([OPTIMIZED, BY_QUERY])
    elif what == "root":
        config["DefaultRootObject"] = chance.choice(["", "index.html", "a.html"])
    elif what == "behavior":
        added = behavior(chance.choice(["o0", "o1"]), chance.choice(PATTERNS))
        config["CacheBehaviors"] = listed([added])
    elif what == "target":
        config["DefaultCacheBehavior"]["TargetOriginId"] = chance.choice(["o0", "o1", "both"])
    else:
        config["CustomErrorResponses"] = listed(_errors(chance))
    return after


def read(name: str, found: dict[str, Any]) -> Distribution:
    """As an edge knows it."""
    config = found["Distribution"]["DistributionConfig"]
    return read_distribution(name, "", config, {BY_QUERY: BY_ALL_QUERY_STRINGS})


def _document(chance: random.Random) -> dict[str, Any]:
    host = chance.choice([BUCKET, BUCKET, BUCKET, WEBSITE])
    origins = [
        origin("o0", host, chance.choice(PATHS)),
        origin("o1", host, chance.choice(PATHS)),
        origin("other", ELSEWHERE),
    ]
    targets = ["o0", "o0", "o1", "both"]

    def one(pattern: str | None) -> dict[str, Any]:
        more: dict[str, Any] = {}
        if chance.random() < 0.25:
            event = chance.choice(["viewer-request", "origin-request"])
            name = chance.choice(["index-documents", "clean-urls"])
            more = {"FunctionAssociations": listed([{"FunctionARN": FUNCTION + name, "EventType": event}])}
        policy = chance.choice([OPTIMIZED, OPTIMIZED, OPTIMIZED, BY_QUERY])
        return behavior(chance.choice(targets), pattern, policy, **more)

    patterns: list[str | None] = [*chance.sample(PATTERNS, chance.choice([0, 0, 1, 2])), None]
    return document(
        origins,
        [one(pattern) for pattern in patterns],
        root=chance.choice(["", "index.html", "index.html"]),
        groups=[group("both", *chance.sample(["o0", "o1"], 2))],
        errors=_errors(chance),
    )


def _errors(chance: random.Random) -> list[dict[str, Any]]:
    if chance.random() < 0.5:
        return []
    return [error(404, chance.choice(["/404.html", "/index.html"]), chance.choice([10, 30, 300, 3600]))]
