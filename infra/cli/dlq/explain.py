"""`invalidator dlq explain`: what is wrong, how it stands now, and what to type."""

import functools
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import click

from infra.cli.defaults import settings_for_letters
from infra.cli.deployed import Deployed, Standing, settings_or_why, standing
from infra.cli.dlq.diagnosis import SAFE_TO_PURGE, Plan, State, Verdict, judge, plans, what_is_wrong
from infra.cli.dlq.letter_work import LetterWork, work_of
from infra.cli.dlq.letters import DeadLetter, Group, group
from infra.cli.dlq.next_commands import next_commands, unpins
from infra.cli.dlq.sample import require, take_sample, tell
from infra.cli.dlq.selection import Selector
from infra.cli.dlq.sqs.queue import dead_letter_queue
from infra.cli.printing import iso, many, print_command, print_json, print_notes, print_text, span
from infra.cli.serving import Serving, find_serving, floors
from infra.cli.session import Session
from invalidator.aws.table.targets import TargetTable
from invalidator.core.reasons import Reason
from invalidator.core.routing.pins import Pin
from invalidator.core.sent import CLOCK_MARGIN_SECONDS, Coverage
from invalidator.failures import TableUnavailable, UnreadablePin
from invalidator.settings import Settings


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
        notes.append(f"{settings}; the template's defaults are assumed, and that new ACLs are changes")
        settings = settings_for_letters()
    serving = find_serving(deployed)
    if serving.unreadable:
        notes.append(serving.unreadable)
    verdicts = _judge_all(deployed, chosen, settings, serving, notes)
    plan = _planning(deployed, serving, settings, now)
    explained = [(each, [verdicts[letter.id] for letter in each.letters]) for each in group(chosen)]
    pins = _pins(deployed, explained, notes)
    if session.as_json:
        groups = [_document(each, found, plan(found), pins) for each, found in explained]
        print_json({**sample.document(), "notes": notes, "groups": groups})
    else:
        for number, (each, found) in enumerate(explained):
            if number:
                click.echo()
            _print(each, found, plan(found), pins, now)
    tell(sample)
    print_notes(notes)


def _pins(
    deployed: Deployed, explained: Sequence[tuple[Group, Sequence[Verdict]]], notes: list[str]
) -> Sequence[Pin] | None:
    """What people pinned, None where that cannot be read; asked only where a pin may name what is gone."""
    if all(each.reason != Reason.DISTRIBUTION_GONE for each, _ in explained):
        return ()
    try:
        return deployed.pins.pins()
    except (TableUnavailable, UnreadablePin) as error:
        notes.append(f"whether a pin names a distribution that is gone is not known: {error}")
        return None


def _judge_all(
    deployed: Deployed, letters: Sequence[DeadLetter], settings: Settings, serving: Serving, notes: list[str]
) -> dict[str, Verdict]:
    works = [(letter, work_of(letter, serving, settings)) for letter in letters]
    coverage = _coverage(deployed.targets, (work for _, work in works), notes)
    return {letter.id: judge(letter, work, coverage) for letter, work in works}


def _coverage(targets: TargetTable, works: Iterable[LetterWork], notes: list[str]) -> Mapping[str, Coverage]:
    oldest: dict[str, float] = {}
    for work in works:
        for name, paths in work.paths.items():
            oldest[name] = min([oldest.get(name, float("inf")), *paths.values()])
    try:
        return {
            name: Coverage(targets.sent_since(name, at - CLOCK_MARGIN_SECONDS)) for name, at in oldest.items()
        }
    except TableUnavailable as error:
        notes.append(f"what was sent cannot be read, so everything counts as stale: {error}")
        return {}


def _planning(
    deployed: Deployed, serving: Serving, settings: Settings, now: float
) -> Callable[[Sequence[Verdict]], list[Plan]]:
    """Return what says what the worker would send at once for what is stale of some letters."""

    @functools.cache
    def stands(name: str) -> Standing:
        try:
            return standing(deployed, name, serving.targets[name].role, now)
        except TableUnavailable:
            return Standing()  # that the table cannot be read stands in the notes

    @functools.cache
    def above(name: str) -> Collection[str]:
        return floors(serving.targets[name], settings.routing)

    return lambda verdicts: plans(
        verdicts, lambda name, changed: stands(name).allow(settings.limits, now, changed), above
    )


def _document(
    each: Group, verdicts: Sequence[Verdict], planned: Sequence[Plan], pins: Sequence[Pin] | None
) -> dict[str, Any]:
    return {
        "reason": each.reason,
        "count": len(each.letters),
        "wrong": what_is_wrong(each),
        "fix": each.fix,
        "commands": next_commands(each, verdicts, pins),
        "detail": each.letters[0].detail,
        "distributions": each.distributions,
        "buckets": each.buckets,
        "redrive_would_send": [
            {"distribution": plan.distribution, "paths": plan.paths, "wildcards": plan.wildcards}
            for plan in planned
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


def _print(
    each: Group, verdicts: Sequence[Verdict], planned: Sequence[Plan], pins: Sequence[Pin] | None, now: float
) -> None:
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
    for plan in planned:
        print_text(
            f"redriven: {many(plan.paths, 'path')} to {plan.distribution}, "
            f"{many(plan.wildcards, 'wildcard')} among them",
            "  ",
        )
    print_text(f"fix: {_fix(each, verdicts, pins)}", "  ")
    for line in next_commands(each, verdicts, pins):
        print_command(line, "    ")


def _fix(each: Group, verdicts: Sequence[Verdict], pins: Sequence[Pin] | None) -> str:
    safe = sum(verdict.state in SAFE_TO_PURGE for verdict in verdicts)
    unpin = "take back the pin that names it, then purge" if unpins(each, pins) else ""
    if unpin and each.reason == Reason.DISTRIBUTION_GONE:
        return unpin
    if safe == len(verdicts):
        return "nothing is left to do; purge them"
    if each.reason == Reason.DISTRIBUTION_GONE and pins is None:
        return "see what is pinned: invalidator route list; then look again"
    if each.reason == Reason.DISTRIBUTION_GONE:
        return "no pin names it; look again after a survey"
    if safe:
        return f"{each.fix} Of those that are safe to purge, all ids are in --json."
    return each.fix
