"""CloudFront's own JSON becomes routing; what is not CloudFront's JSON becomes one clear line."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invalidator.core.routing.distribution import Behavior, Distribution, ErrorPage, Origin
from invalidator.core.routing.documents.distribution_config import (
    MANAGED_CACHE_POLICIES,
    CachePolicy,
    DistributionError,
    read_cache_policy,
    read_distribution,
)
from tests.cache_policies import cache_policy_config
from tests.core.routing.distributions import (
    ALB,
    BY_QUERY,
    CACHE_POLICIES,
    DISABLED,
    DISTRIBUTIONS,
    LEAD,
    OPTIMIZED,
    REWRITE,
    S3,
    UNREAD,
    behavior,
    document,
    function,
    group,
    origin,
)
from tests.examples import examples

# The MinTTL of the policies here.
LEAST = 1


def cache_policy(query_strings: str) -> dict[str, Any]:
    """What `aws cloudfront get-cache-policy` prints."""
    return {
        "ETag": "E23ZP02F085DFQ",
        "CachePolicy": {
            "Id": UNREAD,
            "LastModifiedTime": "2026-11-01T00:00:00Z",
            "CachePolicyConfig": cache_policy_config("ours", query_strings),
        },
    }


def summary() -> dict[str, Any]:
    """The same distribution as an item of ListDistributions: flat, and without DefaultRootObject."""
    whole = DISTRIBUTIONS["root"]["Distribution"]
    config = {
        name: value for name, value in whole["DistributionConfig"].items() if name != "DefaultRootObject"
    }
    return {"Id": whole["Id"], "Status": whole["Status"], **config}


def test_everything_that_routing_needs_is_read():
    read = read_distribution(
        document(
            [S3, ALB, origin("w", "b.s3-website-us-east-1.amazonaws.com", "/site")],
            [
                behavior("both", "/img/*", BY_QUERY),
                behavior("w", "*.html", **REWRITE),
                behavior("w", "/e", LambdaFunctionAssociations=function("origin-request", LEAD)),
                behavior("w", "/r", FunctionAssociations=function("viewer-response")),
                behavior("alb"),
            ],
            root="index.html",
            groups=[group("both", "s3", "alb")],
        ),
        {},
    )

    assert read == Distribution(
        id="E1",
        origins=(
            Origin("s3", "b.s3.eu-west-1.amazonaws.com", "b"),
            Origin("alb", "lb-1.eu-west-1.elb.amazonaws.com", None),
            Origin("w", "b.s3-website-us-east-1.amazonaws.com", "b", path="/site", website=True),
        ),
        behaviors=(
            Behavior("/img/*", ("s3", "alb"), query_strings=True, errors_kept=0),
            Behavior("*.html", ("w",), viewer_function=True, errors_kept=1),
            Behavior("/e", ("w",), origin_function="arn:aws:lambda:us-east-1:1:function:lead"),
            Behavior("/r", ("w",), errors_kept=1),
            Behavior("*", ("alb",), errors_kept=1),
        ),
        root_object="index.html",
        aliases=("www.example.org",),
    )


def test_a_function_behind_the_cache_is_known_by_its_name_whatever_its_version():
    def named(arn: str) -> str:
        led = behavior("s3", LambdaFunctionAssociations=function("origin-request", arn))
        return read_distribution(document([S3], [led]), {}).behaviors[0].origin_function

    assert named(LEAD) == named(LEAD.removesuffix("7") + "12") != named(LEAD.replace(":lead:", ":other:"))
    assert named("") == "origin-request"


def test_all_three_shapes_of_a_distribution_read_the_same():
    whole = DISTRIBUTIONS["root"]
    read = read_distribution(whole, {})

    assert read_distribution(whole["Distribution"], {}) == read
    assert read_distribution(summary(), {}, root_object="index.html") == read
    assert read_distribution(summary(), {}).root_object == ""


def test_null_is_as_good_as_nothing_where_cloudfront_may_leave_a_field_out():
    sparse = summary() | {
        "OriginGroups": None,
        "CacheBehaviors": None,
        "Aliases": {"Quantity": 0, "Items": None},
    }

    assert read_distribution(sparse, {}) == replace(read_distribution(summary(), {}), aliases=())


def test_what_is_not_set_may_be_null_as_clients_in_go_write_it():
    plain = document([S3], [behavior("s3")])
    written = copy.deepcopy(plain)
    config = written["Distribution"]["DistributionConfig"]
    config |= dict.fromkeys(("Enabled", "Aliases", "DefaultRootObject", "CustomErrorResponses", "Staging"))
    config["Origins"]["Items"][0] |= dict.fromkeys(("OriginPath", "CustomHeaders", "OriginShield"))
    config["DefaultCacheBehavior"] |= dict.fromkeys(("MinTTL", "ForwardedValues", "GrpcConfig"))
    read = read_distribution(written, {})
    assert read == replace(read_distribution(plain, {}), aliases=())
    assert read.enabled


def test_a_disabled_distribution_says_so():
    assert not read_distribution(DISTRIBUTIONS["disabled"], {}).enabled


def test_an_unknown_cache_policy_counts_as_keyed_on_query_strings_and_is_named():
    read = read_distribution(DISTRIBUTIONS["unread policy"], {})

    assert read.unknown_policies == (UNREAD,)
    assert read.behaviors[0].query_strings


@pytest.mark.parametrize("keyed", [False, True])
def test_a_policy_that_was_read_decides_and_is_no_longer_unknown(keyed):
    read = read_distribution(
        DISTRIBUTIONS["unread policy"], {UNREAD: CachePolicy(query_strings=keyed, least=LEAST)}
    )

    assert read.unknown_policies == ()
    assert read.behaviors[0].query_strings is keyed


def test_the_managed_policies_are_known_without_asking():
    keyed = {policy for policy, read in MANAGED_CACHE_POLICIES.items() if read.query_strings}

    assert len(MANAGED_CACHE_POLICIES) == 7
    assert OPTIMIZED in MANAGED_CACHE_POLICIES.keys() - keyed
    assert keyed == {
        BY_QUERY,
        "2e54312d-136d-493c-8eb9-b001f22f67d2",
        "08627262-05a9-4f76-9ded-b50ca2e3a84f",
    }
    assert [policy for policy, read in MANAGED_CACHE_POLICIES.items() if not read.cached] == [DISABLED]


@pytest.mark.parametrize(
    ("query_strings", "keyed"), [("none", False), ("whitelist", True), ("allExcept", True), ("all", True)]
)
def test_a_cache_policy_says_whether_it_keys_on_query_strings(query_strings, keyed):
    policy = cache_policy(query_strings)

    assert read_cache_policy(policy) == (UNREAD, CachePolicy(query_strings=keyed, least=LEAST))
    assert read_cache_policy(policy["CachePolicy"]) == (UNREAD, CachePolicy(query_strings=keyed, least=LEAST))


def test_a_cache_policy_without_parameters_keys_on_nothing():
    policy = cache_policy("all")
    del policy["CachePolicy"]["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"]

    assert read_cache_policy(policy) == (UNREAD, CachePolicy(query_strings=False, least=LEAST))


@pytest.mark.parametrize(("most", "cached"), [(0, False), (1, True), (31536000, True), (None, True)])
def test_a_cache_policy_that_keeps_nothing_says_so(most, cached):
    policy = cache_policy("none")
    policy["CachePolicy"]["CachePolicyConfig"]["MaxTTL"] = most

    assert read_cache_policy(policy) == (UNREAD, CachePolicy(query_strings=False, cached=cached, least=LEAST))


def with_nulls(value: Any) -> Any:
    """The document as an SDK writes it that prints null for what is not set."""
    if isinstance(value, dict):
        unset = {
            name: None
            for name in (
                "OriginPath",
                "Aliases",
                "OriginGroups",
                "CacheBehaviors",
                "Enabled",
                "MaxTTL",
                "Items",
            )
            if name not in value
        }
        return {name: with_nulls(each) for name, each in value.items()} | unset
    return [with_nulls(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", ["plain", "first wins", "legacy by query", "group"])
def test_a_field_that_is_null_is_absent(name):
    read = read_distribution(with_nulls(DISTRIBUTIONS[name]), CACHE_POLICIES)

    assert read == read_distribution(DISTRIBUTIONS[name], CACHE_POLICIES)


def test_a_needed_field_that_is_null_is_named_as_missing():
    wrong = copy.deepcopy(DISTRIBUTIONS["plain"])
    wrong["Distribution"]["DistributionConfig"]["Origins"]["Items"][0]["DomainName"] = None

    with pytest.raises(DistributionError, match=r"Origins\.Items\.0\.DomainName: field required"):
        read_distribution(wrong, {})


def test_a_behavior_that_does_not_say_what_it_forwards_counts_as_cached_by_query_string():
    made = copy.deepcopy(DISTRIBUTIONS["plain"])
    behavior = made["Distribution"]["DistributionConfig"]["DefaultCacheBehavior"]
    behavior.pop("CachePolicyId", None)
    behavior["ForwardedValues"] = {"QueryString": None}

    assert read_distribution(made, {}).behaviors[-1].query_strings


def test_error_pages_are_read_with_the_seconds_that_they_are_kept():
    made = copy.deepcopy(DISTRIBUTIONS["plain"])
    made["Distribution"]["DistributionConfig"]["CustomErrorResponses"] = {
        "Quantity": 2,
        "Items": [
            {
                "ErrorCode": 404,
                "ResponsePagePath": "/404.html",
                "ResponseCode": "404",
                "ErrorCachingMinTTL": 300,
            },
            {"ErrorCode": 500, "ResponsePagePath": ""},
        ],
    }

    assert read_distribution(made, {}).error_pages == (
        ErrorPage(404, "/404.html", 300, "404"),
        ErrorPage(500, "", 10),
    )


def broken(change: str, value: Any = None) -> dict[str, Any]:
    """The plain distribution with one field, by its path, replaced, or removed where there is no value."""
    wrong = copy.deepcopy(DISTRIBUTIONS["first wins"])
    *way, last = change.split(".")
    at: Any = wrong
    for step in way:
        at = at[int(step) if step.isdigit() else step]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return wrong


INNER = "DistributionConfig"
CONFIG = f"Distribution.{INNER}"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ([], "Distribution: not an object but list"),
        (None, "Distribution: not an object but NoneType"),
        ({"Distribution": "E1"}, "Distribution: not an object but str"),
        ({}, "Origins: field required"),
        ({"CachePolicy": {}}, "Origins: field required"),
        (broken("Distribution.Id"), "Id: missing"),
        (broken("Distribution.Id", 7), "Id: input should be a valid string"),
        (broken(f"{CONFIG}.Origins"), "DistributionConfig.Origins: field required"),
        (broken(f"{CONFIG}.Origins", {"Quantity": 0}), "DistributionConfig.Origins: empty"),
        (
            broken(f"{CONFIG}.Origins", {"Quantity": 2}),
            f"{INNER}.Origins: input should be a valid list",
        ),
        (
            broken(f"{CONFIG}.Origins.Items.1.DomainName"),
            f"{INNER}.Origins.Items.1.DomainName: field required",
        ),
        (broken(f"{CONFIG}.DefaultCacheBehavior"), "DistributionConfig.DefaultCacheBehavior: field required"),
        (
            broken(f"{CONFIG}.CacheBehaviors.Items.0.PathPattern"),
            f"{INNER}.CacheBehaviors.Items.0.PathPattern: field required",
        ),
        (
            broken(f"{CONFIG}.CacheBehaviors.Items.1.TargetOriginId", "gone"),
            f"{INNER}.CacheBehaviors.Items.1.TargetOriginId: no origin or origin group is called 'gone'",
        ),
        (
            broken(f"{CONFIG}.DefaultCacheBehavior.TargetOriginId", "gone"),
            f"{INNER}.DefaultCacheBehavior.TargetOriginId: no origin or origin group is called 'gone'",
        ),
    ],
)
def test_a_document_that_is_no_distribution_is_one_line_that_names_the_field(wrong, says):
    with pytest.raises(DistributionError) as refused:
        read_distribution(wrong, {})

    assert str(refused.value).startswith(says)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("x", "CachePolicy: not an object but str"),
        ({"CachePolicy": {"CachePolicyConfig": {}}}, "Id: field required"),
        ({"Id": "1"}, "CachePolicyConfig: field required"),
    ],
)
def test_a_document_that_is_no_cache_policy_is_one_line_that_names_the_field(wrong, says):
    with pytest.raises(DistributionError, match=says):
        read_cache_policy(wrong)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "Id",
                        "Distribution",
                        "DistributionConfig",
                        "Origins",
                        "Items",
                        "Quantity",
                        "CachePolicy",
                    ]
                )
                | st.text(max_size=3),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
@examples(2)
def test_no_json_is_too_strange_to_be_refused_in_a_line(value):
    for read in (
        lambda: read_distribution(value, {}),
        lambda: read_cache_policy(value),
    ):
        with pytest.raises(DistributionError) as refused:
            read()
        assert "\n" not in str(refused.value)
