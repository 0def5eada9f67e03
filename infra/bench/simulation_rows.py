"""The rows on the whole worker in virtual time: every quota regime, and a million objects."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.bench.function.process import Run, measured
from infra.bench.row import Row

WINDOW = 20.0
REGIMES = (
    ("rate", ()),
    ("in-flight", ()),
    ("both", ()),
    ("both", ("--error-rate", "0.05")),
)
MOST_REFUSED = 0.05


def regime_rows() -> Iterator[Row]:
    """100,000 objects in each regime: paths sent; stale, lost or refused objects are faults."""
    for quota, more in REGIMES:
        result, _ = _simulate("100000", "--quota", quota, *more)
        name = f"simulated 100,000 objects, {quota}{', 5 % errors' if more else ''}"
        yield Row(
            f"{name}: paths",
            result["paths"],
            "paths",
            1000,
            f"{result['requests']} requests, {result['refused_requests']} refused",
        )
        yield Row(
            f"{name}: last fresh after",
            result["last_fresh_seconds"],
            "s",
            WINDOW + 20,
            f"window {WINDOW:g} s",
        )
        yield _kept(name, result)


def million_rows() -> Iterator[Row]:
    """A million objects: what the simulation takes."""
    result, run = _simulate("1000000")
    name = "simulated 1,000,000 objects"
    yield Row(f"{name}: CPU", run.cpu, "s", 180, f"wall {run.wall:.0f} s")
    yield Row(f"{name}: memory", run.resident / 1e6, "MB", 1000, "largest resident size")
    yield Row(f"{name}: paths", result["paths"], "paths", 1000, f"{result['requests']} requests")
    yield _kept(name, result)


def _kept(name: str, result: dict[str, Any]) -> Row:
    refused = result["refused_after_first_minute"]
    lost = result["stale_objects"] + result["dead_lettered"]
    return Row(
        f"{name}: stale or lost",
        lost + (refused > MOST_REFUSED),
        "",
        0,
        f"{refused:.1%} refused after the first minute (at most {MOST_REFUSED:.0%})",
    )


def _simulate(objects: str, *more: str) -> tuple[dict[str, Any], Run]:
    program = str(Path(sys.executable).with_name("invalidator"))
    command = [program, "simulate", "--json", "--objects", objects]
    run = measured([*command, "--directories", "200", "--upload-rate", "500", "--window", str(WINDOW), *more])
    result: dict[str, Any] = json.loads(run.output)
    return result, run
