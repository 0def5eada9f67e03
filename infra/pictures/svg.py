"""Writes a matplotlib figure as SVG: text stays text, and the same figure gives the same file."""

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def as_svg(figure: "Figure", title: str) -> str:
    """Return the file's text; `title` is one line for those who cannot see the picture."""
    import matplotlib as mpl

    file = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "cloudfront-invalidator"}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())
