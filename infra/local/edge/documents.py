"""Reading what the SDK gives: what is not as this edge knows it is said, never guessed."""

import math
from collections.abc import Collection, Mapping
from typing import Any

# What reading a document of another shape than the one that is known raises.
MALFORMED = (AttributeError, KeyError, TypeError, ValueError)


def said(error: BaseException) -> str:
    """Return what a `MALFORMED` error says, for people."""
    return f"there is no {error}" if isinstance(error, KeyError) else str(error)


def one_of(found: Mapping[str, Any], name: str, kinds: Collection[str], default: str) -> str:
    """Return a choice; `default` where it is left out. Raises ValueError for a kind that is not known."""
    kind = found.get(name)
    if kind is None:
        return default
    if kind not in kinds:
        raise ValueError(f"{name} {kind!r}")
    return str(kind)


def seconds(found: Mapping[str, Any], name: str, default: float | None = None) -> float:
    """Return a TTL in seconds; raises KeyError where it is left out and has no default, ValueError for none."""
    value = found[name] if default is None else found.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"{name} {value!r}")
    return float(value)
