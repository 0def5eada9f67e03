"""A target: what one CreateInvalidation call names, with its routing as the survey learned it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from invalidator.core.routing.distribution import Distribution


@dataclass(frozen=True, slots=True)
class TargetRoutes:
    """Who serves what under a target.

    Attributes:
        target: its id: a distribution's.
        routes: its routing; several where several pins name the distribution, judged together. Empty where it serves
            nothing any more.
        version: changes whenever the routing does.
        learned: when CloudFront said so, epoch seconds.
        reroute_since: the routing changed, and changes since then (epoch seconds) are to be routed again by it; None
            where none are.
        purge: wildcards for content that moved behind unchanged keys, with the time it moved at.
    """

    target: str
    routes: tuple[Distribution, ...]
    version: str
    learned: float
    reroute_since: float | None = None
    purge: Mapping[str, float] = field(default_factory=dict)

    @property
    def buckets(self) -> tuple[str, ...]:
        """The buckets that it serves, sorted."""
        return tuple(
            sorted({origin.bucket for route in self.routes for origin in route.origins if origin.bucket})
        )

    @property
    def role(self) -> str | None:
        """The role to ask its account with, None for the worker's own."""
        return next((route.role for route in self.routes if route.role), None)
