"""Every help page can be read on a narrow screen, and shows an example."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from infra.cli.main import COMMANDS, invalidator
from infra.cli.session import Session


def pages() -> list[tuple[str, ...]]:
    """Every command, as it is typed."""
    found: list[tuple[str, ...]] = []

    def walk(command: click.Command, typed: tuple[str, ...]) -> None:
        found.append(typed)
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                below = command.get_command(context, name)
                assert below is not None
                walk(below, (*typed, name))

    walk(invalidator, ())
    return found


@pytest.mark.parametrize("typed", pages(), ids=" ".join)
def test_a_help_page_fits_80_columns_and_shows_no_control_mark(typed: tuple[str, ...]) -> None:
    said = CliRunner().invoke(invalidator, [*typed, "--help"])
    assert said.exit_code == 0
    assert max(map(len, said.output.splitlines())) <= 80
    assert "\\b" not in said.output


HEAVY = {
    "aws_lambda_powertools", "boto3", "botocore.session", "botocore.client", "matplotlib", "pydantic", "rich",
    "bucket_subscription.handler", "infra.cli.deployed", "infra.local.aws", "infra.simulator", "invalidator.aws",
    "invalidator.core.coalescing", "invalidator.handler", "invalidator.intake", "invalidator.sender",
    "invalidator.survey",
}  # fmt: skip
ONE_AFTER_THE_OTHER = """
import contextlib, io, json, sys
from infra.cli.main import main
for typed in json.load(sys.stdin):
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
        main([*typed, "--help"])
    print(json.dumps([" ".join(typed), list(sys.modules)]))
"""


def test_no_help_page_loads_the_sdk_or_the_worker() -> None:
    """A person waits for it; what it loads is what it costs."""
    said = subprocess.run(
        [sys.executable, "-c", ONE_AFTER_THE_OTHER],
        input=json.dumps(pages()),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    loaded = dict(map(json.loads, said.splitlines()))
    assert len(loaded) == len(pages())
    assert "infra.cli.dlq.commands" in loaded["dlq list"]
    assert {page: sorted(HEAVY.intersection(modules)) for page, modules in loaded.items()} == {
        page: [] for page in loaded
    }


def test_help_is_there_at_once() -> None:
    """Of the process's own time, not the clock's; the least of three, as other tests run beside this one."""

    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [Path(sys.executable).with_name("invalidator"), "--help"], stdout=subprocess.DEVNULL, check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(3)) < 0.3


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    context = click.Context(invalidator)
    for name, (_, first) in COMMANDS.items():
        command = invalidator.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str(limit=1000).removesuffix(".") == first


def test_the_commands_of_the_contract_are_there() -> None:
    typed = {" ".join(page) for page in pages()}
    assert typed >= {
        "plan", "simulate", "explain", "bucket connect", "bucket disconnect", "bucket list", "route list",
        "route show", "route pin", "route unpin", "route refresh", "status", "dlq list", "dlq show",
        "route export", "route import", "pending list", "pending show", "pending export", "pending drop",
        "dlq explain", "dlq export", "dlq redrive", "dlq purge", "pause", "resume", "logs",
        "send", "wait", "check", "verify",
    }  # fmt: skip


def test_the_region_may_stand_where_the_aws_command_line_looks_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert Session("s", None, None, as_json=False).aws.region_name == "eu-north-1"
    assert Session("s", "us-east-1", None, as_json=False).aws.region_name == "us-east-1"
    monkeypatch.delenv("AWS_REGION")
    assert Session("s", None, None, as_json=False).aws.region_name == "eu-west-1"


def test_what_cannot_be_printed_is_one_line() -> None:
    """The disk is full, say."""
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [Path(sys.executable).with_name("invalidator"), "simulate", "--objects", "10", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=os.environ,
        )
    assert ended.returncode == 1
    assert "No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr
