"""What `invalidator status` shows of the facts."""

import time
from typing import Any

import click

from infra.cli.printing import instant, iso, many, print_json, print_notes, print_table, span
from infra.cli.session import Session
from infra.cli.status.facts import Facts, gather
from invalidator.core.limits.budget import FREE_PATHS_A_MONTH, cost_usd
from invalidator.core.sent import Sent

DISTRIBUTIONS_SHOWN = 10
UNKNOWN = "?"


def show_status(session: Session, interval: int | None) -> None:
    """Show it once; or again each `interval` seconds, until Ctrl-C."""
    while True:
        facts = gather(session, time.time())
        if interval is not None and not session.as_json:
            click.clear()
        _show(session, facts)
        if interval is None:
            return
        try:
            time.sleep(interval)
        except KeyboardInterrupt:
            return


def _show(session: Session, facts: Facts) -> None:
    if session.as_json:
        print_json(_document(facts))
        return
    print_table(("STACK", session.stack), _rows(facts))
    shown = (facts.last or [])[:DISTRIBUTIONS_SHOWN]
    if shown:
        click.echo()
        print_table(
            ("DISTRIBUTION", "LAST INVALIDATION", "AGO", "PATHS"),
            [
                (sent.distribution, sent.id or UNKNOWN, span(facts.at - sent.created), _paths(sent))
                for sent in shown
            ],
        )
    more = len(facts.last or []) - len(shown)
    if more:
        click.echo(f"and {more} more distributions: see --json")
    print_notes(facts.notes)


def _rows(facts: Facts) -> list[tuple[str, str]]:
    return [
        ("at", instant(facts.at)),
        ("worker", {True: "paused: invalidator resume", False: "on", None: UNKNOWN}[facts.paused]),
        ("backlog", _backlog(facts)),
        ("oldest message", UNKNOWN if facts.oldest_seconds is None else span(facts.oldest_seconds)),
        ("dead letters", _dead_letters(facts)),
        ("in progress", _running(facts)),
        ("this month", _month(facts)),
        ("event to invalidation", _latency(facts)),
    ]  # fmt: skip


def _backlog(facts: Facts) -> str:
    if facts.backlog is None:
        return UNKNOWN
    found = facts.backlog
    return f"{many(found.waiting, 'message')}, {found.in_flight} in flight, {found.delayed} delayed"


def _running(facts: Facts) -> str:
    paths = sum(len(each.paths) for each in facts.running)
    return f"{many(len(facts.running), 'invalidation')}, {many(paths, 'path')}"


def _dead_letters(facts: Facts) -> str:
    if facts.dead_letters is None:
        return UNKNOWN
    return f"{facts.dead_letters}" + (": invalidator dlq explain" if facts.dead_letters else "")


def _month(facts: Facts) -> str:
    if facts.paths is None:
        return UNKNOWN
    cost = f"{many(facts.paths, 'path')}, ${cost_usd(facts.paths):.2f}"
    if facts.budget is None:
        return cost
    if not facts.budget:
        return f"{cost}, no budget ({FREE_PATHS_A_MONTH} are free)"
    return f"{cost}, {facts.paths * 100 // facts.budget} % of the budget of {facts.budget}"


def _latency(facts: Facts) -> str:
    if facts.latency is None:
        return f"{UNKNOWN} (no figure of the last 24 h)"
    return f"median {facts.latency.median / 1000:.1f} s, 95 % within {facts.latency.p95 / 1000:.1f} s (last 24 h)"


def _paths(sent: Sent) -> str:
    return f"{len(sent.paths)}" + (f" ({sent.wildcards} wildcards)" if sent.wildcards else "")


def _document(facts: Facts) -> dict[str, Any]:
    backlog, latency = facts.backlog, facts.latency
    return {
        "at": iso(facts.at),
        "paused": facts.paused,
        "backlog": None
        if backlog is None
        else {"waiting": backlog.waiting, "in_flight": backlog.in_flight, "delayed": backlog.delayed},
        "oldest_message_seconds": facts.oldest_seconds,
        "dead_letters": facts.dead_letters,
        "in_progress": [_sent_document(sent) for sent in facts.running],
        "last_invalidations": None if facts.last is None else [_sent_document(sent) for sent in facts.last],
        "month": {
            "paths": facts.paths,
            "cost_usd": None if facts.paths is None else cost_usd(facts.paths),
            "budget_paths": facts.budget,
        },
        "event_to_invalidation_seconds": None
        if latency is None
        else {"median": latency.median / 1000, "p95": latency.p95 / 1000},
        "notes": facts.notes,
    }


def _sent_document(sent: Sent) -> dict[str, Any]:
    return {
        "distribution": sent.distribution,
        "id": sent.id,
        "created": iso(sent.created),
        "paths": len(sent.paths),
        "wildcards": sent.wildcards,
    }
