"""How many examples a property test takes, in proportion to what the profile gives every test."""

from hypothesis import settings


def examples(times: float) -> settings:
    """So many times the profile's examples (tests/conftest.py): few in `make test`, many in `make soak`."""
    return settings(max_examples=int(times * settings.default.max_examples))
