"""No input, however made, raises anything but the documented errors: the corpus, its mutations, and random bytes."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import SEED
from tests.hostile.corpus import corpus
from tests.hostile.mutation import mutated
from tests.hostile.targets import TARGETS

CORPUS = corpus()


@pytest.mark.parametrize("target", TARGETS)
def test_the_corpus_is_read_or_refused(target):
    for data in CORPUS:
        TARGETS[target](data)


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_nearly_right_is_read_or_refused(target):
    chance = random.Random(f"{target} {SEED}")
    small = [data for data in CORPUS if len(data) < 5000]
    for _ in range(4 * settings.default.max_examples):
        TARGETS[target](mutated(chance.choice(small), chance.choice(small), chance))


@pytest.mark.parametrize("target", TARGETS)
def test_any_bytes_are_read_or_refused(target):
    @settings(suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=200))
    def run(data: bytes) -> None:
        TARGETS[target](data)

    run()
