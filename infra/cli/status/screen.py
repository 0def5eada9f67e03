"""What `invalidator status` shows of the facts."""

import time
from typing import Any

import click

from bucket_watch.standing import Standing
from infra.cli.printing import instant, iso, many, print_json, print_notes, print_table, print_text, span
from infra.cli.session import Session
from infra.cli.status.facts import Facts, gather
from infra.cli.status.money import Money
from infra.cli.status.warnings import warnings
from infra.cli.waits import in_short, waits_for
from invalidator.core.limits.account import Limits
from invalidator.core.limits.budget import FREE_PATHS_A_MONTH, cost_usd
from invalidator.core.pending.wakes import Wake
from invalidator.core.remembering.memory_state import MemoryState
from invalidator.core.sent import Sent

DISTRIBUTIONS_SHOWN = 10
WAITING_SHOWN = 10
BUCKETS_SHOWN = 10
UNKNOWN = "?"


def show_status(session: Session, interval: int | None) -> None:
    """Show it once; or again each `interval` seconds, until Ctrl-C."""
    facts = gather(session, time.time())
    wrong = warnings(session)  # asked once: of these, nothing changes by itself
    while True:
        facts.warnings = wrong
        if interval is not None and not session.as_json:
            click.clear()
        _show(session, facts)
        if interval is None:
            return
        time.sleep(interval)
        facts = gather(session, time.time())


def _show(session: Session, facts: Facts) -> None:
    if session.as_json:
        print_json(_document(facts))
        return
    for each in facts.warnings:
        print_text(f"WARNING {each.part}: {each.text}" + (f"; {each.fix}" if each.fix else ""))
    print_table(("STACK", session.stack), _rows(facts))
    _lost(facts)
    waiting = (facts.pending or [])[:WAITING_SHOWN]
    if waiting:
        click.echo()
        print_table(
            ("WAITS FOR", "OLDEST CHANGE", "PATHS", "WHY"),
            [
                (
                    waits_for(wake.name),
                    span(facts.at - (wake.since or facts.at)),
                    f"{wake.waiting}",
                    _why(wake),
                )
                for wake in waiting
            ],
        )
    if waiting:
        more = len(facts.pending or []) - len(waiting)
        click.echo(f"and {more} more: invalidator pending list" if more else "see: invalidator pending list")
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
        ("worker", _worker(facts)),
        ("not read yet", _backlog(facts)),
        ("oldest message", UNKNOWN if facts.oldest_seconds is None else span(facts.oldest_seconds)),
        ("not sent yet", _pending(facts)),
        ("dead letters", _dead_letters(facts)),
        *_routes(facts),
        ("buckets", _buckets(facts)),
        ("in progress", _running(facts)),
        ("this month", _month(facts)),
        *_money(facts.money, facts.limits),
        ("event to invalidation", _latency(facts)),
        *((f"remembered {bucket}", _remembered(state)) for bucket, state in facts.remembered.items()),
    ]


def _remembered(state: MemoryState) -> str:
    if state.stopped:
        return f"stopped: {state.forgotten}"
    counts = state.counts
    judged = f"{counts.unchanged:,} unchanged, {counts.new:,} new, {counts.changed:,} changed this month"
    if state.refused:
        return f"S3 refuses, each change counts: {state.refused}"
    if state.round.began or not state.complete:
        return f"a round goes through it, {many(state.round.objects, 'object')} so far; {judged}"
    return judged


def _worker(facts: Facts) -> str:
    if facts.paused is None:
        return UNKNOWN
    off = [step for step, paused in facts.paused.items() if paused]
    if not off:
        return "on"
    return f"{' and '.join(off)} paused: invalidator resume"


def _backlog(facts: Facts) -> str:
    if facts.backlog is None:
        return UNKNOWN
    found = facts.backlog
    return f"{many(found.waiting, 'message')}, {found.in_flight} in flight, {found.delayed} delayed"


def _pending(facts: Facts) -> str:
    if facts.pending is None:
        return UNKNOWN
    if not facts.pending:
        return "nothing"
    oldest = facts.pending[0]
    paths = sum(wake.waiting for wake in facts.pending)
    age = span(facts.at - (oldest.since or facts.at))
    return f"{many(paths, 'path')}, the oldest change {age} old"


def _lost(facts: Facts) -> None:
    """Name each bucket that does not send, whole: a cut sentence or command helps nobody."""
    lost = [each for each in facts.buckets or [] if each.wrong]
    for each in lost[:BUCKETS_SHOWN]:
        by = f"; {each.by}" if each.by else ""
        since = span(facts.at - each.wrong_since)
        click.echo()
        print_text(f"bucket {each.bucket}, for {since}: {'; '.join(each.wrong)}{by}")
        print_text(f"type: {each.fix}")
    if len(lost) > BUCKETS_SHOWN:
        click.echo(f"and {len(lost) - BUCKETS_SHOWN} more: see --json")


def _why(wake: Wake) -> str:
    return in_short(wake.reason) or "it gathers"


def _buckets(facts: Facts) -> str:
    """Whether the buckets that were connected still send, as the watch saw it last."""
    if facts.buckets is None:
        return UNKNOWN
    if not facts.buckets:
        return "the watch has looked at none yet"
    lost = sum(bool(each.wrong) for each in facts.buckets)
    unknown = sum(bool(each.unknown) for each in facts.buckets)
    parts = [f"{len(facts.buckets) - lost - unknown} send"]
    parts += [f"{lost} lost: see below"] if lost else []
    parts += [f"{unknown} unknown"] if unknown else []
    ago = span(facts.at - min(each.looked for each in facts.buckets))
    return f"{', '.join(parts)} (seen {ago} ago)"


def _running(facts: Facts) -> str:
    paths = sum(len(each.paths) for each in facts.running)
    return f"{many(len(facts.running), 'invalidation')}, {many(paths, 'path')}"


def _dead_letters(facts: Facts) -> str:
    if facts.dead_letters is None:
        return UNKNOWN
    return f"{facts.dead_letters}" + (": invalidator dlq explain" if facts.dead_letters else "")


def _routes(facts: Facts) -> list[tuple[str, str]]:
    """The routes' age, where somebody has to know it."""
    if facts.surveyed is None:
        return [("routes", UNKNOWN)]
    if not facts.surveyed:
        return [("routes", "never surveyed: invalidator route refresh")]
    age = facts.at - facts.surveyed
    if facts.late_after is None or age <= facts.late_after:
        return []
    return [("routes", f"{span(age)} old, which is late: invalidator route refresh")]


def _month(facts: Facts) -> str:
    if facts.paths is None:
        return UNKNOWN
    cost = f"{many(facts.paths, 'path')}, ${cost_usd(facts.paths):.2f}"
    if facts.limits is None:
        return cost
    budget = facts.limits.monthly_budget
    if not budget:
        return f"{cost}, no budget ({FREE_PATHS_A_MONTH} are free)"
    return f"{cost}, {facts.paths * 100 // budget} % of the budget of {budget}"


def _money(money: Money | None, limits: Limits | None) -> list[tuple[str, str]]:
    """The month's forecast and bound; the second row says what the bound is made of."""
    if money is None or limits is None:
        return []
    rows = [("forecast", f"${money.forecast:,.2f} at the month's end, if it goes on so")]
    bound = "nothing bounds it" if money.bound is None else f"${money.bound:,.2f}"
    if money.each_over_budget is not None:
        bound += f": the budget, then ${money.each_over_budget:,.2f} for each distribution"
    rows.append(("at most a month", bound))
    if limits.hard_path_limit:
        rows.append(("HardPathLimit", f"{limits.hard_path_limit:,} paths; then changes wait"))
    return rows


def _latency(facts: Facts) -> str:
    if facts.latency is None:
        return f"{UNKNOWN} (no figure of the last 24 h)"
    return f"median {facts.latency.median:.1f} s, 95 % within {facts.latency.p95:.1f} s (last 24 h)"


def _paths(sent: Sent) -> str:
    return f"{len(sent.paths)}" + (f" ({many(sent.wildcards, 'wildcard')})" if sent.wildcards else "")


def _document(facts: Facts) -> dict[str, Any]:
    backlog, latency, money, limits = facts.backlog, facts.latency, facts.money, facts.limits
    return {
        "at": iso(facts.at),
        "paused": facts.paused,
        "backlog": None
        if backlog is None
        else {"waiting": backlog.waiting, "in_flight": backlog.in_flight, "delayed": backlog.delayed},
        "oldest_message_seconds": facts.oldest_seconds,
        "routes_age_seconds": round(max(0.0, facts.at - facts.surveyed), 1) if facts.surveyed else None,
        "oldest_unsent_seconds": None if facts.pending is None else _age(facts, facts.pending),
        "pending": None
        if facts.pending is None
        else [_pending_document(facts, wake) for wake in facts.pending],
        "dead_letters": facts.dead_letters,
        "buckets": None if facts.buckets is None else [_bucket_document(each) for each in facts.buckets],
        "in_progress": [_sent_document(sent) for sent in facts.running],
        "last_invalidations": None if facts.last is None else [_sent_document(sent) for sent in facts.last],
        "month": {
            "paths": facts.paths,
            "cost_usd": None if facts.paths is None else cost_usd(facts.paths),
            "budget_paths": None if limits is None else limits.monthly_budget,
            "over_budget_seconds": None if limits is None else limits.over_budget_seconds,
            "hard_path_limit": None if limits is None else limits.hard_path_limit,
            "distributions": facts.distributions,
            "forecast_usd": None if money is None else money.forecast,
            "most_usd": None if money is None else money.bound,
            "most_usd_each_over_budget": None if money is None else money.each_over_budget,
        },
        "event_to_invalidation_seconds": None
        if latency is None
        else {"median": latency.median, "p95": latency.p95},
        "remembered": {
            bucket: {
                "complete_since": iso(state.complete) if state.complete else None,
                "stopped": state.stopped,
                "refused": state.refused,
                "unchanged": state.counts.unchanged,
                "new": state.counts.new,
                "changed": state.counts.changed,
            }
            for bucket, state in facts.remembered.items()
        },
        "warnings": [
            {"part": each.part, "text": each.text, "fix": each.fix or None} for each in facts.warnings
        ],
        "notes": facts.notes,
    }


def _age(facts: Facts, waiting: list[Wake]) -> float:
    return max((facts.at - (wake.since or facts.at) for wake in waiting), default=0.0)


def _bucket_document(standing: Standing) -> dict[str, Any]:
    state = "unknown" if standing.unknown else "lost" if standing.wrong else "works"
    return {
        "bucket": standing.bucket,
        "road": standing.road,
        "state": state,
        "wrong": list(standing.wrong),
        "fix": standing.fix,
        "since": iso(standing.wrong_since) if standing.wrong_since else None,
        "by": standing.by,
        "looked": iso(standing.looked),
    }


def _pending_document(facts: Facts, wake: Wake) -> dict[str, Any]:
    return {
        "waits_for": wake.name,
        "since": None if wake.since is None else iso(wake.since),
        "age_seconds": _age(facts, [wake]),
        "paths": wake.waiting,
        "reason": wake.reason,
    }


def _sent_document(sent: Sent) -> dict[str, Any]:
    return {
        "distribution": sent.distribution,
        "id": sent.id,
        "created": iso(sent.created),
        "paths": len(sent.paths),
        "wildcards": sent.wildcards,
    }
