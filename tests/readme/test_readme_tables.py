"""The README's tables say what the template and the code say."""

import re
from pathlib import Path

import pytest
import yaml

from infra.bench.committed import committed, quoting
from invalidator.core.reasons import FIX, MEANING, Reason

REPOSITORY = Path(__file__).resolve().parents[2]
README = (REPOSITORY / "README.md").read_text("utf-8")


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (!Ref, !Sub, …) as plain values."""


def _plain(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _plain)
TEMPLATE = yaml.load((REPOSITORY / "template.yaml").read_text("utf-8"), _Loader)  # noqa: S506  a SafeLoader


def rows(heading: str) -> dict[str, list[str]]:
    """The rows of the table under a heading, by their first cell."""
    section = README.split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line[:1] == "|"
    ]
    return {row[0].strip("`"): row[1:] for row in cells[2:]}


def test_every_parameter_is_in_the_settings_with_its_default() -> None:
    told = {name: cells[0].strip("`") for name, cells in rows("Settings").items()}
    assert told == {name: str(each["Default"]) for name, each in TEMPLATE["Parameters"].items()}


def test_every_reason_is_explained_in_the_codes_own_words() -> None:
    assert rows("When something fails") == {reason: [MEANING[reason], FIX[reason]] for reason in Reason}


def test_every_statement_of_the_workers_role_is_named() -> None:
    text = (REPOSITORY / "template.yaml").read_text("utf-8")
    role = re.split(r"\n  InvalidatorRole:\n", text)[1]
    statements = re.findall(r"Sid: (\w+)", re.split(r"\n  \w+:\n", role)[0])
    assert list(rows("Permissions of the worker")) == statements


def test_the_committed_ratios_are_quoted_as_they_are() -> None:
    ratios = committed()
    assert all(f"{ratio:.2f}  {name}\n" in README for name, ratio in ratios.items())
    # And no row that is measured no more.
    assert quoting(README, ratios) == README


def test_the_readme_can_be_read_in_ten_minutes() -> None:
    assert 6_000 <= len(README.encode()) <= 10_000


@pytest.mark.parametrize("page", ["README.md", "infra/how-it-works.md", "infra/local/README.md"])
def test_what_a_page_links_to_is_there(page: str) -> None:
    file = REPOSITORY / page
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", file.read_text("utf-8")) if "://" not in link]
    assert [link for link in links if not (file.parent / link).exists()] == []


def test_the_files_that_how_it_works_names_are_there() -> None:
    text = (REPOSITORY / "infra/how-it-works.md").read_text("utf-8")
    rooms = (
        REPOSITORY,
        *(REPOSITORY / "functions/invalidator" / room for room in (".", "core", "core/routing")),
    )
    named = set(re.findall(r"`([\w./-]+\.(?:py|md|yaml|toml))`", text))
    named |= {f"{name}.py" for name in re.findall(r"\(`(\w+)`, `(\w+)`, `(\w+)` beside it\)", text)[0]}
    assert len(named) > 30
    assert [name for name in sorted(named) if not any((room / name).exists() for room in rooms)] == []


def test_the_figures_of_the_simulated_upload_are_those_of_its_picture() -> None:
    """The picture's own test simulates the upload and compares; here the README is held to the picture."""
    shown = re.findall(r">([^<>]+)<", (REPOSITORY / "infra/pictures/upload.svg").read_text("utf-8"))
    (paths,) = re.findall(
        r"100,000 objects in 200 folders at 500 a second take (\d+) paths, which are free", README
    )
    assert paths in shown
    assert {"$495", "$0"} <= set(shown)
