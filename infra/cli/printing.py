"""How data is printed: JSON for programs, text of at most 80 columns for people, and never a raw control character."""

import json
import textwrap
from collections.abc import Sequence
from typing import Any

import click

from infra.cli.visible import visible

WIDTH = 80
_GAP = "  "


def print_json(data: Any) -> None:
    """Print one JSON document; plain ASCII, so that nothing in it can drive a terminal."""
    click.echo(json.dumps(data, indent=2).replace("\x7f", "\\u007f"))


def print_text(text: str, indent: str = "", *, err: bool = False) -> None:
    """Print prose, wrapped."""
    lines = textwrap.wrap(
        visible(text),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_on_hyphens=False,
    )
    click.echo("\n".join(lines), err=err)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under a header in at most 80 columns; the widest columns give way, and cut cells end in `…`."""
    cleaned = [[visible(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[column]) for row in cleaned) for column in range(len(header))]
    while sum(widths) + len(_GAP) * (len(widths) - 1) > WIDTH:
        widths[widths.index(max(widths))] -= 1
    for row in cleaned:
        cells = [_cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True)]
        click.echo(_GAP.join(cells).rstrip())


def print_command(*parts: str, indent: str = "  ") -> None:
    """Print a command to copy, in as many lines as keep each under 80 columns; the shell joins them again."""
    click.echo(f" \\\n{indent}  ".join([indent + parts[0], *parts[1:]]))


def many(count: int, what: str) -> str:
    """Return a count with its noun: "1 path", "2 paths"."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def some(names: Sequence[str], most: int = 3) -> str:
    """Return the first few names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
