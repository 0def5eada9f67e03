"""How much one invalidation may hold."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowance:
    """The most that one plan may send.

    Attributes:
        paths: paths in all, wildcards included; at least 1.
        wildcards: how many of them may end in `*`.
    """

    paths: int
    wildcards: int
