"""A message of the wake queue: whom to look at. The function alone writes and reads it.

    {"invalidator": 2, "wake": "target:E1", "Records": []}

While a stack is rolled back to version 0.1.0, that version's code meets the wakes that are under way. `Records` is for
it alone: it looks there first, and finds nothing to do, where it would else put each of them in the dead-letter queue.
"""

import json
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic asks for it before Python 3.12

from invalidator.core.pending.entry import UNKNOWN, memory_of_owner

VERSION = 2


class _Fields(TypedDict):
    invalidator: int
    wake: str


_validate = TypeAdapter(_Fields).validate_json


@dataclass(frozen=True, slots=True)
class WakeMessage:
    """Whom to look at: a target, a bucket, a bucket's memory, or (all None) the log of unknown buckets."""

    target: str | None = None
    bucket: str | None = None
    memory: str | None = None


def wake_body(name: str) -> str:
    """Return the body that names an owner: `target:ID`, `bucket:NAME`, `memory:NAME` or `unknown`."""
    return json.dumps({"invalidator": VERSION, "wake": name, "Records": []}, separators=(",", ":"))


def read_wake(body: str) -> WakeMessage | None:
    """Read a body; None where it is not a wake that this version knows."""
    try:
        fields = _validate(body)
    except ValidationError:
        return None
    return wake_of(fields["wake"]) if fields["invalidator"] == VERSION else None


def wake_of(name: str) -> WakeMessage | None:
    """Return whom an owner's name says to look at; None where it is none."""
    kind, _, rest = name.partition(":")
    if kind == "target" and rest:
        return WakeMessage(target=rest)
    if kind == "bucket" and rest:
        return WakeMessage(bucket=rest)
    if memory := memory_of_owner(name):
        return WakeMessage(memory=memory)
    return WakeMessage() if name == UNKNOWN else None
