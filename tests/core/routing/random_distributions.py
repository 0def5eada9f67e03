"""Hypothesis strategies: distributions as CloudFront prints them, and the keys of the bucket `b`."""

from typing import Any

from hypothesis import strategies as st

from tests.core.routing.distributions import (
    BY_QUERY,
    DISABLED,
    LEGACY_PLAIN,
    LEGACY_QUERY,
    OPTIMIZED,
    behavior,
    document,
    error,
    function,
    group,
    origin,
)

BY_QUERY_OF_POLICY = {OPTIMIZED: False, BY_QUERY: True, DISABLED: False}

_HOSTS = st.sampled_from(
    ["b.s3.eu-west-1.amazonaws.com", "b.s3.amazonaws.com", "b.s3-website-us-east-1.amazonaws.com"]
)
_OTHER_HOSTS = st.sampled_from(["lb.elb.amazonaws.com", "bb.s3.amazonaws.com", "a.b.s3.amazonaws.com"])
_PATTERNS = st.sampled_from(
    [
        "a/*",
        "/a/*",
        "*.html",
        "/a*",
        "*b*",
        "/",
        "/index.html",
        "/*/index.html",
        "a?b*",
        "/a/b",
        "/x/*",
        "*/",
        "*%20*",
    ]
)
_CACHING = st.sampled_from([{}, {}, {"policy": BY_QUERY}, {"policy": DISABLED}, LEGACY_QUERY, LEGACY_PLAIN])
_ERRORS = st.lists(
    st.builds(
        error,
        st.sampled_from([403, 404]),
        st.sampled_from(["/index.html", "/b.html", "/a/b.html", "/", "/c%23d", ""]),
        st.sampled_from([10, 30, 31, 300]),
    ),
    max_size=2,
    unique_by=lambda made: made["ErrorCode"],
)
_FUNCTIONS = st.sampled_from(
    [
        {},
        {},
        {},
        {"FunctionAssociations": function("viewer-request")},
        {"FunctionAssociations": function("viewer-response")},
        {"LambdaFunctionAssociations": function("origin-request")},
    ]
)
_SEGMENTS = st.sampled_from(
    [
        "a",
        "b",
        "x",
        "index.html",
        "b.html",
        "[slug].html",
        "a b",
        "c+d",
        "e +f.html",
        "é",
        "p~q",
        "c#d",
        "q?",
        "s*",
        "t*t",
        "..",
        ".",
        "",
        "5%20",
        "\udce9",
    ]
)
_TAILS = st.lists(_SEGMENTS, min_size=1, max_size=3).map("/".join)
keys = st.builds(str.__add__, st.sampled_from(["", "a/", "a/b/", "x/"]), _TAILS).filter(bool)


@st.composite
def distributions(draw: st.DrawFn) -> dict[str, Any]:
    """A distribution whose first origins are of bucket `b`."""
    paths = draw(st.lists(st.sampled_from(["", "", "/a", "/a/b", "/x"]), min_size=1, max_size=2))
    ours = [origin(f"o{at}", draw(_HOSTS), path) for at, path in enumerate(paths)]
    other = origin("other", draw(_OTHER_HOSTS))
    both = group("both", *draw(st.permutations(["o0", "other"])))
    targets = st.sampled_from([*(one["Id"] for one in ours), "o0", "other", "both"])
    patterns = draw(st.lists(_PATTERNS, max_size=3, unique=True))
    return document(
        [*ours, other],
        [
            behavior(draw(targets), pattern, **draw(_CACHING), **draw(_FUNCTIONS))
            for pattern in [*patterns, None]
        ],
        root=draw(st.sampled_from(["", "index.html", "a/index.html"])),
        groups=[both],
        errors=draw(_ERRORS),
    )
