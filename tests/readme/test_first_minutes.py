"""What goes wrong on a newcomer's way from clone to demo says what to do."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.cli.errors import CommandError
from infra.cli.session import configured_stack, default_stack

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What make needs of a fresh clone, on a machine with make and a shell, and whatever a test adds."""
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    shutil.copytree(REPOSITORY / "infra" / "requirements", tmp_path / "infra" / "requirements")
    return tmp_path


def program(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def make(clone: Path, *arguments: str) -> tuple[int, str]:
    finished = subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=clone,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return finished.returncode, finished.stderr


def test_an_old_python_is_told_which_is_needed_and_how_to_name_one(clone: Path) -> None:
    old = program(clone / "old", "exit 1")
    code, said = make(clone, f"PYTHON={old}", "demo")
    assert code != 0
    assert "Python 3.11 or newer is needed; name one with: make PYTHON=python3.13 demo" in said


def test_a_python_without_venv_is_told_what_to_install(clone: Path) -> None:
    bare = program(clone / "bare", '[ "$1" = -c ]')
    code, said = make(clone, f"PYTHON={bare}", "setup")
    assert code != 0
    assert "apt-get install python3-venv" in said


def test_where_pip_reaches_no_registry_it_says_how_to_name_another(clone: Path) -> None:
    pip = program(clone / "pip", "exit 1")
    python = program(clone / "python", f'[ "$1" = -c ] || {{ mkdir -p "$3/bin" && cp {pip} "$3/bin/pip"; }}')
    code, said = make(clone, f"PYTHON={python}", "setup")
    assert code != 0
    assert "the package registry did not answer" in said
    assert "PIP_INDEX_URL" in said


def test_where_uv_reaches_no_registry_it_says_how_to_name_another(clone: Path) -> None:
    program(clone / ".tools" / "uv" / "bin" / "uv", '[ "$1" = venv ]')
    code, said = make(clone, "setup")
    assert code != 0
    assert "UV_DEFAULT_INDEX" in said
    assert not (clone / ".venv" / ".ready").exists(), "the next make tries again"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ({"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "a"}, "eu-north-1"),
        ({"AWS_DEFAULT_REGION": "a"}, "a"),
        ({}, ""),
    ],
)
def test_make_hands_on_the_region_by_the_name_that_sam_and_the_sdk_read(clone, given, used) -> None:
    finished = subprocess.run(
        ["make", "--no-print-directory", "--eval", "shown: ; @echo $${AWS_DEFAULT_REGION:-}", "shown"],
        cwd=clone,
        env={"PATH": "/usr/bin:/bin", **given},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert finished.stdout.strip() == used


NAMES = {
    "[default.global.parameters]\nstack_name = 'site'\n": "site",
    "[default.deploy.parameters]\nstack_name = 'site'\n": "site",
    "[default.global.parameters]\nstack_name = 'a'\n[default.deploy.parameters]\nstack_name = 'b'\n": "b",
    "[other.global.parameters]\nstack_name = 'x'\n": "cloudfront-invalidator",
    "version = 0.1\n": "cloudfront-invalidator",
}


@pytest.mark.parametrize("text", NAMES)
def test_the_stack_of_samconfig_is_that_of_every_make_verb_and_of_the_command_line(clone, text, monkeypatch):
    (clone / "samconfig.toml").write_text(text)
    shown = subprocess.run(
        [
            "make",
            "--no-print-directory",
            f"PYTHON={sys.executable}",
            "--eval",
            "shown: ; @echo $(STACK)",
            "shown",
        ],
        cwd=clone,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == NAMES[text]
    (clone / "functions/invalidator").mkdir(parents=True)
    monkeypatch.chdir(clone)
    monkeypatch.delenv("INVALIDATOR_STACK", raising=False)
    assert default_stack() == NAMES[text]
    monkeypatch.setenv("INVALIDATOR_STACK", "typed")
    assert default_stack() == "typed"


def test_another_projects_samconfig_names_no_stack_of_ours(tmp_path, monkeypatch):
    (tmp_path / "samconfig.toml").write_text("[default.global.parameters]\nstack_name = 'theirs'\n")
    assert configured_stack(tmp_path) == ""


def test_a_section_is_chosen_as_make_chooses_it(clone, monkeypatch):
    (clone / "samconfig.toml").write_text("[production.global.parameters]\nstack_name = 'live'\n")
    (clone / "functions/invalidator").mkdir(parents=True)
    monkeypatch.setenv("CONFIG_ENV", "production")
    assert configured_stack(clone) == "live"
    (clone / "samconfig.toml").write_text("nonsense")
    with pytest.raises(CommandError, match=r"samconfig\.toml cannot be read"):
        configured_stack(clone)
