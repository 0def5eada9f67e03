"""Distributions as CloudFront describes them: what makes such documents, and those that the table of cases is about."""

from typing import Any

from invalidator.core.routing.documents.distribution_config import CachePolicy

OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
BY_QUERY = "4cc15a8a-d715-48a4-82b8-cc0b614638fe"
DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
OWN_BY_QUERY = "11111111-2222-4333-8444-555555555555"
UNREAD = "99999999-8888-4777-8666-555555555555"
CACHE_POLICIES = {OWN_BY_QUERY: CachePolicy(query_strings=True)}


def origin(identifier: str, domain: str, path: str = "") -> dict[str, Any]:
    return {"Id": identifier, "DomainName": domain, "OriginPath": path, "CustomHeaders": {"Quantity": 0}}


def behavior(target: str, pattern: str | None = None, policy: str = OPTIMIZED, **more: Any) -> dict[str, Any]:
    found = {"TargetOriginId": target, "ViewerProtocolPolicy": "https-only", "CachePolicyId": policy, **more}
    return found if pattern is None else {"PathPattern": pattern, **found}


def listed(items: list[Any]) -> dict[str, Any]:
    return {"Quantity": len(items), "Items": items} if items else {"Quantity": 0}


def function(event: str, arn: str = "arn:aws:cloudfront::1:function/f") -> dict[str, Any]:
    named = "LambdaFunctionARN" if ":lambda:" in arn else "FunctionARN"
    return listed([{named: arn, "EventType": event}])


def document(
    origins: list[dict[str, Any]],
    behaviors: list[dict[str, Any]],
    *,
    root: str = "",
    enabled: bool = True,
    groups: list[dict[str, Any]] | None = None,
    errors: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """What `aws cloudfront get-distribution` prints; the last behavior is the default one."""
    return {
        "ETag": "E2QWRUHEXAMPLE",
        "Distribution": {
            "Id": "E1",
            "ARN": "arn:aws:cloudfront::1:distribution/E1",
            "Status": "Deployed",
            "DomainName": "d111111abcdef8.cloudfront.net",
            "DistributionConfig": {
                "CallerReference": "r",
                "Aliases": {"Quantity": 1, "Items": ["www.example.org"]},
                "DefaultRootObject": root,
                "Origins": listed(origins),
                "OriginGroups": listed(groups or []),
                "DefaultCacheBehavior": behaviors[-1],
                "CacheBehaviors": listed(behaviors[:-1]),
                "CustomErrorResponses": listed(errors or []),
                "Enabled": enabled,
                "Staging": False,
            },
        },
    }


def error(code: int, page: str, seconds: int | None = 300) -> dict[str, Any]:
    made: dict[str, Any] = {
        "ErrorCode": code,
        "ResponsePagePath": page,
        "ResponseCode": "200" if page else "",
    }
    return made if seconds is None else made | {"ErrorCachingMinTTL": seconds}


def group(identifier: str, *members: str) -> dict[str, Any]:
    return {
        "Id": identifier,
        "FailoverCriteria": {"StatusCodes": {"Quantity": 2, "Items": [403, 404]}},
        "Members": listed([{"OriginId": member} for member in members]),
    }


S3 = origin("s3", "b.s3.eu-west-1.amazonaws.com")
SITE = origin("s3", "b.s3.eu-west-1.amazonaws.com", "/site")
WEB = origin("web", "b.s3-website-us-east-1.amazonaws.com")
ALB = origin("alb", "lb-1.eu-west-1.elb.amazonaws.com")
LEGACY_QUERY = {
    "CachePolicyId": None,
    "ForwardedValues": {"QueryString": True, "Cookies": {"Forward": "none"}},
}
LEGACY_PLAIN = {
    "CachePolicyId": None,
    "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
}
LEAD = "arn:aws:lambda:us-east-1:1:function:lead:7"
REWRITE = {"FunctionAssociations": function("viewer-request")}

DISTRIBUTIONS: dict[str, dict[str, Any]] = {
    "plain": document([S3], [behavior("s3")]),
    "disabled": document([S3], [behavior("s3")], enabled=False),
    "root": document([S3], [behavior("s3")], root="index.html"),
    "root in a folder": document([S3], [behavior("s3")], root="app/start.html"),
    "root below an origin path": document([SITE], [behavior("s3")], root="index.html"),
    "origin path": document([SITE], [behavior("s3")]),
    "deep origin path": document([origin("s3", "b.s3.amazonaws.com", "/a/b")], [behavior("s3")]),
    "two origins": document(
        [SITE, origin("old", "b.s3.amazonaws.com", "/old")], [behavior("old", "/v1/*"), behavior("s3")]
    ),
    "nested origins": document(
        [S3, origin("deep", "b.s3.amazonaws.com", "/site")], [behavior("s3", "/site/*"), behavior("deep")]
    ),
    "unused origin": document([S3, ALB], [behavior("alb")]),
    "group": document([ALB, S3], [behavior("both")], groups=[group("both", "alb", "s3")]),
    "website": document([WEB], [behavior("web")]),
    "website below": document(
        [origin("web", "b.s3-website.eu-central-1.amazonaws.com", "/site")], [behavior("web")]
    ),
    "api elsewhere": document(
        [S3, ALB], [behavior("alb", "/api/*"), behavior("alb", "*.php"), behavior("s3")]
    ),
    "assets only": document(
        [S3, ALB], [behavior("s3", "assets/*"), behavior("s3", "*.jpg"), behavior("alb")]
    ),
    "first wins": document(
        [S3, ALB], [behavior("alb", "/img/private/*"), behavior("s3", "/img/*"), behavior("alb")]
    ),
    "one character": document([S3, ALB], [behavior("s3", "/page?.html"), behavior("alb")]),
    "many stars": document([S3, ALB], [behavior("s3", "/*/img/*.p?g"), behavior("alb")]),
    "encoded pattern": document([S3, ALB], [behavior("s3", "/a%20b/*"), behavior("alb")]),
    "directory only": document([WEB, ALB], [behavior("web", "/docs/"), behavior("alb")]),
    "root elsewhere": document([S3, ALB], [behavior("alb", "/"), behavior("s3")], root="index.html"),
    "only the root": document([S3, ALB], [behavior("s3", "/"), behavior("alb")], root="index.html"),
    "website with a root": document([WEB], [behavior("web")], root="index.html"),
    "by query": document([S3], [behavior("s3", policy=BY_QUERY)]),
    "own policy by query": document([S3], [behavior("s3", policy=OWN_BY_QUERY)]),
    "unread policy": document([S3], [behavior("s3", policy=UNREAD)]),
    "legacy by query": document([S3], [behavior("s3", **LEGACY_QUERY)]),
    "legacy plain": document([S3], [behavior("s3", **LEGACY_PLAIN)]),
    "partly by query": document([S3], [behavior("s3", "/q/*", BY_QUERY), behavior("s3")]),
    "root by query": document([S3], [behavior("s3", policy=BY_QUERY)], root="index.html"),
    "website by query": document([WEB], [behavior("web", policy=BY_QUERY)]),
    "rewriting": document([S3, ALB], [behavior("s3", "/static/*", **REWRITE), behavior("alb")]),
    "rewriting by query": document(
        [S3, ALB], [behavior("s3", "/static/*", BY_QUERY, **REWRITE), behavior("s3", "/p/*"), behavior("alb")]
    ),
    "rewriting elsewhere": document([S3, ALB], [behavior("s3", "/static/*"), behavior("alb", **REWRITE)]),
    "rewriting at the origin": document(
        [S3, ALB],
        [
            behavior("s3", "/static/*", LambdaFunctionAssociations=function("origin-request")),
            behavior("alb"),
        ],
    ),
    "changing headers": document(
        [S3, ALB],
        [behavior("s3", "/static/*", FunctionAssociations=function("viewer-response")), behavior("alb")],
    ),
    "another bucket": document([origin("s3", "b-2.s3.amazonaws.com")], [behavior("s3")]),
    "a longer bucket": document([origin("s3", "a.b.s3.amazonaws.com")], [behavior("s3")]),
    "hidden": document([origin("s3", "b-x1y2-s3alias.s3.eu-west-1.amazonaws.com")], [behavior("s3")]),
    "path style": document([origin("s3", "s3.eu-west-1.amazonaws.com", "/b")], [behavior("s3")]),
    "path style below": document([origin("s3", "s3-eu-west-1.amazonaws.com", "/b/site")], [behavior("s3")]),
    "path style of another": document([origin("s3", "s3.amazonaws.com", "/bb")], [behavior("s3")]),
    "path style of any": document([origin("s3", "s3.amazonaws.com")], [behavior("s3")]),
    "escaped origin path": document([origin("s3", "b.s3.amazonaws.com", "/my%20site")], [behavior("s3")]),
    "not cached": document([S3], [behavior("s3", policy=DISABLED)], root="index.html"),
    "legacy not cached": document([S3], [behavior("s3", **LEGACY_PLAIN, MaxTTL=0)]),
    "legacy cached a second": document([S3], [behavior("s3", **LEGACY_PLAIN, MaxTTL=1)]),
    "partly not cached": document([S3], [behavior("s3", "/live/*", DISABLED), behavior("s3")]),
    "not cached and rewriting": document(
        [S3, ALB], [behavior("s3", "/live/*", DISABLED, **REWRITE), behavior("alb")]
    ),
    "spa": document(
        [S3],
        [behavior("s3")],
        root="index.html",
        errors=[error(403, "/index.html"), error(404, "/index.html")],
    ),
    "spa of a second": document(
        [S3], [behavior("s3")], root="index.html", errors=[error(404, "/index.html", 1)]
    ),
    "spa of ten seconds": document(
        [S3], [behavior("s3")], root="index.html", errors=[error(404, "/index.html", None)]
    ),
    "spa of thirty seconds": document(
        [S3], [behavior("s3")], root="index.html", errors=[error(404, "/index.html", 30)]
    ),
    "spa below": document(
        [SITE], [behavior("s3")], root="index.html", errors=[error(404, "/index.html", 86400)]
    ),
    "spa with the root as its page": document(
        [S3], [behavior("s3")], root="index.html", errors=[error(403, "/", 300)]
    ),
    "shop": document(
        [S3, ALB],
        [behavior("s3", "/shop/*"), behavior("s3", "/errors/*"), behavior("alb")],
        errors=[error(404, "/errors/404.html"), error(500, "/errors/a%20b.html", 60)],
    ),
    "error page elsewhere": document(
        [S3, ALB], [behavior("alb", "/errors/*"), behavior("s3")], errors=[error(404, "/errors/404.html")]
    ),
    "error page not cached itself": document(
        [S3], [behavior("s3", "/404.html", DISABLED), behavior("s3")], errors=[error(404, "/404.html")]
    ),
    "spa not cached": document(
        [S3], [behavior("s3", policy=DISABLED)], root="index.html", errors=[error(403, "/index.html")]
    ),
    "spa of a second, not cached": document(
        [S3], [behavior("s3", policy=DISABLED)], root="index.html", errors=[error(403, "/index.html", 1)]
    ),
    "errors of a day, not cached": document(
        [S3], [behavior("s3", policy=DISABLED)], errors=[error(404, "", 86400)]
    ),
    "error page without a slash": document([S3], [behavior("s3")], errors=[error(404, "404.html")]),
    "errors without a page": document([S3], [behavior("s3")], errors=[error(404, "", 86400)]),
    "website keeping its errors": document([WEB], [behavior("web")], errors=[error(404, "", 86400)]),
    "website with another page": document(
        [WEB], [behavior("web")], errors=[error(404, "/other.html", 1), error(403, "/other.html", 1)]
    ),
    "clean": document([S3], [behavior("s3", **REWRITE)], root="index.html"),
    "clean at the origin": document(
        [S3], [behavior("s3", LambdaFunctionAssociations=function("origin-request"))], root="index.html"
    ),
    "clean by query": document([S3], [behavior("s3", policy=BY_QUERY, **REWRITE)]),
    "clean in part": document([S3], [behavior("s3", "/docs/*", **REWRITE), behavior("s3")]),
    "clean elsewhere": document([S3, ALB], [behavior("alb", "/app/*", **REWRITE), behavior("s3")]),
    "clean below": document([SITE], [behavior("s3", **REWRITE)]),
    "install": document([S3], [behavior("s3")], root="install/index.html"),
    "install elsewhere": document(
        [S3, ALB], [behavior("alb", "/install/"), behavior("s3")], root="install/a.htm"
    ),
    "per tenant": document([origin("s3", "b.s3.amazonaws.com", "/{{tenant}}")], [behavior("s3")]),
}
