"""A distribution as the table keeps it: plain values, which a later version of the worker can still read."""

from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from invalidator.core.routing.distribution import Distribution

_validate = TypeAdapter(Distribution).validate_python


def pack(distribution: Distribution) -> dict[str, Any]:
    """The distribution as JSON-able values; `unpack` gives it back."""
    return asdict(distribution)


def unpack(packed: object) -> Distribution:
    """Read what `pack` made, now or in another version: fields it did not know get their defaults, others are skipped.

    Raises:
        ValueError: it is not a packed distribution.
    """
    return _validate(packed)
