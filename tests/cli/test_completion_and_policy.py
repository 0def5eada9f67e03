"""What the installed command line brings along: completion for shells, and IAM policies to paste."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.cli.completion import SHELLS, VARIABLE
from infra.cli.policy.commands import WHO
from infra.cli.policy.documents import WHO as DOCUMENTED

COMMAND = Path(sys.executable).with_name("invalidator")


def completed(words: str) -> set[str]:
    """What a shell offers after these words, of which the last is not finished."""
    said = subprocess.run(
        [COMMAND],
        env={
            **os.environ,
            VARIABLE: "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return {line.partition(",")[2] for line in said.stdout.splitlines()}


def test_a_shell_completes_commands_and_options() -> None:
    assert completed("invalidator dlq re") == {"redrive"}
    assert {"--reason", "--yes", "--stack"} <= completed("invalidator dlq redrive --")
    assert completed("invalidator policy op") == {"operator"}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_each_shell_asks_the_command_that_is_installed(typed, shell) -> None:
    answer = typed("completion", shell)
    assert answer.code == 0
    assert f"{VARIABLE}={shell}_complete" in answer.out
    assert "invalidator" in answer.out


def test_bash_takes_the_script() -> None:
    script = subprocess.run(
        [COMMAND, "completion", "bash"], capture_output=True, text=True, check=True
    ).stdout
    shown = subprocess.run(
        ["bash", "--norc", "-c", f"{script}\ncomplete -p invalidator"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "_invalidator_completion" in shown.stdout


@pytest.mark.parametrize("who", WHO)
def test_a_policy_is_for_one_stack_and_the_named_buckets(typed, who) -> None:
    assert tuple(DOCUMENTED) == WHO
    answer = typed("policy", who, "--stack", "site", "--account", "123456789012", "--region", "eu-west-1",
                   "--bucket", "my-site")  # fmt: skip
    document = json.loads(answer.out)
    resources = {each for statement in document["Statement"] for each in statement["Resource"]} - {"*"}
    s3 = {each for each in resources if each.startswith("arn:aws:s3:::") and "aws-sam-cli" not in each}
    assert s3 <= {"arn:aws:s3:::my-site", "arn:aws:s3:::my-site/*"}
    assert any("eu-west-1:123456789012:" in each for each in resources)
    assert any("site-*" in each for each in resources)
