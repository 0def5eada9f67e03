"""Which examples a property test takes, and how many in proportion to what the profile gives every test."""

import os

from hypothesis import settings

# `make test SEED=n` tries other examples and other schedules: the same ones for the same number.
SEED = int(os.environ.get("SEED") or "0")


def examples(times: float) -> settings:
    """So many times the profile's examples (tests/conftest.py): few in `make test`, many in `make soak`."""
    return settings(max_examples=int(times * settings.default.max_examples))
