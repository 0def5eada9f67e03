"""Text for people in terminals of all widths, and where there is none."""

import shlex

import pytest

from infra.cli.printing import command_lines, print_command, print_table, print_text

PROSE = (
    "what viewers have of it stays stale until the cache forgets it by itself, or somebody sends it by hand "
    * 2
)
COMMAND = (
    "invalidator dlq purge --reason not-json --export not-json.jsonl --yes --region eu-west-1 --stack other"
)


@pytest.mark.parametrize(("columns", "widest"), [("20", 40), ("40", 40), ("60", 60), ("80", 80), ("200", 80)])
def test_prose_and_commands_fit_the_terminal(monkeypatch, capsys, columns, widest):
    monkeypatch.setenv("COLUMNS", columns)
    print_text(PROSE, "  ")
    prose = capsys.readouterr().out
    assert widest - 15 < max(map(len, prose.splitlines())) <= widest
    assert prose.split() == PROSE.split()
    print_command(COMMAND)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= widest
    assert shlex.split(" ".join(lines).replace("\\", "")) == shlex.split(COMMAND)


def test_a_table_keeps_what_is_copied_from_it(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    row = ("E9U6NKFRB4Q5DC", "a-bucket-of-some-length", "the month's budget is spent")
    print_table(("WAITS FOR", "BUCKETS", "WHY"), [row])
    assert all(cell in capsys.readouterr().out.splitlines()[1] for cell in row[:1])


def test_without_a_terminal_it_is_eighty(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert max(map(len, command_lines(COMMAND))) > 60
