"""A target: what one CreateInvalidation call names, with its routing as the survey learned it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from invalidator.core.routing.distribution import Distribution

IN_PROGRESS = "InProgress"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the survey keeps of a target beside its routing, for its next round.

    Attributes:
        etag: its ETag when it was asked; "" where not known.
        modified: its LastModifiedTime then, epoch seconds; 0 where not known.
        status: `Deployed` or `InProgress`; "" where not known.
        basis: a digest of all else that its routing was made of: settings, pins, what this version reads.
        earlier: how many of its routes, at the end, are those that edges may still hold until it is deployed.
        again: wildcards to be sent again once it is deployed.
        left: buckets that it served and does not any more, and whose lists may still name it.
        told: whether its buckets' lists are written and it was woken, so that nothing of the change is left to do.
        doubt: why it could not be read at the last survey, so that its routing is the one of before; "" where it could.
    """

    etag: str = ""
    modified: float = 0.0
    status: str = ""
    basis: str = ""
    earlier: int = 0
    again: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    told: bool = False
    doubt: str = ""


NOT_SEEN = Seen()


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
        """The buckets that it serves, sorted; a disabled distribution serves none."""
        return tuple(
            sorted(
                {
                    origin.bucket
                    for route in self.routes
                    if route.enabled
                    for origin in route.origins
                    if origin.bucket
                }
            )
        )

    @property
    def role(self) -> str | None:
        """The role to ask its account with, None for the worker's own."""
        return next((route.role for route in self.routes if route.role), None)
