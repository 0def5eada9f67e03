"""Checks what the demo claims, without the worker's own mapping: each change was covered by a later invalidation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from infra.local.cloudfront.gate import Seen


@dataclass(frozen=True, slots=True)
class Changed:
    """One object that the demo wrote or removed; `at` is when S3 did so, epoch seconds."""

    key: str
    at: float


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A change that a viewer of one distribution may not see."""

    distribution: str
    key: str
    at: float


def uncovered(
    changes: Iterable[Changed], origin_paths: Mapping[str, str], seen: Iterable[Seen]
) -> list[Uncovered]:
    """Return every change that no later invalidation of its distribution covers.

    Args:
        changes: what was written or removed.
        origin_paths: distribution id → its OriginPath ("" or "/prefix"). A key outside it is not served there.
        seen: the calls that reached CloudFront; those it refused count for nothing.
    """
    changed, calls = list(changes), list(seen)
    missing = []
    for distribution, origin_path in origin_paths.items():
        times = fresh_times(changed, distribution, origin_path, calls)
        missing += [
            Uncovered(distribution, change.key, change.at) for change, fresh in times.items() if fresh is None
        ]
    return missing


def fresh_times(
    changes: Iterable[Changed], distribution: str, origin_path: str, seen: Iterable[Seen]
) -> dict[Changed, float | None]:
    """Return, for each change the distribution serves, when it was first invalidated after it; None for never."""
    created: dict[str, list[float]] = {}
    for each in seen:
        if each.invalidation and not each.repeat and each.distribution == distribution:
            for path in each.paths:
                created.setdefault(unquote(path), []).append(each.at)
    folder = origin_path.removeprefix("/") + "/" if origin_path else ""
    return {
        change: _first_after(change.at, "/" + change.key.removeprefix(folder), created)
        for change in changes
        if change.key.startswith(folder)
    }


def _first_after(at: float, path: str, created: Mapping[str, list[float]]) -> float | None:
    """When the path was first invalidated after `at`: by itself or by a wildcard above it."""
    names = (path, *(path[:end] + "*" for end in range(1, len(path) + 1)))
    later = [time for name in names for time in created.get(name, ()) if time >= at]
    return min(later, default=None)
