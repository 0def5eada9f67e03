"""How data is printed: JSON for programs, text of at most 80 columns for people, moments, counts, progress.

Nothing raw reaches a terminal: a key may hold newlines, colors, or worse.
"""

import json
import re
import shlex
import shutil
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click


def visible(text: str) -> str:
    r"""Return `text` with every character that does not print as itself written as an escape: `\n`, `\x1b`.

    Spaces stay; so do letters of every script. A backslash is doubled, so that what is shown can be told from
    what was there.
    """
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(
        each if each.isprintable() and each != "\\" else each.encode("unicode_escape").decode()
        for each in text
    )


def harmless(line: str) -> str:
    """Return a finished line with what does not print as itself escaped, line ends left alone.

    For what was put together elsewhere: an error of AWS or of the SDK may quote what it was given. Backslashes stay
    as they are, as parts of the line may have been made `visible` already.
    """
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode()
        for each in line
    )


WIDTH = 80
# Narrower than that, wrapping helps nobody.
NARROWEST = 40
_GAP = "  "


def print_json(data: Any) -> None:
    """Print one JSON document; plain ASCII, so that nothing in it can drive a terminal."""
    click.echo(json.dumps(data, indent=2).replace("\x7f", "\\u007f"))


def print_text(text: str, indent: str = "", *, err: bool = False) -> None:
    """Print prose, wrapped."""
    lines = textwrap.wrap(
        visible(text),
        _columns(),
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_on_hyphens=False,
    )
    click.echo("\n".join(lines), err=err)


def _columns() -> int:
    """How wide prose and commands are: 80 columns, or a terminal's, where that has fewer.

    A table keeps its 80 and is wrapped by the terminal: cut further, its names could not be copied any more.
    """
    return max(NARROWEST, min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns))


def print_notes(notes: Iterable[str]) -> None:
    """Say on stderr what could not be asked."""
    for note in notes:
        print_text(f"Note: {note}", err=True)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under a header in at most 80 columns; the widest columns give way, and cut cells end in `…`."""
    cleaned = [[visible(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[column]) for row in cleaned) for column in range(len(header))]
    while sum(widths) + len(_GAP) * (len(widths) - 1) > WIDTH:
        widths[widths.index(max(widths))] -= 1
    for row in cleaned:
        cells = [_cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True)]
        click.echo(_GAP.join(cells).rstrip())


def typed(*words: str) -> str:
    """Return a command of the operator's as a shell reads it, for its own stack; nothing in it drives a terminal."""
    return " ".join(["invalidator", *(shlex.quote(visible(word)) for word in (*words, *_options()))])


def _options() -> Sequence[str]:
    """The options that lead to the same stack: those that were typed for the command that prints this."""
    context = click.get_current_context(silent=True)
    return () if context is None else context.meta.get(TYPED_OPTIONS, ())


# Where the running command notes them.
TYPED_OPTIONS = "invalidator.typed_options"


def print_command(line: str, indent: str = "  ") -> None:
    """Print a command to copy, in as many lines as keep each under 80 columns; the shell joins them again."""
    click.echo(" \\\n".join(command_lines(line, indent)))


def command_lines(line: str, indent: str = "  ") -> list[str]:
    """Return the lines of a command, broken between its words; all but the last want a backslash after them."""
    lines = [indent]
    for word in re.findall(r"(?:'[^']*'|\S)+", line):
        if len(lines[-1]) + len(word) > _columns() - 2 and lines[-1].strip():
            lines.append(f"{indent}  ")
        lines[-1] += word if not lines[-1].strip() else f" {word}"
    return lines


def many(count: int, what: str) -> str:
    """Return a count with its noun: "1 path", "2 paths"."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def some(names: Sequence[str], most: int = 3) -> str:
    """Return the first few names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def span(seconds: float) -> str:
    """Return a length of time in its two largest units: "2 h 5 min"."""
    left = max(0, round(seconds))
    parts: list[str] = []
    for name, size in _UNITS:
        if left >= size or (name == "s" and not parts):
            parts.append(f"{left // size} {name}")
            left %= size
        elif parts:
            break
    return " ".join(parts[:2])


def instant(at: float) -> str:
    """Return a moment (epoch seconds) for people: "2026-11-23 12:03:10 UTC"."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def iso(at: float) -> str:
    """Return a moment (epoch seconds) for programs, to the millisecond: "2026-11-23T12:03:10.000Z"."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show `what` advance towards `total`; yields the function to call with each step's size, from any thread."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(what, total=total or None)
        yield lambda step: bars.advance(task, step)
