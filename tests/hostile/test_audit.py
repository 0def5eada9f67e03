"""`make audit` never says that nothing is known where nobody was asked; and what it asks about is pinned."""

import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PINS = [REPOSITORY / "functions/requirements.txt", *sorted((REPOSITORY / "infra/requirements").glob("*.txt"))]


@pytest.mark.parametrize("refused", ["", "sam.txt", "uv.txt"])
def test_one_file_that_could_not_be_checked_or_is_vulnerable_fails_all_and_the_others_are_asked(
    refused: str, tmp_path: Path
) -> None:
    """pip-audit fails for either; --strict makes it fail for a package that it skipped."""
    tool = tmp_path / "pip-audit"
    tool.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\ncase "$*" in *{refused or "nothing"}) exit 1; esac\n'
    )
    tool.chmod(0o755)
    ended = subprocess.run(
        ["make", "--no-print-directory", "--old-file=setup", f"BIN={tmp_path}", "audit"],
        cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    asked = (tmp_path / "asked").read_text().splitlines()
    assert [line.rpartition("/")[2] for line in asked] == [file.name for file in PINS]
    assert all("--strict" in line for line in asked)
    assert (ended.returncode != 0) == bool(refused)
    assert ("vulnerable, or not checked" in ended.stderr) == bool(refused)
    assert refused in ended.stderr


@pytest.mark.parametrize("file", PINS, ids=lambda file: file.name)
def test_each_package_is_pinned_with_a_hash_and_no_address(file: Path) -> None:
    lines = file.read_text().replace("\\\n", " ").splitlines()
    pinned = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    assert pinned
    assert all("==" in line and "--hash=sha256:" in line for line in pinned)
    assert not any("://" in line for line in pinned)
