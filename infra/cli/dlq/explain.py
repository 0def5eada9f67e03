"""`invalidator dlq explain`: what is wrong, how it stands now, and what to type."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click

from infra.cli.deployed import Deployed
from infra.cli.dlq.diagnosis import SAFE_TO_PURGE, State, Verdict, judge, plans, route, what_is_wrong
from infra.cli.dlq.letters import DeadLetter, Group, Selector, group
from infra.cli.dlq.queue import dead_letter_queue
from infra.cli.dlq.sample import require, take_sample, tell
from infra.cli.dlq.selection import selector_options
from infra.cli.printing import many, print_command, print_json, print_text
from infra.cli.session import Session, session_options
from infra.cli.times import iso, span
from infra.cli.visible import visible
from infra.cli.worker_view import find_serving, print_notes, settings_or_why
from invalidator.aws.memory_table import MemoryTable
from invalidator.batch.worker import OWN_ACCOUNT
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.budget import Spending, within_budget
from invalidator.core.sent import CLOCK_MARGIN_SECONDS, Coverage
from invalidator.core.work import BatchWork
from invalidator.failures import MemoryUnavailable
from invalidator.settings import Settings

IDS_SHOWN = 3
PURGE = "invalidator dlq purge --export FILE --yes"


@click.command(epilog="\b\nExample:\n  invalidator dlq explain --reason access-denied")
@session_options
@selector_options
def explain(session: Session, *, selector: Selector) -> None:
    """Say for each reason what is wrong, how it stands with the objects now, and the fix.

    The worker's own reading, routing, planning and coverage run over the letters; nothing is sent.
    """
    with dead_letter_queue(session) as queue:
        sample = take_sample(queue)
        chosen = require(selector, sample)
    now = time.time()
    notes: list[str] = []
    deployed = Deployed(session)
    settings = settings_or_why(deployed)
    if isinstance(settings, str):
        notes.append(f"{settings}; the template's defaults are assumed")
        settings = _defaults()
    verdicts = _judge_all(deployed, chosen, settings, now, notes)
    allow = _allowance(deployed, settings, now)
    explained = [(each, [verdicts[letter.id] for letter in each.letters]) for each in group(chosen)]
    if session.as_json:
        groups = [_document(each, found, allow) for each, found in explained]
        print_json({**sample.document(), "notes": notes, "groups": groups})
    else:
        for number, (each, found) in enumerate(explained):
            if number:
                click.echo()
            _print(each, found, allow, now)
    tell(sample)
    print_notes(notes)


def _judge_all(
    deployed: Deployed, letters: Sequence[DeadLetter], settings: Settings, now: float, notes: list[str]
) -> dict[str, Verdict]:
    names = {bucket for letter in letters for bucket in letter.buckets}
    serving = find_serving(deployed, names, now)
    notes += serving.notes
    routed = [(letter, *route(letter, serving.known, settings.routing)) for letter in letters]
    coverage = _coverage(deployed.memory, (work for _, _, work in routed), notes)
    return {
        letter.id: judge(letter, inbox, work, serving.unknown, coverage) for letter, inbox, work in routed
    }


def _coverage(memory: MemoryTable, works: Iterable[BatchWork], notes: list[str]) -> Mapping[str, Coverage]:
    oldest: dict[str, float] = {}
    for batch_work in works:
        for name, work in batch_work.by_distribution.items():
            oldest[name] = min([oldest.get(name, float("inf")), *work.paths.values()])
    try:
        return {
            name: Coverage(memory.sent_since(name, at + CLOCK_MARGIN_SECONDS)) for name, at in oldest.items()
        }
    except MemoryUnavailable as error:
        notes.append(f"what was sent cannot be read, so everything counts as stale: {error}")
        return {}


def _allowance(deployed: Deployed, settings: Settings, now: float) -> Callable[[int], Allowance]:
    """Return what the worker would allow one invalidation of so many paths, within the month's budget."""
    try:
        spending = deployed.memory.recall((), OWN_ACCOUNT, now)[1].spending
    except MemoryUnavailable:
        spending = Spending()  # that the table cannot be read stands in the notes
    ceiling = Allowance(settings.max_paths, min(settings.max_wildcards, settings.max_paths))
    return lambda changed: within_budget(ceiling, settings.monthly_path_budget, spending, now, changed)


def _defaults() -> Settings:
    return Settings(table_name="-", queue_url="-", dead_letter_queue_url="-")


def _document(each: Group, verdicts: Sequence[Verdict], allow: Callable[[int], Allowance]) -> dict[str, Any]:
    return {
        "reason": each.reason,
        "count": len(each.letters),
        "wrong": what_is_wrong(each),
        "fix": each.fix,
        "detail": each.letters[0].detail,
        "distributions": each.distributions,
        "buckets": each.buckets,
        "redrive_would_send": [
            {"distribution": plan.distribution, "paths": plan.paths, "wildcards": plan.wildcards}
            for plan in plans(verdicts, allow)
        ],
        "letters": [
            {
                "id": verdict.letter.id,
                "sent": iso(verdict.letter.sent),
                "state": verdict.state.value,
                "why": verdict.why,
                "safe_to_purge": verdict.state in SAFE_TO_PURGE,
            }
            for verdict in verdicts
        ],
    }


def _print(each: Group, verdicts: Sequence[Verdict], allow: Callable[[int], Allowance], now: float) -> None:
    age = span(now - each.letters[0].sent)
    print_text(f"{each.reason}: {many(len(each.letters), 'dead letter')}, the oldest {age} old")
    print_text(f"wrong: {what_is_wrong(each)}", "  ")
    if each.letters[0].detail:
        print_text(f"said: {each.letters[0].detail}", "  ")
    states = Counter(verdict.state for verdict in verdicts)
    for state in State:
        if states[state]:
            first = next(verdict for verdict in verdicts if verdict.state is state)
            safe = "; safe to purge" if state in SAFE_TO_PURGE else ""
            print_text(f"now: {states[state]} {state.value}: {first.why}{safe}", "  ")
    for plan in plans(verdicts, allow):
        print_text(
            f"redriven: {many(plan.paths, 'path')} to {plan.distribution}, "
            f"{many(plan.wildcards, 'wildcard')} among them",
            "  ",
        )
    safe_ones = [verdict for verdict in verdicts if verdict.state in SAFE_TO_PURGE]
    if len(safe_ones) == len(verdicts):
        print_text("fix: nothing is left to do; purge them", "  ")
        print_command(PURGE, f"--reason {visible(each.reason)}")
        return
    print_text(f"fix: {each.fix}", "  ")
    if safe_ones:
        print_text("for those that are safe to purge, by id (all ids are in --json):", "  ")
        print_command(PURGE, *(f"--id {verdict.letter.id}" for verdict in safe_ones[:IDS_SHOWN]))
