"""One simulation as `invalidator simulate` was asked for it: chosen, run, and shown."""

import importlib.util
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import click

from infra.cli.errors import CommandError
from infra.cli.files.input_files import read_keys
from infra.cli.printing import print_json, progress, visible
from infra.cli.session import Session
from infra.local.cloudfront.quotas import Regime
from infra.simulator.changes import Changes, Keys, Pages, Tree
from infra.simulator.result import Result
from infra.simulator.scenarios import SCENARIOS
from infra.simulator.simulation import Site, simulate
from invalidator.core.limits.budget import cost_usd
from invalidator.core.pending.wakes import Gathering

# What these options are called in what is written to the site.
FIELDS = {
    "objects": "objects",
    "directories": "directories",
    "upload_rate": "rate",
    "changes_every": "every",
    "for_seconds": "seconds",
}
OPTIONS = {"for_seconds": "--for"}
PAGES = ("distributions", "changes_every", "for_seconds")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was typed; None is the scenario's own, or the default.

    Attributes:
        scenario: the name of one.
        keys: the file of keys to upload.
        literal: a line of it is a key, whatever it looks like.
        distributions: how many.
        window: GatherSeconds.
        quiet: QuietSeconds.
        quota: what is enforced.
        monthly_budget: paths.
        error_rate: part of 5xx answers.
        seed: decides every chance.
        chart: the file to draw it to.
        numbers: what else was typed, by the names in `FIELDS`.
    """

    scenario: str | None
    keys: str | None
    literal: bool
    distributions: int | None
    window: float | None
    quiet: float | None
    quota: str | None
    monthly_budget: int | None
    error_rate: float | None
    seed: int
    chart: Path | None
    numbers: Mapping[str, float]

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Asked":
        """Return it by the command's options."""
        own = {name: value for name, value in options.items() if name not in FIELDS}
        numbers = {name: options[name] for name in FIELDS if options[name] is not None}
        return cls(**own, numbers=numbers)

    def site(self, site: Site) -> Site:
        """Return a site with what was asked of it."""
        own = site.gathering
        return replace(
            site,
            gathering=Gathering(
                own.quiet if self.quiet is None else self.quiet,
                own.most if self.window is None else self.window,
            ),
            regime=site.regime if self.quota is None else Regime(self.quota),
            monthly_budget=site.monthly_budget if self.monthly_budget is None else self.monthly_budget,
            error_rate=site.error_rate if self.error_rate is None else self.error_rate,
            seed=self.seed,
        )


def show_simulation(session: Session, asked: Asked) -> None:
    """Run it, and show what came of it. Raises CommandError where what was asked does not fit together."""
    _check_chart(asked.chart)
    site, changes = _chosen(asked.scenario, asked.keys, asked.distributions, literal=asked.literal)
    if asked.scenario is None and asked.keys is None and any(name in PAGES for name in asked.numbers):
        changes = Pages()
    changes = _changed(changes, asked.numbers)
    site = asked.site(site)
    with progress("objects changed", getattr(changes, "objects", 0)) as advance:
        shown = 0

        def show(written: int) -> None:
            nonlocal shown
            advance(written - shown)
            shown = written

        result = simulate(site, changes.writes(site), show)
    if session.as_json:
        click.echo(json.dumps(result.counted()))
    else:
        _print(result)
    if asked.chart is not None:
        from infra.simulator.chart import draw

        draw(result, asked.chart)


def list_scenarios(session: Session) -> None:
    """List the scenarios, each with what it is for."""
    if session.as_json:
        print_json({name: each.explanation for name, each in SCENARIOS.items()})
    else:
        for name, each in SCENARIOS.items():
            click.echo(f"{name:<20}{each.explanation}")


def _check_chart(chart: Path | None) -> None:
    if chart is not None and chart.suffix not in (".svg", ".png"):
        raise CommandError(f"--chart {chart}: the file must end in .svg or .png")
    if chart is not None and importlib.util.find_spec("matplotlib") is None:
        raise CommandError(
            "--chart needs matplotlib; install it beside: pipx inject cloudfront-invalidator matplotlib"
        )
    if chart is not None and not os.access(chart.parent, os.W_OK):
        raise CommandError(f"--chart {visible(str(chart))}: no file can be written in that folder")


def _chosen(
    scenario: str | None, keys: str | None, distributions: int | None, *, literal: bool
) -> tuple[Site, Changes]:
    """Return the site and what is written to it, before single numbers are changed."""
    site: Site
    changes: Changes
    if scenario is not None:
        if scenario not in SCENARIOS:
            raise CommandError(
                f"--scenario {visible(scenario)}: there is none of that name; --list shows them"
            )
        if keys is not None:
            raise CommandError("--keys: a scenario makes its own; leave one of the two out")
        site, changes = SCENARIOS[scenario].site, SCENARIOS[scenario].changes
    elif keys is not None:
        uploaded = read_keys(keys, literal=literal)
        if not uploaded:
            raise CommandError(f"--keys {visible(keys)}: no keys in it, one a line is expected")
        site, changes = Site(), Keys(uploaded)
    else:
        site, changes = Site(), Tree() if distributions is None else Pages()
    if distributions is not None:
        if not (site.shared or isinstance(changes, Pages)):
            raise CommandError("--distributions: an upload has one; leave the other options out")
        site = replace(site, distributions=distributions)
    return site, changes


def _changed(changes: Changes, given: Mapping[str, float]) -> Changes:
    """Return what is written with other numbers. An option that it has no use for is refused."""
    known = {each.name for each in fields(changes)}
    for name in given:
        if FIELDS[name] not in known:
            option = OPTIONS.get(name, "--" + name.replace("_", "-"))
            raise CommandError(f"{option}: has no meaning beside the other options; leave it out")
    numbers: dict[str, Any] = {FIELDS[name]: value for name, value in given.items()}
    return replace(changes, **numbers)


def _print(result: Result) -> None:
    rows = [
        ("objects changed", f"{result.objects:,}"),
        ("messages", f"{result.messages:,}"),
        ("runs of the functions", f"{result.invocations:,}"),
        ("invalidation requests", f"{result.requests:,} ({result.refused_requests:,} refused)"),
        ("paths sent", f"{result.paths:,} ({result.wildcards:,} wildcards)"),
        (
            "cost of the paths",
            f"${result.cost_usd:,.2f} (one path an object: ${cost_usd(result.objects):,.2f})",
        ),
        ("cost of the run", f"${result.run_cost_usd:,.4f} at list price"),
        ("objects still stale", f"{result.stale_objects:,}"),
        ("dead letters", f"{result.dead_lettered:,}"),
        ("fresh after", f"{result.p50_seconds:.1f} s (median), {result.p95_seconds:.1f} s (95 %)"),
        ("longest wait", f"{result.longest_wait_seconds:.1f} s"),
        ("last object fresh after", f"{result.last_fresh_seconds:.1f} s"),
    ]
    if result.distributions > 1:
        each = f"{result.fewest_invalidations:,} to {result.most_invalidations:,}"
        rows.append(("invalidations", f"{result.invalidations:,}; each distribution {each}"))
    for name, value in rows:
        click.echo(f"{name:<28}{value}")
