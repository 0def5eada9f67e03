"""A row of the benchmark's table: what was measured, against what, and whether it reaches what was set.

Later runs are held to the committed ratios, and the README quotes them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# A ratio may be this much worse than the committed one before it counts as a regression.
TOLERANCE = 1.25
RATIOS = Path(__file__).with_name("committed.json")


@dataclass(frozen=True, slots=True)
class Row:
    """One measured value; smaller is better unless `at_least`.

    Attributes:
        name: what is measured; the committed ratios are kept under it.
        value: the ratio, or the plain figure where there is nothing to hold it against.
        unit: "x" for a ratio.
        reach: the value that must be reached.
        detail: both sides of a ratio, for people.
        at_least: whether more is better.
    """

    name: str
    value: float
    unit: str
    reach: float
    detail: str
    at_least: bool = False

    @property
    def reached(self) -> bool:
        """Whether the value is within its reach."""
        return self.value >= self.reach if self.at_least else self.value <= self.reach

    def regressed(self, committed: float) -> bool:
        """Whether the value is more than a quarter worse than the committed one."""
        return self.value * TOLERANCE < committed if self.at_least else self.value > committed * TOLERANCE


def faults(row: Row, committed: dict[str, float]) -> list[str]:
    """Say what is wrong with a row: nothing, a missed reach, a regression, or both."""
    found = [] if row.reached else ["misses its reach"]
    before = committed.get(row.name)
    # Only ratios hold on every machine.
    if row.unit == "x" and before is not None and row.regressed(before):
        found.append(f"more than a quarter worse than the committed {before:g} x")
    return found


def committed() -> dict[str, float]:
    """Return the committed ratios by the name of their row."""
    ratios: dict[str, float] = json.loads(RATIOS.read_text()) if RATIOS.exists() else {}
    return ratios


def commit(ratios: Mapping[str, float]) -> None:
    """Write the ratios; `make docs` writes their quote in the README."""
    RATIOS.write_text(json.dumps(ratios, indent=2) + "\n")
