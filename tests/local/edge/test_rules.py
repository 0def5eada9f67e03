"""What a viewer is answered, rule by rule; each names the page of the CloudFront guide that it comes from."""

from email.utils import formatdate
from typing import Any

import pytest

from infra.local.edge.cache_policies import read_cache_policy
from infra.local.edge.distributions import Distribution, read_distribution, tenant_of
from infra.local.edge.documents import MALFORMED
from infra.local.edge.edge import EdgeSettings
from infra.local.edge.location import Request
from infra.local.edge.origins import NotModelledError, Website
from infra.local.edge.readings import WORSE, Readings
from tests.core.routing.distributions import (
    ALB,
    BY_QUERY,
    DISABLED,
    LEGACY_QUERY,
    S3,
    SITE,
    WEB,
    behavior,
    document,
    error,
    group,
    listed,
    origin,
)
from tests.local.edge.viewer import Viewer


def distribution(found: dict[str, Any], **policies: Any) -> Distribution:
    """Read what `get-distribution` prints."""
    config = found["Distribution"]["DistributionConfig"]
    read = {name: read_cache_policy(config) for name, config in policies.items()}
    return read_distribution("E1", "d111.cloudfront.net", config, read)


def viewer(found: dict[str, Any], readings: Readings | None = None, **policies: Any) -> Viewer:
    made = Viewer(distribution(found, **policies), EdgeSettings(readings=readings or Readings()))
    made.objects.put("a.html", "a1")
    made.objects.put("index.html", "i1")
    return made


def policy(
    minimum: float = 0, default: float = 86_400, maximum: float = 31_536_000, **key: Any
) -> dict[str, Any]:
    return {
        "Name": "p",
        "MinTTL": minimum,
        "DefaultTTL": default,
        "MaxTTL": maximum,
        "ParametersInCacheKeyAndForwardedToOrigin": key,
    }


PLAIN = document([S3], [behavior("s3")], root="index.html")


def test_the_first_viewer_misses_and_the_next_hits():
    """[HowCloudFrontWorks]; Age as RFC 9111 has it, X-Cache as CloudFront's own."""
    site = viewer(PLAIN)

    first = site.get("/a.html")
    site.now += 12
    second = site.get("/a.html")

    assert (first.x_cache, first.age) == ("Miss from cloudfront", None)
    assert (second.x_cache, second.age, second.body) == ("Hit from cloudfront", 12, "a1")


def test_each_location_has_a_cache_of_its_own():
    site = viewer(PLAIN)
    site.get("/a.html")
    site.objects.put("a.html", "a2")

    assert [site.seen("/a.html", location=each) for each in ("FRA56", "IAD89")] == [
        (200, "a1", "Hit"),
        (200, "a2", "Miss"),
    ]


def test_the_default_root_object_answers_the_root_alone():
    """[DefaultRootObject]"""
    site = viewer(PLAIN)
    site.objects.put("docs/index.html", "d1")

    assert site.seen("/") == (200, "i1", "Miss")
    assert site.seen("/docs/")[0] == 404


def test_an_origin_path_is_put_before_the_viewers_path():
    """[DownloadDistValuesOrigin, "Origin path"]"""
    site = viewer(document([SITE], [behavior("s3")]))
    site.objects.put("site/a.html", "s1")

    assert site.seen("/a.html")[1] == "s1"


def test_the_first_behavior_that_matches_answers():
    """[DownloadDistValuesCacheBehavior, "Path pattern"]: case counts, `?` is one character, a slash is optional."""
    found = document([S3, SITE], [behavior("s3", "img/??.png"), behavior("alb", "/img/*"), behavior("s3")])
    found["Distribution"]["DistributionConfig"]["Origins"] = listed([S3, ALB])
    site = viewer(found)
    for key in ("img/aa.png", "img/abc.png", "IMG/aa.png"):
        site.objects.put(key, key)

    assert [site.seen(f"/{key}")[1] for key in ("img/aa.png", "img/abc.png", "IMG/aa.png")] == [
        "img/aa.png",
        "from lb-1.eu-west-1.elb.amazonaws.com",
        "IMG/aa.png",
    ]


@pytest.mark.parametrize(
    ("minimum", "default", "maximum", "headers", "kept"),
    [
        # The table of [Expiration]: what the origin says against the behavior's three TTLs.
        (0, 100, 1000, {}, 100),
        (50, 20, 1000, {}, 50),
        (0, 100, 1000, {"cache_control": "max-age=300"}, 300),
        (0, 100, 200, {"cache_control": "max-age=300"}, 200),
        (400, 500, 1000, {"cache_control": "max-age=300"}, 400),
        (0, 100, 1000, {"cache_control": "max-age=300, s-maxage=30"}, 30),
        (0, 100, 1000, {"cache_control": "max-age=300", "expires": formatdate(0)}, 300),
        (0, 100, 1000, {"expires": formatdate(1_795_000_700.0)}, 700),
        (0, 100, 1000, {"expires": "soon"}, 0),
        (0, 100, 1000, {"cache_control": "no-store"}, 0),
        (60, 100, 1000, {"cache_control": "private"}, 60),
        (0, 0, 0, {"cache_control": "max-age=300"}, 0),
    ],
)
def test_how_long_an_object_is_kept(minimum, default, maximum, headers, kept):
    found = document([S3], [behavior("s3", policy="own")])
    site = viewer(found, own=policy(minimum, default, maximum))
    site.objects.put("a.html", "a1", **headers)
    site.get("/a.html")
    site.objects.put("a.html", "a2", **headers)

    if kept:
        site.now += kept - 1
        assert site.seen("/a.html") == (200, "a1", "Hit")
        site.now += 1
    assert site.seen("/a.html")[:2] == (200, "a2")


def test_what_expired_unchanged_is_refreshed_by_its_etag():
    """[RequestAndResponseBehaviorS3Origin, "Conditional GETs"]"""
    site = viewer(PLAIN)
    site.get("/a.html")
    site.now += 86_400

    refreshed = site.get("/a.html")

    assert (refreshed.body, refreshed.x_cache) == ("a1", "RefreshHit from cloudfront")
    assert site.objects.asked[-1].etag == '"a1"'
    assert site.seen("/a.html") == (200, "a1", "Hit")


def test_what_expired_is_served_on_while_the_origin_is_down():
    """[HTTPStatusCodes]; with nothing kept, the error is what viewers get."""
    site = viewer(PLAIN)
    site.get("/a.html")
    site.now += 86_400
    site.objects.down = True

    assert site.seen("/a.html") == (200, "a1", "Hit")
    site.invalidate("/a.html")
    assert site.seen("/a.html")[0] == 503


def test_the_cache_policy_says_which_query_strings_tell_objects_apart():
    """[controlling-the-cache-key]; an invalidation has to name them [invalidation-specifying-objects]."""
    key = {"QueryStringsConfig": {"QueryStringBehavior": "whitelist", "QueryStrings": {"Items": ["v"]}}}
    site = viewer(document([S3], [behavior("s3", policy="own")]), own=policy(**key))
    site.get("/a.html?v=1&utm=x")

    assert site.seen("/a.html?utm=y&v=1")[2] == "Hit"
    assert site.seen("/a.html?v=2")[2] == "Miss"
    site.invalidate("/a.html")
    assert site.seen("/a.html?v=1")[2] == "Hit"
    site.invalidate("/a.html?v=1")
    assert [site.seen(f"/a.html?v={each}")[2] for each in (1, 2)] == ["Miss", "Hit"]
    site.invalidate("/a.html*")
    assert [site.seen(f"/a.html?v={each}")[2] for each in (1, 2)] == ["Miss", "Miss"]


def test_all_query_strings_but_some():
    key = {"QueryStringsConfig": {"QueryStringBehavior": "allExcept", "QueryStrings": {"Items": ["utm"]}}}
    site = viewer(document([S3], [behavior("s3", policy="own")]), own=policy(**key))
    site.get("/a.html?v=1&utm=x")

    assert [site.seen(url)[2] for url in ("/a.html?v=1&utm=y", "/a.html?v=2")] == ["Hit", "Miss"]


def test_a_path_removes_every_header_and_cookie_version():
    """[invalidation-specifying-objects, "Forwarding cookies", "Forwarding headers"]"""
    key = {
        "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": {"Items": ["Accept-Language"]}},
        "CookiesConfig": {"CookieBehavior": "whitelist", "Cookies": {"Items": ["who"]}},
        "EnableAcceptEncodingGzip": True,
    }
    site = viewer(document([S3], [behavior("s3", policy="own")]), own=policy(**key))
    versions: list[dict[str, str]] = [
        {},
        {"accept_language": "de"},
        {"cookie": "who=me; theme=dark"},
        {"accept_encoding": "gzip, br"},
    ]

    assert [site.seen("/a.html", **each)[2] for each in versions] == ["Miss"] * 4
    assert site.seen("/a.html", cookie="theme=light; who=me")[2] == "Hit"
    site.invalidate("/a.html")
    assert [site.seen("/a.html", **each)[2] for each in versions] == ["Miss"] * 4


def test_legacy_cache_settings_are_read_too():
    site = viewer(document([S3], [behavior("s3", **LEGACY_QUERY)]))

    assert [site.seen(f"/a.html?v={each}")[2] for each in (1, 1, 2)] == ["Miss", "Hit", "Miss"]


def test_where_caching_is_disabled_nothing_is_kept():
    """[using-managed-cache-policies, CachingDisabled]"""
    site = viewer(document([S3], [behavior("s3", policy=DISABLED)]))

    assert [site.seen("/a.html")[2] for _ in range(2)] == ["Miss", "Miss"]


def test_use_origin_cache_control_headers_keeps_what_says_so():
    """[using-managed-cache-policies]: its default TTL is 0."""
    site = viewer(document([S3], [behavior("s3", policy=BY_QUERY)]))
    site.objects.put("b.html", "b1", cache_control="max-age=60")

    assert [site.seen("/a.html")[2] for _ in range(2)] == ["Miss", "Miss"]
    assert [site.seen("/b.html")[2] for _ in range(2)] == ["Miss", "Hit"]


def test_a_404_is_kept_for_ten_seconds_or_as_the_distribution_says():
    """[custom-error-pages-expiration]"""
    short, long = viewer(PLAIN), viewer(document([S3], [behavior("s3")], errors=[error(404, "", 60)]))
    for site, seconds in ((short, 10), (long, 60)):
        assert site.seen("/new.html")[::2] == (404, "Error")
        site.objects.put("new.html", "n1")
        site.now += seconds - 1
        assert site.seen("/new.html")[0] == 404
        site.now += 1
        assert site.seen("/new.html") == (200, "n1", "Miss")


def test_a_403_is_kept_only_where_the_origin_says_for_how_long_or_by_the_worse_reading():
    """[HTTPStatusCodes, "HTTP 4xx status codes that CloudFront caches based on Cache-Control headers"]"""
    for readings, kept in ((Readings(), False), (WORSE, True)):
        site = viewer(PLAIN, readings)
        site.objects.missing = 403
        assert site.seen("/new.html")[0] == 403
        site.objects.put("new.html", "n1")
        assert (site.seen("/new.html")[0] == 403) is kept


def test_a_custom_error_page_is_kept_under_the_path_that_failed():
    """[custom-error-pages]: purging the page's own path does not remove it there."""
    site = viewer(document([S3], [behavior("s3")], errors=[error(404, "/index.html", 300)]))

    assert site.seen("/deep/link") == (200, "i1", "Miss")
    site.objects.put("index.html", "i2")
    site.invalidate("/index.html")
    assert site.seen("/index.html")[:2] == (200, "i2")
    assert site.seen("/deep/link") == (200, "i1", "Hit")
    site.invalidate("/*")
    assert site.seen("/deep/link")[:2] == (200, "i2")


def test_an_error_page_outlives_its_ttl_by_the_worse_reading_alone():
    """aws-behaviour.md, "Error pages": a behavior's TTL can take the error TTL's place."""
    for readings, shown in ((Readings(), "i2"), (WORSE, "i1")):
        site = viewer(document([S3], [behavior("s3")], errors=[error(404, "/index.html", 10)]), readings)
        site.get("/deep/link")
        site.objects.put("index.html", "i2")
        site.invalidate("/index.html")
        site.now += 10
        assert site.seen("/deep/link")[1] == shown


def test_an_error_page_that_is_not_there_answers_with_its_own_status():
    """[custom-error-pages]"""
    site = viewer(document([S3], [behavior("s3")], errors=[error(404, "/gone.html", 10)]))

    assert site.seen("/none")[::2] == (404, "Error")


def test_an_origin_group_asks_the_next_member_at_the_named_codes():
    """[high_availability_origin_failover]"""
    found = document([S3, SITE | {"Id": "site"}], [behavior("both")], groups=[group("both", "s3", "site")])
    site = viewer(found)
    site.objects.put("site/b.html", "b1")

    assert [site.seen(url)[1] for url in ("/a.html", "/b.html")] == ["a1", "b1"]
    site.objects.down = True  # 503 is none of the group's codes
    assert site.seen("/c.html")[0] == 503


def test_a_website_endpoint_has_index_documents_and_an_error_document():
    """S3 user guide, "Website endpoints", "Configuring an index document", "… a custom error document"."""
    site = viewer(document([WEB], [behavior("web")]))
    site.objects.website = Website("index.html", "404.html")
    site.objects.put("docs/index.html", "d1")
    site.objects.put("404.html", "gone")

    assert site.seen("/docs/")[:2] == (200, "d1")
    redirect = site.get("/docs")
    assert (redirect.status, redirect.headers["location"]) == (302, "/docs/")
    assert site.seen("/none")[:2] == (404, "gone")


def test_a_viewer_request_rewrite_is_what_is_cached_by_and_an_origin_request_is_not():
    """aws-behaviour.md, "Distributions": the rewritten URI is the key; behind the cache, the viewer's."""
    arn = "arn:aws:cloudfront::1:function/clean-urls"
    for event, names in (("viewer-request", "/about.html"), ("origin-request", "/about")):
        functions = listed([{"FunctionARN": arn, "EventType": event}])
        site = viewer(document([S3], [behavior("s3", FunctionAssociations=functions)]))
        site.objects.put("about.html", "p1")

        assert site.seen("/about")[:2] == (200, "p1")
        assert site.edge.locations["FRA56"].purge("E1", ["/about", "/about.html"]) == [names]


def test_cache_tags_purge_what_carries_them_where_the_distribution_has_them():
    """Announcement of cache tags, 2026-04 (aws-behaviour.md, "Distributions")."""
    found = document([S3], [behavior("s3")])
    tagged = document([S3], [behavior("s3")])
    tagged["Distribution"]["DistributionConfig"]["CacheTagConfig"] = {"HeaderName": "X-Amz-Meta-Tags"}
    for made, seen in ((found, "Hit"), (tagged, "Miss")):
        site = viewer(made)
        site.objects.put("a.html", "a1", x_amz_meta_tags="news, front")
        site.get("/a.html")
        site.get("/index.html")
        site.invalidate("#news")
        assert (site.seen("/a.html")[2], site.seen("/index.html")[2]) == (seen, "Hit")


def test_a_tenant_is_served_by_its_parameters_and_purged_by_its_own_id():
    """aws-behaviour.md, "Distributions", multi-tenant."""
    found = document([origin("s3", "{{bucket}}.s3.us-east-1.amazonaws.com", "/{{folder}}")], [behavior("s3")])
    shared = distribution(found)
    definitions = [{"Name": "bucket", "Definition": {"StringSchema": {"DefaultValue": "b"}}}]
    tenant = {
        "Id": "dt_1",
        "Domains": [{"Domain": "Shop.example.org"}],
        "Parameters": [{"Name": "folder", "Value": "shop"}],
    }
    site = Viewer(tenant_of(shared, tenant, definitions))
    site.objects.put("shop/a.html", "s1")

    assert site.seen("/a.html")[1] == "s1"
    site.objects.put("shop/a.html", "s2")
    site.edge.invalidate("E1", "I1", ["/*"])
    site.now += 25
    assert site.seen("/a.html")[1] == "s1"
    site.invalidate("/a.html")
    assert site.seen("/a.html")[1] == "s2"
    assert site.edge.host("shop.example.org") == (site.distribution, "FRA56")


@pytest.mark.parametrize(
    ("path", "purged"),
    [
        # By the page invalidation-specifying-objects.
        ("/a.html", True),
        ("/A.html", False),
        ("/a.html?v=1", False),
        ("/a*", True),
        ("/*", True),
        ("/%61.html", False),
        ("/a.htm", False),
    ],
)
def test_what_an_invalidation_path_names(path, purged):
    site = viewer(PLAIN)
    site.get("/a.html")
    site.invalidate(path)

    assert (site.seen("/a.html")[2] == "Miss") is purged


def test_a_tilde_cannot_be_named():
    """[invalidation-specifying-objects]: `~` is unsupported."""
    site = viewer(PLAIN)
    site.objects.put("a~b", "t1")
    for url in ("/a~b", "/a%7Eb"):
        site.get(url)
    site.invalidate("/a~b", "/a%7Eb")
    assert [site.seen(url)[2] for url in ("/a~b", "/a%7Eb")] == ["Hit", "Hit"]
    site.invalidate("/a*")
    assert [site.seen(url)[2] for url in ("/a~b", "/a%7Eb")] == ["Miss", "Miss"]


@pytest.mark.parametrize(
    "unusual",
    [
        {"TrustedKeyGroups": {"Enabled": True}},
        {"TrustedSigners": {"Enabled": True}},
        {"SmoothStreaming": True},
        {"FieldLevelEncryptionId": "F1"},
        {"GrpcConfig": {"Enabled": True}},
        {
            "FunctionAssociations": listed(
                [{"FunctionARN": "arn:…:function/mine", "EventType": "viewer-request"}]
            )
        },
        {"policy": "nobody-knows-it"},
        {"policy": "", "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "some"}}},
        {"policy": "", "ForwardedValues": {"QueryString": False}, "MinTTL": "60"},
        {"policy": "", "ForwardedValues": {"QueryString": False}, "MaxTTL": -1},
        {"policy": "", "ForwardedValues": {"QueryString": False}, "DefaultTTL": float("nan")},
        {"policy": ""},
        {"ViewerProtocolPolicy": "quic-only"},
        {
            "FunctionAssociations": listed(
                [{"FunctionARN": "…:function/headers", "EventType": "viewer-dream"}]
            )
        },
        {"FunctionAssociations": listed([{"FunctionARN": "…:function/headers"}])},
        {
            "FunctionAssociations": listed(
                [
                    {"FunctionARN": f"…:function/{name}", "EventType": "viewer-request"}
                    for name in ("headers", "clean-urls")
                ]
            )
        },
        {"TargetOriginId": "nowhere"},
        {"TargetOriginId": "by-quality"},
        {"TargetOriginId": "of-nobody"},
    ],
)
def test_what_is_not_modelled_is_said_and_never_guessed(unusual):
    groups = [
        group("by-quality", "s3", "s3") | {"SelectionCriteria": "media-quality-based"},
        group("of-nobody", "s3", "nowhere"),
    ]
    made = {"target": "s3", "pattern": "/x/*", **unusual}
    made = {"target": made.pop("TargetOriginId", made["target"])} | {
        k: v for k, v in made.items() if k != "target"
    }
    site = viewer(document([S3], [behavior(**made), behavior("s3")], groups=groups))

    assert site.seen("/a.html")[0] == 200
    with pytest.raises(NotModelledError):
        site.get("/x/a.html")


@pytest.mark.parametrize(
    "unusual",
    [
        {"Staging": True},
        {"WebACLId": "arn:waf"},
        {"ContinuousDeploymentPolicyId": "C1"},
        {"Restrictions": {"GeoRestriction": {"RestrictionType": "blacklist"}}},
        {"ConnectionMode": "tenant-only"},
        {"ConnectionMode": "mesh"},
        {"CacheBehaviors": listed([behavior("s3")])},
        {"CustomErrorResponses": listed([{"ErrorCode": "none"}])},
        {"CustomErrorResponses": listed([{"ErrorCode": 404, "ErrorCachingMinTTL": "long"}])},
        {"Origins": {"Quantity": 0}},
        {"DefaultCacheBehavior": None},
    ],
)
def test_nor_is_a_whole_distribution(unusual):
    found = document([S3], [behavior("s3")])
    found["Distribution"]["DistributionConfig"] |= unusual
    with pytest.raises(NotModelledError):
        viewer(found).get("/a.html")


@pytest.mark.parametrize(
    "unusual",
    [
        {"QueryStringsConfig": {"QueryStringBehavior": "sorted"}},
        {"CookiesConfig": {"CookieBehavior": "some"}},
        {"HeadersConfig": {"HeaderBehavior": "allExcept", "Headers": {"Items": ["Accept"]}}},
        {"HeadersConfig": {"HeaderBehavior": "all"}},
        {"minimum": "0"},
        {"default": True},
        {"maximum": float("inf")},
    ],
)
def test_a_cache_policy_of_another_kind_is_not_read(unusual):
    with pytest.raises(MALFORMED):
        read_cache_policy(policy(**unusual))
    with pytest.raises(MALFORMED):
        read_cache_policy({"Name": "p"})


def test_a_tenant_is_not_guessed_either():
    """A parameter that nobody gives, what its distribution has beside, and what cannot be read."""
    found = document([origin("s3", "{{bucket}}.s3.us-east-1.amazonaws.com")], [behavior("s3")])
    found["Distribution"]["DistributionConfig"] |= {"ConnectionMode": "tenant-only"}
    tenant = {"Id": "dt_1", "Parameters": [{"Name": "bucket", "Value": "b"}]}
    assert Viewer(tenant_of(distribution(found), tenant, [])).seen("/a.html")[0] == 404
    for given in ({"Parameters": []}, {"Parameters": [{"Name": "bucket"}]}, {"Domains": [{}]}):
        with pytest.raises(NotModelledError):
            Viewer(tenant_of(distribution(found), tenant | given, [])).get("/a.html")
    found["Distribution"]["DistributionConfig"] |= {"WebACLId": "arn:waf"}
    with pytest.raises(NotModelledError):
        Viewer(tenant_of(distribution(found), tenant, [])).get("/a.html")


def test_methods_and_disabled_distributions_are_refused():
    site = viewer(PLAIN)
    assert site.seen("/a.html", method="POST")[0] == 403
    every = listed(["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"])
    assert viewer(document([S3], [behavior("s3", AllowedMethods=every)])).seen("/a", method="POST")[0] == 501
    assert viewer(document([S3], [behavior("s3")], enabled=False)).seen("/a.html")[0] == 403


def test_what_is_fetched_while_its_invalidation_arrives_is_kept_by_the_worse_reading_alone():
    for readings, shown in ((Readings(), "a2"), (WORSE, "a1")):
        site = viewer(PLAIN, readings)
        steps = site.edge.begin(site.distribution, "FRA56", Request("/a.html")).steps
        question = next(steps)
        told = site.objects.told(question)
        site.objects.put("a.html", "a2")
        site.invalidate("/a.html")
        site.seen("/b.html")  # whoever comes lets it arrive
        with pytest.raises(StopIteration):
            steps.send(told)
        assert site.seen("/a.html")[1] == shown
