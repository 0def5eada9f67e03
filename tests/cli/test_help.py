"""Every help page can be read on a narrow screen, and shows an example."""

import click
import pytest
from click.testing import CliRunner

from infra.cli.main import invalidator


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


def test_the_commands_of_the_contract_are_there() -> None:
    typed = {" ".join(page) for page in pages()}
    assert typed >= {
        "plan", "simulate", "explain", "bucket connect", "bucket disconnect", "bucket list", "route list",
        "route show", "route pin", "route unpin", "route refresh", "status", "dlq list", "dlq show",
        "dlq explain", "dlq export", "dlq redrive", "dlq purge", "pause", "resume", "logs",
    }  # fmt: skip
