"""Why a key has the viewer paths it has: what `invalidator explain` shows."""

from dataclasses import dataclass

from invalidator.core.routing.distribution import Origin
from invalidator.core.routing.paths.behavior_rules import Reach


@dataclass(frozen=True, slots=True)
class PathVerdict:
    """Why a viewer path is sent, or not.

    Attributes:
        path: the viewer path, decoded.
        meaning: what the path is to the object: "the object itself", "the default root object", …
        pattern: the pattern of the cache behavior that takes the path; None where none does.
        reach: whether the path reaches the origin, and how it is cached.
        rewritten: it reaches the origin only because a function may rewrite other paths into it.
        sent: the invalidation paths that follow, as CloudFront gets them.
    """

    path: str
    meaning: str
    pattern: str | None
    reach: Reach
    rewritten: bool
    sent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OriginVerdict:
    """What one origin of the distribution has to do with the object.

    Attributes:
        origin: the origin.
        refusal: why the origin cannot serve the key, one line for people; "" when it can.
        paths: the viewer paths that name the object at this origin; empty on a refusal.
    """

    origin: Origin
    refusal: str
    paths: tuple[PathVerdict, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that decides about a key in a distribution; `paths` is what `Router.paths` gives."""

    distribution: str
    key: str
    paths: tuple[str, ...]
    origins: tuple[OriginVerdict, ...]
