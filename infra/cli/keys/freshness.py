"""Whether a viewer path was invalidated after its object changed, by what the worker remembers. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from invalidator.core.sent import Coverage, Sent


@dataclass(frozen=True, slots=True)
class Freshness:
    """What is known of a key's paths in one distribution.

    Attributes:
        covering: for each path, the newest invalidation that covers it, None where none is remembered.
        changed: when the object changed, epoch seconds; None where that is not known.
        fresh: whether the worker counts each path as covered since then: it would send none of them again.
    """

    covering: dict[str, Sent | None]
    changed: float | None
    fresh: bool

    @property
    def state(self) -> str:
        """`covered`, `waiting` (changed since, or never invalidated), or `unknown` where the change is not known."""
        if self.changed is None:
            return "unknown"
        return "covered" if self.fresh else "waiting"

    @property
    def oldest(self) -> Sent | None:
        """The invalidation that the key's freshness hangs on; None where a path was never invalidated."""
        known = [sent for sent in self.covering.values() if sent is not None]
        if not known or len(known) < len(self.covering):
            return None
        return min(known, key=lambda sent: sent.created)


def freshness(paths: Iterable[str], sent: Sequence[Sent], changed: float | None) -> Freshness:
    """Find for each path the newest invalidation that covers it.

    Args:
        paths: the key's viewer paths in a distribution.
        sent: the distribution's invalidations that are remembered.
        changed: when the object changed, epoch seconds; None where that is not known.
    """
    named = tuple(paths)
    newest_first = [Coverage((each,)) for each in sorted(sent, key=lambda each: each.created, reverse=True)]
    always = float("-inf")
    covering = {
        path: next((found for each in newest_first if (found := each.covering(path, always))), None)
        for path in named
    }
    fresh = changed is not None and not Coverage(sent).uncovered(dict.fromkeys(named, (changed, changed)))
    return Freshness(covering, changed, fresh)
