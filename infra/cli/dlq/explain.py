"""`invalidator dlq explain`: what is wrong, how it stands now, and what to type."""

import functools
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from infra.cli.deployed import Deployed, Standing, find_serving, settings_or_why, standing
from infra.cli.dlq.diagnosis import SAFE_TO_PURGE, Allow, State, Verdict, judge, plans, what_is_wrong, work_of
from infra.cli.dlq.letters import DeadLetter, Group, group
from infra.cli.dlq.queue import dead_letter_queue
from infra.cli.dlq.sample import require, take_sample, tell
from infra.cli.dlq.selection import Selector
from infra.cli.printing import iso, many, print_command, print_json, print_notes, print_text, span, visible
from infra.cli.session import Session
from invalidator.aws.memory_table import MemoryTable
from invalidator.core.limits.account import Limits
from invalidator.core.routing.distribution import Distribution
from invalidator.core.sent import Coverage, safely_after
from invalidator.core.work import BatchWork
from invalidator.failures import MemoryUnavailable
from invalidator.settings import Settings

IDS_SHOWN = 3
PURGE = "invalidator dlq purge --export FILE --yes"


def explain_letters(session: Session, selector: Selector) -> None:
    """Say for each reason what is wrong, how it stands with the objects now, and the fix."""
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
    verdicts, distributions = _judge_all(deployed, chosen, settings, now, notes)
    allow = _allowance(deployed, distributions, settings.limits, now)
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
) -> tuple[dict[str, Verdict], dict[str, Distribution]]:
    names = {bucket for letter in letters for bucket in letter.buckets}
    serving = find_serving(deployed, names, now)
    notes += serving.notes
    routed = [(letter, *work_of(letter, serving.known, settings.routing)) for letter in letters]
    coverage = _coverage(deployed.memory, (work for _, _, work in routed), notes)
    verdicts = {
        letter.id: judge(letter, inbox, work, serving.unknown, coverage) for letter, inbox, work in routed
    }
    works = [each for _, _, work in routed for each in work.by_distribution.values()]
    return verdicts, {each.distribution.id: each.distribution for each in works}


def _coverage(memory: MemoryTable, works: Iterable[BatchWork], notes: list[str]) -> Mapping[str, Coverage]:
    oldest: dict[str, float] = {}
    for batch_work in works:
        for name, work in batch_work.by_distribution.items():
            oldest[name] = min([oldest.get(name, float("inf")), *work.paths.values()])
    try:
        return {name: Coverage(memory.sent_since(name, safely_after(at))) for name, at in oldest.items()}
    except MemoryUnavailable as error:
        notes.append(f"what was sent cannot be read, so everything counts as stale: {error}")
        return {}


def _allowance(
    deployed: Deployed, distributions: Mapping[str, Distribution], limits: Limits, now: float
) -> Allow:
    """Return what the worker would send to a distribution at once, told from how many viewer paths changed."""

    @functools.cache
    def recalled(name: str) -> Standing:
        try:
            return standing(deployed, distributions[name], now)
        except MemoryUnavailable:
            return Standing()  # that the table cannot be read stands in the notes

    return lambda name, changed: recalled(name).allow(limits, now, changed)


def _defaults() -> Settings:
    return Settings(table_name="-", queue_url="-", dead_letter_queue_url="-")


def _document(each: Group, verdicts: Sequence[Verdict], allow: Allow) -> dict[str, Any]:
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


def _print(each: Group, verdicts: Sequence[Verdict], allow: Allow, now: float) -> None:
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
