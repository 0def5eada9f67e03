"""`make local`: what can be broken on purpose, and what it says of a name that is none."""

from pathlib import Path

from click.testing import CliRunner

from infra.cli.main import invalidator
from infra.local.__main__ import main
from infra.local.troubles import TROUBLES

MAKEFILE = (Path(__file__).resolve().parents[2] / "Makefile").read_text("utf-8")


def test_a_fault_that_there_is_not_lists_those_that_there_are(capsys):
    assert main(["access-denyed"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "no fault is called 'access-denyed'" in said.err
    assert all(f"  {name} " in said.err for name in TROUBLES)


def test_the_command_that_shows_each_trouble_is_one():
    for trouble in TROUBLES.values():
        assert CliRunner().invoke(invalidator, [*trouble.first.split(), "--help"]).exit_code == 0


def test_make_hands_the_fault_on():
    assert "-m infra.local $(FAULT)" in MAKEFILE
