"""The table gives back what was put into it, across versions; what is no distribution is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invalidator.core.packed_distribution import pack, unpack
from invalidator.core.routing.distribution_config import read_distribution
from tests.core.routing.random_distributions import distributions
from tests.core.routing.routing_cases import DISTRIBUTIONS


@given(distributions(), st.none() | st.text(max_size=10))
def test_what_is_packed_for_the_table_unpacks_to_the_same(distribution, role):
    whole = read_distribution(distribution, {}, root_object=role)
    packed = pack(whole)

    assert unpack(packed) == whole
    assert unpack(json.loads(json.dumps(packed))) == whole


def test_a_table_item_of_a_version_with_fewer_fields_gets_their_defaults():
    packed = pack(read_distribution(DISTRIBUTIONS["plain"], {}))
    for added in ("enabled", "unknown_policies", "role"):
        del packed[added]

    assert unpack(packed) == read_distribution(DISTRIBUTIONS["plain"], {})


def test_a_table_item_of_a_version_with_more_fields_is_read_without_them():
    plain = read_distribution(DISTRIBUTIONS["plain"], {})
    assert unpack(pack(plain) | {"colour": "blue"}) == plain


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {"id": "E1"},
        {"id": "E1", "origins": [], "behaviors": [{"pattern": "*"}]},
        {"id": 1, "origins": [], "behaviors": []},
        {"id": "E1", "origins": [{"id": "o", "domain": "d", "bucket": 5}], "behaviors": []},
        {"id": "E1", "origins": [], "behaviors": [], "enabled": "blue"},
    ],
)
def test_a_table_item_that_is_none_is_refused(wrong):
    with pytest.raises(ValueError, match="validation error"):
        unpack(wrong)
