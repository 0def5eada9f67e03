"""Whatever a person meets, the first command names the next, and that mends it: on one deployed stack."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.aws import local_aws
from infra.local.sample_site import make_bucket, make_distribution
from infra.local.troubles import Playground
from tests.situations.situation import Desk, Situation, rows
from tests.situations.table import KEYS, SITUATIONS
from tests.system.conftest import NO_QUOTAS

PAGE = Path(__file__).resolve().parents[2] / "infra/situations.md"
ALL = [situation for group in SITUATIONS.values() for situation in group]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: Any) -> Iterator[Desk]:
    with local_aws(quotas=NO_QUOTAS, logs=tmp_path_factory.mktemp("logs")) as aws:
        make_bucket(aws.client("s3"), "my-site")
        distribution = make_distribution(aws.client("cloudfront"), "", "my-site")
        outputs = aws.deploy({"Buckets": "my-site"})
        place = Playground(aws, outputs, "my-site", distribution)
        environment = {
            name: value for name, value in aws.subprocess_environment.items() if name != "INVALIDATOR_STACK"
        }
        environment |= {"AWS_EC2_METADATA_DISABLED": "true"}
        made = Desk(place, tmp_path_factory.mktemp("desk"), environment, {"distribution": distribution})
        KEYS(made)
        assert made.types("route refresh").code == 0
        yield made


@pytest.mark.local_aws
@pytest.mark.soak("minutes of a busy machine")
@pytest.mark.xdist_group("situations")
@pytest.mark.parametrize("situation", ALL, ids=lambda each: each.symptom)
def test_the_first_command_leads_to_what_mends_it(desk: Desk, situation: Situation) -> None:
    situation.play(desk)


def test_there_are_forty_and_the_page_tells_them() -> None:
    assert len(ALL) >= 40
    assert len({each.symptom for each in ALL}) == len(ALL)
    assert PAGE.read_text("utf-8") == page(), "write it again: python -m tests.situations.test_situations"


def page() -> str:
    head = (
        "# When something looks wrong",
        "",
        "What you see, what to type first, what that says, and what to do then. `tests/situations` makes each of",
        "these on a local AWS, types the commands, and sees it mended.",
    )
    return "\n".join([*head, *rows(SITUATIONS)]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
