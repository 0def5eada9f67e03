"""Values that the memory's tests remember."""

from datetime import UTC, datetime

from invalidator.core.limits.pace import Pace
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.sent import Sent

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
TABLE = "memory"
PACE = Pace(250, 3, 2.0, NOW)
SITE = Distribution(
    "E1",
    (Origin("s3", "site.s3.amazonaws.com", "site", "/docs", website=True, prefix="docs/"),),
    (Behavior("*.html", ("s3",), query_strings=True, rewrites=True), Behavior("*", ("s3",))),
    root_object="index.html",
    aliases=("www.example.org",),
    role="arn:aws:iam::222233334444:role/cdn",
    unknown_policies=("p-1",),
)


def sent(identifier: str = "I1", created: float = NOW, *paths: str, distribution: str = "E1") -> Sent:
    return Sent(distribution, identifier, created, paths or ("/a", "/b/*"))
