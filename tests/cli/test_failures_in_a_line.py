"""What the worker's services raise ends a command with a line, also where the command itself caught nothing."""

import click
import pytest
from botocore.exceptions import ClientError

from infra.cli.main import run
from invalidator.failures import Failure, TableUnavailable, UnreadablePin

PIN = UnreadablePin('["site", "E9", "", ""]', "since is not known here")


@pytest.mark.parametrize("failure", [PIN, TableUnavailable("BatchGetItem left keys unprocessed")])
def test_a_failure_is_one_line_and_exit_code_1(capsys, failure):
    assert _typed(capsys, failure) == (1, f"invalidator: {failure}\n")


def test_of_an_error_of_aws_it_says_which_permission_is_missing(capsys):
    denied = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
    failure = TableUnavailable("AccessDeniedException: no")
    failure.__cause__ = ClientError(denied, "Query")
    code, said = _typed(capsys, failure)
    assert code == 1
    assert "dynamodb:Query is not allowed to these credentials" in said


def _typed(capsys: pytest.CaptureFixture[str], failure: Failure) -> tuple[object, str]:
    @click.command()
    def fails() -> None:
        raise failure

    with pytest.raises(SystemExit) as ended:
        run(fails, "fails", [])
    return ended.value.code, capsys.readouterr().err
