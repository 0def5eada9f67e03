"""`invalidator pending show`: what waits for one target, bucket, or in unknown buckets, and what would be sent."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from infra.cli.defaults import default_settings
from infra.cli.deployed import Deployed, one_line, settings_or_why, standing_of
from infra.cli.pending.reading import LogAsItStands, Waiting, must_wait, read_target, read_unknown
from infra.cli.printing import instant, iso, many, print_json, print_notes, print_text, span, visible
from infra.cli.serving import find_serving
from infra.cli.session import Session
from infra.cli.waits import in_short
from invalidator.core.coalescing.coalescing import Coalesced, coalesce
from invalidator.core.limits.account import Limits
from invalidator.core.pending.entry import UNKNOWN, Times
from invalidator.core.sent import CLOCK_MARGIN_SECONDS, Coverage

MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Outlook:
    """What waits for a target, and what would be sent to it now.

    Attributes:
        waiting: what was read.
        left: viewer path → first and newest change, of what no invalidation has covered yet.
        sent: what would be sent.
    """

    waiting: Waiting
    left: Mapping[str, Times]
    sent: Coalesced


def show_waiting(session: Session, name: str) -> None:
    """Show what waits for one."""
    deployed = Deployed(session)
    if name == UNKNOWN:
        _show_unknown(session, deployed)
        return
    now = time.time()
    settings = settings_or_why(deployed)
    notes = []
    if isinstance(settings, str):
        notes.append(f"{settings}; the template's defaults are assumed")
        settings = default_settings()
    log = LogAsItStands(deployed.table)
    with one_line():
        serving = find_serving(deployed)
        of_bucket = [target.target for target in serving.targets.values() if name in target.buckets]
        if not of_bucket:
            must_wait(deployed, name)
        read = [read_target(log, deployed, target, settings.routing, now) for target in of_bucket or [name]]
        shown = [
            outlook(deployed, each, settings.limits, now)
            for each in read
            if not of_bucket or each.pending.paths
        ]
    if session.as_json:
        print_json({"waiting": [_document(each) for each in shown], "notes": notes})
    else:
        for number, each in enumerate(shown):
            if number:
                click.echo()
            _print(each, now)
        if not shown:
            click.echo(f"Nothing of {visible(name)} waits.", err=True)
    print_notes(notes)


def outlook(deployed: Deployed, waiting: Waiting, limits: Limits, now: float) -> Outlook:
    """Return what would be sent of what waits, at once. Raises TableUnavailable."""
    pending, routes = waiting.pending, waiting.routes
    if not pending.paths:
        return Outlook(waiting, {}, Coalesced((), ()))
    oldest = min(first for first, _ in pending.paths.values())
    sent = deployed.targets.sent_since(waiting.target, oldest - CLOCK_MARGIN_SECONDS)
    left = Coverage(sent).uncovered(pending.paths)
    stands = standing_of(deployed, waiting.view, waiting.target, routes.role, now)
    allowance = stands.allow(limits, now, len(pending.paths))
    return Outlook(waiting, left, coalesce(left, allowance, floors=pending.floors()))


def _document(shown: Outlook) -> dict[str, Any]:
    waiting = shown.waiting
    return {
        "distribution": waiting.target,
        "buckets": list(waiting.routes.buckets),
        "known": waiting.view.routes is not None,
        "keys": waiting.pending.keys,
        "unserved_keys": waiting.pending.unserved,
        "doubts": waiting.pending.doubts,
        "paths": {
            path: {"first": iso(first), "newest": iso(newest)}
            for path, (first, newest) in sorted(shown.left.items())
        },
        "covered": len(waiting.pending.paths) - len(shown.left),
        "would_send": list(shown.sent.paths),
        "not_before": iso(waiting.view.state.not_before) if waiting.view.state.not_before else None,
        "reason": waiting.view.state.reason,
    }


def _print(shown: Outlook, now: float) -> None:
    waiting, left = shown.waiting, shown.left
    buckets = ", ".join(map(visible, waiting.routes.buckets)) or "no bucket any more"
    print_text(f"{waiting.target} serves {buckets}")
    if waiting.view.routes is None:
        print_text("no survey knows it: what waits for it is given up", "  ")
    if not left:
        print_text("nothing waits for it" + (", all of it is covered" if waiting.pending.paths else ""), "  ")
        return
    oldest = min(first for first, _ in left.values())
    print_text(
        f"{many(len(left), 'path')}, the oldest change {span(now - oldest)} old ({instant(oldest)})", "  "
    )
    print_text(f"why: {in_short(waiting.view.state.reason) or 'it gathers'}", "  ")
    if waiting.view.state.not_before > now:
        print_text(f"not before {instant(waiting.view.state.not_before)}", "  ")
    for doubt in waiting.pending.doubts:
        print_text(f"all counts as changed: {doubt}", "  ")
    print_text(
        f"would be sent now: {many(len(shown.sent.paths), 'path')}, "
        f"{many(len(shown.sent.wildcards), 'wildcard')} among them",
        "  ",
    )
    for path in (*shown.sent.wildcards, *shown.sent.exact)[:MOST_SHOWN]:
        click.echo(f"    {visible(path)}")
    if (more := len(shown.sent.paths) - MOST_SHOWN) > 0:
        click.echo(f"    … and {more} more; --json shows all")


def _show_unknown(session: Session, deployed: Deployed) -> None:
    now = time.time()
    with one_line():
        found = read_unknown(LogAsItStands(deployed.table), deployed, now)
    if session.as_json:
        print_json({
            "waiting": [
                {"bucket": bucket, "keys": {
                    key: {"first": iso(first), "newest": iso(newest)} for key, (first, newest) in keys.items()
                }}
                for bucket, keys in sorted(found.keys.items())
            ],
            "notes": found.notes,
        })  # fmt: skip
        print_notes(found.notes)
        return
    for bucket, keys in sorted(found.keys.items()):
        oldest = min(first for first, _ in keys.values())
        print_text(f"{bucket}: {many(len(keys), 'key')}, the oldest change {span(now - oldest)} old")
        print_text(f"e.g. {min(keys)}", "  ")
    print_notes(found.notes)
    if found.keys:
        click.echo("Who serves these, no survey has told yet: invalidator route refresh", err=True)
    elif not found.notes:
        click.echo("Nothing waits in unknown buckets.", err=True)
