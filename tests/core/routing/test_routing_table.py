"""Every case of the table gives exactly its paths."""

import pytest

from invalidator.core.routing.documents.distribution_config import read_distribution
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.settings import RoutingSettings
from tests.core.routing.distributions import CACHE_POLICIES, DISTRIBUTIONS
from tests.core.routing.routing_cases import CASES, Case


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case.distribution}: {case.key[:20]!a} ({case.rule})"
)
def test_a_key_has_exactly_the_paths_of_the_table(case: Case):
    distribution = read_distribution(DISTRIBUTIONS[case.distribution], CACHE_POLICIES)
    router = Router(distribution, "b", case.settings or RoutingSettings(case.index_documents))

    assert router.paths(case.key) == case.paths
    assert router.explain(case.key).paths == case.paths


def test_the_table_holds_no_case_twice_and_uses_every_distribution():
    asked = [(case.distribution, case.key, case.index_documents, case.settings) for case in CASES]

    assert len(set(asked)) == len(asked) >= 180
    assert {case.distribution for case in CASES} == DISTRIBUTIONS.keys()
