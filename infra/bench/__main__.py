"""`make bench`: measures speed and purge, both sides in one run, and holds the ratios against the committed ones."""

import json
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

import click

from infra.bench.coalescing.rows import collateral_rows, speed_rows
from infra.bench.function.rows import worker_rows
from infra.bench.row import RATIOS, Row, committed, faults
from infra.bench.row import commit as save
from infra.bench.simulation_rows import regime_rows, scenario_rows

# Smaller figures are printed with their digits after the point.
WHOLE = 100
RESULT = Path(".local/bench.json")
VERSIONS = ("boto3", "pydantic", "aws-lambda-powertools")


@click.command()
@click.option("--quick", is_flag=True, help="Leave out what takes minutes: the simulations.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option(
    "--commit",
    is_flag=True,
    help=f"Write the ratios to {RATIOS.name} (later runs are held to them; make docs quotes them).",
)
def main(*, quick: bool, as_json: bool, commit: bool) -> None:
    r"""Measure, print, and exit with 1 where a reach is missed or a ratio is more than a quarter worse.

    \b
    Example:
      make bench
      python -m infra.bench --quick --json
    """
    before = committed()
    machine = _machine()
    if not as_json:
        click.echo("  ".join(f"{name} {value}" for name, value in machine.items()))
    rows: list[Row] = []
    failed = False
    for row in _rows(quick=quick):
        rows.append(row)
        wrong = faults(row, before)
        failed = failed or bool(wrong)
        if not as_json:
            click.echo(_line(row, wrong))
    result = json.dumps(
        {
            "machine": machine,
            "rows": [
                {**asdict(row), "committed": before.get(row.name), "faults": faults(row, before)}
                for row in rows
            ],
        },
        indent=2,
    )
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(result + "\n")
    if as_json:
        click.echo(result)
    if commit:
        save({row.name: round(row.value, 3) for row in rows if row.unit == "x"})
    sys.exit(1 if failed else 0)


def _rows(*, quick: bool) -> Iterator[Row]:
    yield from worker_rows()
    yield from speed_rows()
    yield from collateral_rows()
    if not quick:
        yield from scenario_rows()
        yield from regime_rows()


def _machine() -> dict[str, str]:
    return {
        "machine": f"{platform.machine()} {_processor()}",
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in VERSIONS},
    }


def _processor() -> str:
    """The processor's name where Linux tells it."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")


def _line(row: Row, wrong: list[str]) -> str:
    sign = "≥" if row.at_least else "≤"
    value = f"{row.value:,.0f}" if row.value >= WHOLE else f"{row.value:,.3g}"
    if row.unit == "x":
        value = f"{row.value:,.2f}"
    verdict = "; ".join(wrong) or "ok"
    return f"{row.name:<58}{value:>8} {row.unit:<6}{sign} {row.reach:<6g}{verdict:<4}  {row.detail}"


if __name__ == "__main__":
    main()
