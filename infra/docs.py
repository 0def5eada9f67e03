"""What the README says that stands elsewhere already: `make docs` writes it there with cog, `make lint` compares."""

from collections.abc import Iterable, Sequence

from infra.bench.row import committed
from infra.bench.side_by_side import WAYS
from infra.bench.side_by_side import committed as measured_side_by_side
from infra.template import read_template
from invalidator.core.reasons import FIX, MEANING, Reason


def parameters() -> str:
    """Return the table of the stack's parameters, in the template's own words."""
    rows = (
        (f"`{name}`", f"`{each['Default']}`" if each["Default"] != "" else "", each["Description"])
        for name, each in read_template()["Parameters"].items()
    )
    return _table(("parameter", "default", "what it is"), rows)


def reasons() -> str:
    """Return the table of the reasons for dead letters, in the code's own words."""
    return _table(
        ("reason", "what it means", "what to do"),
        ((f"`{each}`", MEANING[each], FIX[each]) for each in Reason),
    )


def side_by_side() -> str:
    """Return what viewers saw of each way to invalidate, as measured last."""
    heading = ("", "", "stale views", "for, s", "needless fetches", "paths", "cost past the free")
    rows = [
        (
            each.case if number % len(WAYS) == 0 else "",
            each.way,
            f"{each.stale_views:,} of {each.views:,}",
            f"{each.stale_seconds:,.0f}",
            f"{each.needless_fetches:,}",
            f"{each.paths:,}",
            f"${each.cost_usd:.2f}",
        )
        for number, each in enumerate(measured_side_by_side())
    ]
    return _table(heading, rows)


def ratios() -> str:
    """Return the committed ratios of `make bench`."""
    rows = "".join(f"{ratio:5.2f}  {name}\n" for name, ratio in committed().items())
    return f"```text\n{rows}```"


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)
