"""The picture of `make demo`: run for real in a terminal of 80 columns, then drawn by rich."""

import io
import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[2]
COLUMNS, ROWS = 80, 60
# What a terminal does with these besides writing: end a line, return, go up, erase the line. Colours are for rich.
CONTROL = re.compile(r"\r\n|\n|\r|\x1b\[(\d*)A|\x1b\[2K|\x1b\[\?25[lh]")

FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


class DemoFailedError(Exception):
    """`make demo` did not end well: there is nothing to draw."""


def record() -> str:
    """Run the demo in a terminal of its own, and return all it wrote. Raises DemoFailedError."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (ROWS, COLUMNS))
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    running = subprocess.Popen(
        [sys.executable, "-m", "infra.demo"], cwd=ROOT, env=environment, stdout=theirs, stderr=theirs
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
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ make demo", style="bold"))
    for line in screen(written):
        console.print(Text.from_ansi(line))
    # Without the fonts that it would fetch: no reader's page shows them in a picture.
    drawn = FONT_FACE.sub("", console.export_svg(title="make demo", unique_id="demo"))
    return "".join(f"{line.rstrip()}\n" for line in drawn.splitlines())
