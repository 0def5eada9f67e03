"""Values that the table's tests remember."""

from datetime import UTC, datetime

from invalidator.core.limits.pace import Pace
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.target import TargetRoutes
from invalidator.core.sent import Sent
from invalidator.core.target_state import TargetState

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
TABLE = "memory"
PACE = Pace(250, 3, 2.0, NOW)
SITE = Distribution(
    "E1",
    (Origin("s3", "site.s3.amazonaws.com", "site", "/docs", website=True, prefix="docs/"),),
    (
        Behavior("*.html", ("s3",), query_strings=True, viewer_function=True, origin_function="arn:1"),
        Behavior("*", ("s3",)),
    ),
    root_object="index.html",
    aliases=("www.example.org",),
    role="arn:aws:iam::222233334444:role/cdn",
    unknown_policies=("p-1",),
)
STATE = TargetState(
    settled={"bucket:site": 17, "target:E1": 3},
    routing="v7",
    pace=PACE,
    sent=NOW - 3.25,
    answered=NOW - 5.001,
    failing_since=NOW - 100,
    not_before=NOW + 2.5,
    ticket=41,
    reason="its turn comes",
)


def routes(target: str = "E1", version: str = "v1") -> TargetRoutes:
    return TargetRoutes(target, (SITE,), version, NOW, NOW - 60, {"/docs/*": NOW - 60, "/*": NOW - 1.125})


def sent(identifier: str = "I1", created: float = NOW, *paths: str, distribution: str = "E1") -> Sent:
    return Sent(distribution, identifier, created, paths or ("/a", "/b/*"))
