"""`invalidator pending list`: whom something waits for, by target and bucket, since when, why."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import click

from infra.cli.deployed import Deployed, one_line
from infra.cli.errors import NOT_EMPTY
from infra.cli.pending.reading import UNREAD, buckets_of, waiting_now
from infra.cli.printing import iso, print_json, print_table, some, span
from infra.cli.serving import Serving, find_serving
from infra.cli.session import Session
from infra.cli.waits import in_short, waits_for
from invalidator.core.pending.wakes import Wake


def list_waiting(session: Session, *, check: bool) -> int:
    """List it; return the exit code."""
    deployed = Deployed(session)
    now = time.time()
    with one_line():
        waiting = waiting_now(deployed)
        serving = find_serving(deployed)
        buckets = {wake.name: buckets_of(deployed, wake, serving) for wake in waiting}
    if session.as_json:
        print_json({"waiting": [_document(wake, buckets[wake.name], now) for wake in waiting]})
    elif waiting:
        _print(waiting, buckets, serving, now)
    else:
        click.echo("Nothing waits.", err=True)
    return NOT_EMPTY if check and waiting else 0


def _document(wake: Wake, buckets: Sequence[str], now: float) -> dict[str, Any]:
    return {
        "waits_for": wake.name,
        "buckets": list(buckets),
        "since": None if wake.since is None else iso(wake.since),
        "age_seconds": None if wake.since is None else max(0.0, now - wake.since),
        "paths": wake.waiting,
        "next_look": None if wake.due is None else iso(wake.due),
        "at_work": wake.leased_until > now,
        "reason": wake.reason,
    }


def _print(
    waiting: Sequence[Wake], buckets: Mapping[str, Sequence[str]], serving: Serving, now: float
) -> None:
    print_table(
        ("WAITS FOR", "BUCKETS", "OLDEST", "PATHS", "NEXT LOOK", "WHY"),
        [
            (
                waits_for(wake.name),
                some(buckets[wake.name], 2) or "-",
                "-" if wake.since is None else span(now - wake.since),
                str(wake.waiting) if wake.waiting else UNREAD,
                _next(wake, now),
                in_short(wake.reason) or "it gathers",
            )
            for wake in waiting
        ],
    )
    if serving.unreadable:
        click.echo(f"note: which buckets these are is not known: {serving.unreadable}", err=True)
    click.echo("What would be sent: invalidator pending show NAME", err=True)


def _next(wake: Wake, now: float) -> str:
    if wake.leased_until > now:
        return "at work"
    if wake.due is None:
        return "-"
    return f"in {span(wake.due - now)}" if wake.due > now else "now"
