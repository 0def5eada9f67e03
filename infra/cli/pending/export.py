"""`invalidator pending export`: what waits, as JSON lines, each with a message that the worker reads."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from infra.cli.defaults import default_settings
from infra.cli.deployed import Deployed, one_line, settings_or_why
from infra.cli.files.new_file import new_file
from infra.cli.pending.reading import LogAsItStands, must_wait, read_target, read_unknown, waiting_now
from infra.cli.printing import iso, many, print_json, print_notes, visible
from infra.cli.session import Session
from invalidator.core.messages.backlog import KeyBacklog, PathBacklog, bodies
from invalidator.core.pending.entry import UNKNOWN, Times, bucket_owner
from invalidator.core.routing.settings import RoutingSettings


def export_waiting(session: Session, file: Path, names: tuple[str, ...]) -> None:
    """Write what waits, of all or of those named, to a new file."""
    deployed = Deployed(session)
    settings = settings_or_why(deployed)
    if isinstance(settings, str):
        print_notes([f"{settings}; paths are those of the template's defaults"])
    routing = (default_settings() if isinstance(settings, str) else settings).routing
    with one_line():
        asked = list(names) or _all(deployed)
        for name in names:
            if name != UNKNOWN:
                must_wait(deployed, name)
        lines = [line for name in asked for line in _lines(deployed, name, routing)]
    with new_file(file) as written:
        for line in lines:
            written.write(json.dumps(line) + "\n")
    if session.as_json:
        print_json({"exported": len(lines), "file": str(file)})
    else:
        click.echo(f"{many(len(lines), 'line')} written to {visible(str(file))}")
    if not lines:
        click.echo("Nothing waits.", err=True)


def _all(deployed: Deployed) -> list[str]:
    """Everyone for whom something waits: the targets of a woken bucket too, which are not woken themselves yet."""
    names: dict[str, None] = {}
    waiting = {wake.name for wake in waiting_now(deployed)}
    for routes, _ in deployed.routes.all_routes():
        if not waiting.isdisjoint(map(bucket_owner, routes.buckets)):
            names[routes.target] = None
    for name in sorted(waiting):
        if not name.startswith("bucket:"):
            names[name.removeprefix("target:")] = None
    return list(names)


def _lines(deployed: Deployed, name: str, routing: RoutingSettings) -> Iterator[dict[str, Any]]:
    now = time.time()
    log = LogAsItStands(deployed.table)
    if name == UNKNOWN:
        unknown = read_unknown(log, deployed, now)
        print_notes(unknown.notes)
        for bucket, keys in sorted(unknown.keys.items()):
            for body in bodies(KeyBacklog(bucket, _newest(keys))):
                yield _line(UNKNOWN, (bucket,), keys, "no survey knows the bucket", body)
        return
    waiting = read_target(log, deployed, name, routing, now)
    paths, buckets = waiting.pending.paths, waiting.routes.buckets
    if paths:
        for body in bodies(PathBacklog(name, buckets, _newest(paths))):
            yield _line(f"target:{name}", buckets, paths, waiting.view.state.reason, body)


def _line(
    name: str, buckets: tuple[str, ...], changed: Mapping[str, Times], reason: str, body: str
) -> dict[str, Any]:
    return {
        "waits_for": name,
        "buckets": list(buckets),
        "first": iso(min(first for first, _ in changed.values())),
        "newest": iso(max(newest for _, newest in changed.values())),
        "reason": reason,
        "body": body,
    }


def _newest(changed: Mapping[str, Times]) -> dict[str, float]:
    return {name: newest for name, (_, newest) in changed.items()}
