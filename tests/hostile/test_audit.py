"""`make audit` never says that nothing is known where nobody was asked."""

import json
import sys

import pytest

from infra.audit.__main__ import CLEAN, UNCHECKED, VULNERABLE, audit, pinned_files, read_answer, verdict

GOOD = {"name": "click", "version": "8.1", "vulns": []}
BAD = {"name": "old", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
SKIPPED = {"name": "odd", "skip_reason": "Dependency not found on PyPI"}


def answer(*packages) -> str:
    return json.dumps({"dependencies": list(packages), "fixes": []})


@pytest.mark.parametrize(
    ("printed", "code", "says"),
    [
        (answer(GOOD), CLEAN, ""),
        (answer(GOOD, BAD), VULNERABLE, "old 1.0: PYSEC-1, fixed in 1.1"),
        (answer(GOOD, SKIPPED), UNCHECKED, "1 of 2 packages could not be checked"),
        (answer(BAD, SKIPPED), VULNERABLE, "PYSEC-1"),
        (answer(), UNCHECKED, "could not be checked"),
        ("", UNCHECKED, "could not be checked"),
        ("[]", UNCHECKED, "could not be checked"),
        ("Traceback", UNCHECKED, "could not be checked"),
    ],
)
def test_the_code_says_which(printed, code, says):
    found, lines = read_answer("f", printed)
    assert found == code
    assert says in "\n".join(lines)


def test_a_finding_counts_before_a_gap_and_a_gap_before_all_clear():
    assert verdict([CLEAN, UNCHECKED, VULNERABLE]) == VULNERABLE
    assert verdict([CLEAN, UNCHECKED]) == UNCHECKED
    assert verdict([CLEAN, CLEAN]) == CLEAN
    assert verdict([]) == UNCHECKED


def test_a_tool_that_dies_checked_nothing(tmp_path, capsys):
    file = tmp_path / "requirements.txt"
    file.write_text("")
    assert audit([file], [sys.executable, "-c", "raise SystemExit(1)"]) == UNCHECKED
    assert "COULD NOT BE CHECKED" in capsys.readouterr().err


def test_every_pinned_file_is_asked_about_and_pins_each_package_with_a_hash(request):
    files = pinned_files(request.config.rootpath)
    assert {"requirements.txt", "dev.txt", "sam.txt", "ministack.txt", "uv.txt"} <= {
        each.name for each in files
    }
    for file in files:
        lines = file.read_text().replace("\\\n", " ").splitlines()
        pinned = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
        assert pinned
        assert all("==" in line and "--hash=sha256:" in line for line in pinned), file
        assert not any("://" in line for line in pinned), file
