"""Who serves which bucket, as the last surveys wrote it to the table: what the worker itself routes by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from infra.cli.deployed import Deployed
from infra.cli.errors import in_words
from infra.cli.printing import instant
from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.paths.behavior_wildcards import outermost
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.routing.target import TargetRoutes
from invalidator.failures import TableUnavailable

NO_SURVEY = "no survey of the distributions has completed yet; start one: invalidator route refresh"


def as_of_text(as_of: float, survey_minutes: int | None = None) -> str:
    """Say as of when the routing is what CloudFront has, and when CloudFront is asked again where that is known.

    Args:
        as_of: when the last complete survey began, epoch seconds; 0 for never.
        survey_minutes: minutes between two surveys.
    """
    if not as_of:
        return NO_SURVEY
    text = f"as of {instant(as_of)}, the last complete survey"
    if survey_minutes is None:
        return text
    return f"{text};\nasked again at {instant(as_of + 60 * survey_minutes)}, or now by: invalidator route refresh"


@dataclass(frozen=True, slots=True)
class Serving:
    """Who serves which bucket, as far as the table tells these credentials.

    Attributes:
        targets: distribution id → its routing.
        as_of: when the last complete survey began, epoch seconds; 0 where none has completed.
        unreadable: why nothing of this can be read; "" where it can.
    """

    targets: Mapping[str, TargetRoutes] = field(default_factory=dict)
    as_of: float = 0.0
    unreadable: str = ""

    def of_bucket(self, bucket: str) -> tuple[Distribution, ...]:
        """Return the routes that lead to a bucket, those of disabled distributions among them."""
        return tuple(route for target in self.targets.values() for route in _leading(target, bucket))

    def unknown(self, bucket: str, changed: float) -> str:
        """Say why nobody can tell whether nobody serves a bucket that changed then (epoch seconds); "" where one can.

        As the worker has it: only a complete survey that began after the change can tell that.
        """
        if self.unreadable or self.of_bucket(bucket):
            return self.unreadable
        return self.unsure(changed)

    def unsure(self, changed: float) -> str:
        """Say why what the table lacks may be there since `changed` (epoch seconds) all the same; "" where not."""
        if self.unreadable:
            return self.unreadable
        if not self.as_of:
            return NO_SURVEY
        if self.as_of < changed:
            return (
                f"the last survey of the distributions is of {instant(self.as_of)}; "
                "start one with: invalidator route refresh"
            )
        return ""


def find_serving(deployed: Deployed) -> Serving:
    """Read who serves what; where the table cannot be read, the answer says so.

    Raises CommandError where there is no stack.
    """
    try:
        found = list(deployed.routes.all_routes())
        return Serving(
            {routes.target: routes for routes, _ in found}, deployed.routes.survey_state().completed
        )
    except TableUnavailable as error:
        return Serving(unreadable=f"the table cannot be read: {in_words(error)}")


def routers(routes: Sequence[Distribution], bucket: str, settings: RoutingSettings) -> list[Router]:
    """Return one for each of the routes, for a bucket."""
    return [Router(each, bucket, settings) for each in routes]


def floors(target: TargetRoutes, settings: RoutingSettings) -> tuple[str, ...]:
    """Return how wide wildcards for a distribution have to be at most: what leads to its buckets."""
    return outermost(
        path
        for bucket in target.buckets
        for router in routers(_leading(target, bucket), bucket, settings)
        for path in router.floors()
    )


def _leading(target: TargetRoutes, bucket: str) -> tuple[Distribution, ...]:
    return tuple(route for route in target.routes if any(origin.bucket == bucket for origin in route.origins))
