"""The picture of `make demo`: run for real in a terminal of 80 columns, then drawn as its screen would show it."""

import os
import pty
import re
import subprocess
import termios
from itertools import pairwise
from pathlib import Path

from rich.style import Style
from rich.text import Text

from infra.pictures.svg import Drawing

ROOT = Path(__file__).parents[2]
COLUMNS, ROWS = 80, 60
ADVANCE, LEADING = 8.0, 18.0
# What a terminal does with these besides writing: end a line, return, go up, erase the line. Colours are for rich.
CONTROL = re.compile(r"\r\n|\n|\r|\x1b\[(\d*)A|\x1b\[2K|\x1b\[\?25[lh]")
# The eight colours of terminals, by number.
KINDS = {1: "red", 2: "green", 3: "orange", 4: "blue", 5: "purple", 6: "blue"}


class DemoFailedError(Exception):
    """`make demo` did not end well: there is nothing to draw."""


def record() -> str:
    """Run the demo in a terminal of its own, and return all it wrote. Raises DemoFailedError."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (ROWS, COLUMNS))
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    running = subprocess.Popen(
        ["make", "--no-print-directory", "demo"], cwd=ROOT, env=environment, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    written = bytearray()
    while chunk := _read(ours):
        written += chunk
    os.close(ours)
    if running.wait():
        raise DemoFailedError(f"make demo ended with exit code {running.returncode}")
    return written.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux answers EIO once the last writer has closed
        return b""


def screen(written: str) -> list[str]:
    """Return the lines that stay on the screen, colours still in them."""
    lines, row, at = [""], 0, 0
    for control in CONTROL.finditer(written):
        lines[row] += written[at : control.start()]
        at = control.end()
        match control[0]:
            case "\r\n" | "\n":
                row += 1
                lines += [""] * (row == len(lines))
            case "\x1b[2K":
                lines[row] = ""
            case up if up.endswith("A"):
                row = max(0, row - int(control[1] or 1))
    lines[row] += written[at:]
    while lines and not Text.from_ansi(lines[-1]).plain.strip():
        lines.pop()
    return lines


def draw(written: str) -> str:
    """Return the picture as SVG."""
    lines = [part for line in screen(written) for part in _folded(Text.from_ansi(line))]
    drawing = Drawing(COLUMNS * ADVANCE + 48, len(lines) * LEADING + 76, "make demo, as a terminal shows it")
    drawing.text(24, 40, "$ make demo", bold=True, mono=True)
    for row, line in enumerate(lines):
        for begin, words, style in _runs(line):
            kind = _kind(style)
            x, y = 24 + begin * ADVANCE, 40 + (row + 1) * LEADING
            drawing.text(
                x, y, words, kind=kind, bold=bool(style.bold), mono=True, length=len(words) * ADVANCE
            )
    return drawing.render()


def _folded(line: Text) -> list[Text]:
    return list(line.divide(range(COLUMNS, len(line), COLUMNS))) if len(line) > COLUMNS else [line]


def _runs(line: Text) -> list[tuple[int, str, Style]]:
    """Return (column, words, style) of each stretch of one style, without the blanks at its ends."""
    runs = []
    edges = sorted({0, len(line), *(edge for span in line.spans for edge in (span.start, span.end))})
    for begin, end in pairwise(edges):
        words = line.plain[begin:end]
        if words.strip():
            styles = [s.style for s in line.spans if s.start <= begin < s.end and isinstance(s.style, Style)]
            indent = len(words) - len(words.lstrip())
            runs.append((begin + indent, words.strip(), sum(styles, Style.null())))
    return runs


def _kind(style: Style) -> str:
    if style.color is not None and style.color.number in KINDS:
        return KINDS[style.color.number]
    return "soft" if style.dim else "ink"
