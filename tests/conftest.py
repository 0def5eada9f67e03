"""What holds for all tests: they depend neither on chance nor on how fast the machine is just now.

And the order in which several processes take them: what waits for a local AWS begins first.
"""

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import worked_out_once
from tests.examples import SEED

# Hypothesis fails a test whose single example takes 200 ms, or whose examples are made slowly: on a busy machine
# that is chance. A test's own settings add to these.
_UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples in each run, so that a failure is the fault of a change; `make soak` looks for new ones.
settings.register_profile("steady", _UNHURRIED, max_examples=50, database=None, print_blob=True)
settings.register_profile("soak", _UNHURRIED, max_examples=3000, print_blob=True)
settings.load_profile("steady")

worked_out_once.install()

# Each of these runs in one process. The first two wait more than they compute, on the stack that the system's tests
# share and on local AWSs of their own; so beside them two processes that only compute keep two cores busy.
_GROUPS = ("system", "own", "template", "life", "reasons", "situations")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give Hypothesis its seed, but not where it explores and nobody has named one."""
    exploring = config.getoption("--hypothesis-profile") == "soak" and "SEED" not in os.environ
    if config.option.hypothesis_seed is None and not exploring:
        config.option.hypothesis_seed = str(SEED)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what takes long begin first, so that no process works on alone at the end; leave the soak to who asks."""

    def rank(item: pytest.Item) -> int:
        group = item.get_closest_marker("xdist_group")
        if group is not None and group.args[0] in _GROUPS:
            return _GROUPS.index(group.args[0])
        return len(_GROUPS) + (item.get_closest_marker("long") is None)

    items.sort(key=rank)
    for item in items:
        soak = item.get_closest_marker("soak")
        if soak is not None and "SOAK" not in os.environ:
            item.add_marker(pytest.mark.skip(reason=f"{soak.args[0]}: make soak"))


def pytest_collection_finish() -> None:
    """What was imported stays to the end: to look through it for garbage, again and again, is a tenth of all work."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let what only computes step back for the local AWSs beside it, where a change must be sent within its time."""
    if "PYTEST_XDIST_WORKER" in os.environ and item.get_closest_marker("local_aws") is None:
        os.nice(max(0, 10 - os.nice(0)))


@pytest.fixture(autouse=True)
def _environment_is_left_as_it_was() -> Iterator[None]:
    """What one test leaves in the environment, another one in the same process fails of, in some order only."""

    def variables() -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}

    before = variables()
    yield
    assert variables() == before
