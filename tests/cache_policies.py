"""A cache policy's configuration, as CloudFront takes it and gives it back."""

from typing import Any


def cache_policy_config(name: str, query_strings: str) -> dict[str, Any]:
    return {
        "Name": name,
        "MinTTL": 1,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingGzip": True,
            "HeadersConfig": {"HeaderBehavior": "none"},
            "CookiesConfig": {"CookieBehavior": "none"},
            "QueryStringsConfig": {"QueryStringBehavior": query_strings},
        },
    }
