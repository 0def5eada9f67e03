"""All routings of one bucket to one target, asked as one: what the survey found, and what each pin adds."""

from collections.abc import Iterable
from dataclasses import dataclass

from invalidator.core.routing.paths.behavior_wildcards import outermost
from invalidator.core.routing.paths.viewer_paths import Router


@dataclass(frozen=True, slots=True)
class JoinedRouter:
    """Routers of the same distribution or tenant; a key's paths are those of all.

    Attributes:
        routers: one or more.
    """

    routers: tuple[Router, ...]

    def paths(self, key: str) -> tuple[str, ...]:
        """The paths to invalidate when this key changed, each once."""
        if len(self.routers) == 1:
            return self.routers[0].paths(key)
        return tuple(dict.fromkeys(path for router in self.routers for path in router.paths(key)))

    def paths_if_new(self, key: str) -> tuple[str, ...]:
        """The paths to invalidate when an object appeared under a key that was none before."""
        return tuple(dict.fromkeys(path for router in self.routers for path in router.paths_if_new(key)))

    def below(self, prefix: str) -> tuple[str, ...]:
        """The paths to invalidate when any key that begins so may have changed."""
        return outermost(path for router in self.routers for path in router.below(prefix))

    def floors(self) -> tuple[str, ...]:
        """What no wildcard has to reach above."""
        return floors_of(self.routers)

    def serves(self, key: str) -> bool:
        """Whether a viewer can see the key, cached or not."""
        return any(router.serves(key) for router in self.routers)

    def error_page(self, key: str) -> str:
        """Why a change of the key purges all that its behaviors cache; "" where it does not."""
        return next((page for router in self.routers if (page := router.error_page(key))), "")


def floors_of(routers: Iterable[Router]) -> tuple[str, ...]:
    """The floors of several routers, of one bucket or of several, of one target."""
    return outermost(floor for router in routers for floor in router.floors())
