"""The committed ratios: what later runs are held to, and what the README quotes."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

RATIOS = Path(__file__).with_name("committed.json")
README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- bench -->\n", "<!-- /bench -->\n"


def committed() -> dict[str, float]:
    """Return the committed ratios by the name of their row."""
    ratios: dict[str, float] = json.loads(RATIOS.read_text()) if RATIOS.exists() else {}
    return ratios


def commit(ratios: Mapping[str, float]) -> None:
    """Write the ratios, and their quote in the README."""
    RATIOS.write_text(json.dumps(ratios, indent=2) + "\n")
    README.write_text(quoting(README.read_text("utf-8"), ratios), "utf-8")


def quoting(page: str, ratios: Mapping[str, float]) -> str:
    """Return a page with these ratios between its marks."""
    rows = "".join(f"{ratio:5.2f}  {name}\n" for name, ratio in ratios.items())
    quote = f"{BEGIN}```text\n{rows}```\n{END}"
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: quote, page, flags=re.DOTALL)
