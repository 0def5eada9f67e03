"""The README says what the template and the code say, where `make docs` does not write it."""

import re
from pathlib import Path

import pytest

from infra import docs

REPOSITORY = Path(__file__).resolve().parents[2]
README = (REPOSITORY / "README.md").read_text("utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    """The rows of the table under a heading, by their first cell."""
    section = README.split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line[:1] == "|"
    ]
    return {row[0].strip("`"): row[1:] for row in cells[2:]}


def test_every_statement_of_the_workers_role_is_named() -> None:
    text = (REPOSITORY / "template.yaml").read_text("utf-8")
    role = re.split(r"\n  InvalidatorRole:\n", text)[1]
    statements = re.findall(r"Sid: (\w+)", re.split(r"\n  \w+:\n", role)[0])
    assert list(rows("Permissions of the worker")) == statements


@pytest.mark.parametrize(
    "page", ["README.md", "infra/how-it-works.md", "infra/local/README.md", ".github/CONTRIBUTING.md"]
)
def test_what_a_page_links_to_is_there(page: str) -> None:
    file = REPOSITORY / page
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", file.read_text("utf-8")) if "://" not in link]
    assert [link for link in links if not (file.parent / link).exists()] == []


# A page → from where it names files and folders.
ROOMS = {
    "infra/how-it-works.md": (
        "", "functions", "functions/invalidator", "functions/invalidator/aws", "functions/invalidator/core",
        "functions/invalidator/core/routing", "infra/cli", "infra/local",
    ),
    ".github/CONTRIBUTING.md": ("", ".github/workflows", "tests/cli/dlq", "tests/bucket_subscription"),
}  # fmt: skip


@pytest.mark.parametrize("page", ROOMS)
def test_the_files_that_a_page_names_are_there(page: str) -> None:
    text = (REPOSITORY / page).read_text("utf-8")
    rooms = [REPOSITORY / room for room in ROOMS[page]]
    named = set(re.findall(r"`(\w[\w./-]*(?:/[\w.-]*|\.(?:py|md|yaml|yml|toml)))`", text))
    assert len(named) > 10
    assert [name for name in sorted(named) if not any((room / name).exists() for room in rooms)] == []


def test_the_figures_of_the_simulated_upload_are_those_of_its_picture() -> None:
    """The picture's own test simulates the upload and compares; here the README is held to the picture."""
    shown = re.findall(r">([^<>]+)<", (REPOSITORY / "infra/pictures/upload.svg").read_text("utf-8"))
    (paths,) = re.findall(
        r"100,000 objects in 200 folders at 500 a second take (\d+) paths, which are free", README
    )
    assert paths in shown
    assert {"$495", "$0"} <= set(shown)


def test_a_table_that_is_written_has_every_row_and_marks_an_empty_cell() -> None:
    lines = docs.parameters().splitlines()
    assert lines[:2] == ["| parameter | default | what it is |", "| --- | --- | --- |"]
    assert any(line.startswith("| `Buckets` | | Existing buckets") for line in lines)
    assert any(line.startswith("| `MonthlyPathBudget` | `1000` |") for line in lines)
    assert "| `access-denied` | CloudFront refused" in docs.reasons()
