"""The rows on the whole worker in virtual time: the published scenarios, and a bulk upload under every quota regime."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.bench.function.process import Run, measured
from infra.bench.row import Row
from infra.simulator.result import Result
from infra.simulator.scenarios import SCENARIOS, Reach

# What a simulation itself may take.
MOST_CPU_SECONDS = 240
MOST_MEMORY_MB = 1000
LAST_FRESH_SECONDS = 20
REGIMES = (
    ("rate", ()),
    ("in-flight", ()),
    ("both", ()),
    ("both", ("--error-rate", "0.05")),
)
MOST_REFUSED = 0.05
UNITS = {"run_cost_usd": "$", "paths": "paths", "write_units": "units", "hottest_partition": "units/s"}


def scenario_rows() -> Iterator[Row]:
    """Each published figure: run again by its scenario's name, and held against what it must reach."""
    for name, scenario in SCENARIOS.items():
        result, run = _simulate("--scenario", name)
        for reach in scenario.reaches:
            yield _reached(name, reach, result)
        yield Row(f"{name}: CPU", run.cpu, "s", MOST_CPU_SECONDS, f"wall {run.wall:.0f} s")
        yield Row(f"{name}: memory", run.resident / 1e6, "MB", MOST_MEMORY_MB, "largest resident size")


def regime_rows() -> Iterator[Row]:
    """100,000 objects in each regime: paths sent; stale, lost or refused objects are faults."""
    for quota, more in REGIMES:
        options = ("--objects", "100000", "--directories", "200", "--upload-rate", "500", "--quota", quota)
        result, _ = _simulate(*options, *more)
        name = f"100,000 objects, {quota}{', 5 % errors' if more else ''}"
        refused = f"{result.requests} requests, {result.refused_requests} refused"
        yield Row(f"{name}: paths", result.paths, "paths", 1000, refused)
        late = result.last_fresh_seconds
        yield Row(f"{name}: last fresh after", late, "s", LAST_FRESH_SECONDS, "the last upload")
        yield _kept(name, result)


def _reached(name: str, reach: Reach, result: Result) -> Row:
    value: float = getattr(result, reach.field)
    unit = "s" if reach.field.endswith("_seconds") else UNITS.get(reach.field, "")
    detail = (
        f"p50 {result.p50_seconds:g} s, p95 {result.p95_seconds:g} s, {result.invalidations} invalidations"
    )
    return Row(f"{name}: {reach.field}", value, unit, reach.bound, detail, at_least=reach.at_least)


def _kept(name: str, result: Result) -> Row:
    refused = result.refused_after_first_minute
    lost = result.stale_objects + result.dead_lettered
    return Row(
        f"{name}: stale or lost",
        lost + (refused > MOST_REFUSED),
        "",
        0,
        f"{refused:.1%} refused after the first minute (at most {MOST_REFUSED:.0%})",
    )


def _simulate(*options: str) -> tuple[Result, Run]:
    program = str(Path(sys.executable).with_name("invalidator"))
    run = measured([program, "simulate", "--json", *options])
    counted: dict[str, Any] = json.loads(run.output)
    return Result(**counted), run
