"""Every example that people are shown can be typed: in help pages, texts, the situations and the reasons' fixes."""

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from infra.cli.main import invalidator
from invalidator.core.reasons import FIX
from tests.cli.made_distributions import config
from tests.cli.test_help import pages

REPOSITORY = Path(__file__).resolve().parents[2]
TEXTS = ("README.md", "infra/situations.md", "infra/how-it-works.md", "infra/json-output.md")
# What ends a command's words in a shell.
ENDS = {"&&", "||", ";", "|", ">", ">>", "<"}
NEEDS_NO_AWS = {"simulate", "plan", "policy", "completion"}


def help_examples() -> list[str]:
    """Return the lines of the help pages' examples, as they are shown."""
    found = []
    for typed in pages():
        shown = CliRunner().invoke(invalidator, [*typed, "--help"]).output
        _, example, rest = re.sub(
            r"\n\n(Options|Commands):\n.*?(\n\n|\Z)", "\n\n", shown, flags=re.DOTALL
        ).partition("Example")
        if example:
            found += [line.strip() for line in rest.split("\n\n")[0].splitlines()[1:]]
    return found


def told_examples() -> Iterator[str]:
    """Yield the commands that the texts show, in blocks and between backticks, and those that fixes name."""
    for name in TEXTS:
        text = (REPOSITORY / name).read_text("utf-8")
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
            yield from (line for line in block.splitlines() if "invalidator " in line)
        yield from re.findall(r"`((?:[^`\n]*&& )?invalidator [^`\n]+)`", text)
    for fix in FIX.values():
        yield from re.findall(r"invalidator (?:\w+ )?\w+(?: --?[\w-]+(?: [A-Za-z-]+)?)*", fix)


def words(line: str) -> list[str]:
    """Return the words after `invalidator`, up to what the shell takes on."""
    lexer = shlex.shlex(line.replace("\\|", "|"), posix=True, punctuation_chars="|&;<>")
    lexer.commenters = ""
    lexer.whitespace_split = True
    all_words = list(lexer)
    (place,) = [number for number, word in enumerate(all_words) if word.rpartition("/")[2] == "invalidator"]
    rest = all_words[place + 1 :]
    end = next(
        (number for number, word in enumerate(rest) if word in ENDS or word.startswith("#")), len(rest)
    )
    return rest[:end]


def parse(line: str) -> None:
    """Parse a command with its options, and run nothing. Raises click's error where there is none such."""
    command: click.Command = invalidator
    arguments = words(line)
    context = click.Context(command, info_name="invalidator")
    while isinstance(command, click.Group):
        if not arguments:
            return  # the text speaks of the group
        name, found, arguments = command.resolve_command(context, arguments)
        assert name is not None
        assert found is not None
        if isinstance(found, click.Group):
            context = click.Context(found, parent=context, info_name=name)
        else:
            found.make_context(name, arguments, parent=context)
        command = found


HELP = sorted({line for line in help_examples() if "invalidator " in line})
TOLD = sorted(set(told_examples()))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where people type; with the files that the examples name."""
    monkeypatch.chdir(tmp_path)
    answer = {"Distribution": {"Id": "E1", "DistributionConfig": config("my-site.s3.amazonaws.com")}}
    (tmp_path / "e1.json").write_text(json.dumps(answer))
    (tmp_path / "keys.txt").write_text("index.html\nimg/logo.svg\n")
    for name in ("before.jsonl", "now.jsonl", "pins.json"):
        (tmp_path / name).write_text("")
    (tmp_path / ".config/fish/completions").mkdir(parents=True)
    return tmp_path


def test_there_are_examples_and_each_command_has_one() -> None:
    assert len(HELP) > 50
    assert len(TOLD) > 30
    shown = {" ".join(words(line)) for line in HELP}
    leaves = [" ".join(typed) for typed in pages() if not isinstance(_found(typed), click.Group)]
    assert [leaf for leaf in leaves if not any(f"{line} ".startswith(f"{leaf} ") for line in shown)] == []


def _found(typed: tuple[str, ...]) -> click.Command:
    command: click.Command = invalidator
    for name in typed:
        assert isinstance(command, click.Group)
        below = command.get_command(click.Context(command), name)
        assert below is not None
        command = below
    return command


@pytest.mark.parametrize("line", HELP)
def test_an_example_of_a_help_page_is_taken_as_typed(folder, line) -> None:
    parse(line)


@pytest.mark.parametrize("line", TOLD)
def test_what_a_text_shows_is_taken_as_typed(folder, line) -> None:
    """Where a sentence speaks of a command or an option, what belongs behind may be left out."""
    with contextlib.suppress(click.MissingParameter, click.BadOptionUsage):
        parse(line)


@pytest.mark.parametrize(
    "wrong", ["invalidator bucket conect x", "invalidator logs --hours 1", "invalidator wiat"]
)
def test_what_is_no_command_would_be_seen(wrong) -> None:
    with pytest.raises(click.UsageError):
        parse(wrong)


@pytest.mark.long
@pytest.mark.parametrize("line", [line for line in HELP if words(line)[0] in NEEDS_NO_AWS])
def test_an_example_that_needs_no_aws_runs_as_typed(folder, line) -> None:
    """In a shell, in a home of its own, without a Region or credentials."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        ["bash", "-c", line],
        env={"PATH": path, "HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout or any(each.stat().st_size for each in folder.rglob("*") if each.is_file())
