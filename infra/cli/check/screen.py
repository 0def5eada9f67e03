"""`invalidator check` on one screen, or as JSON; and what `--repair` does."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.check.finding import Finding, Part, State, found_by
from infra.cli.check.ground import Ground
from infra.cli.check.parts import functions, memories, queues, routing, stack, subscriptions, table, work
from infra.cli.errors import (
    IN_PARTS,
    NOT_EMPTY,
    PARTLY_DONE,
    CommandError,
    explain_aws_error,
    interrupted_says,
)
from infra.cli.printing import iso, many, print_json, print_text, visible
from infra.cli.session import Session, output

PARTS: tuple[tuple[str, Part], ...] = (
    (stack.PART, stack.look),
    (table.PART, table.look),
    (functions.PART, functions.look),
    (functions.SOURCES, functions.sources),
    (functions.SCHEDULES, functions.schedules),
    (queues.PART, queues.look),
    (subscriptions.RULE, subscriptions.rule),
    (subscriptions.PART, subscriptions.look),
    (routing.PART, routing.look),
    (routing.PINS, routing.pins),
    (memories.PART, memories.look),
    (work.PART, work.look),
    (work.BUDGET, work.budget),
    (work.LETTERS, work.letters),
    (work.ALARMS, work.alarms),
)
_MARKS = {State.OK: "ok     ", State.WRONG: "WRONG  ", State.UNKNOWN: "?      "}


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of a repair; `error` is "" where it was done, or only shown."""

    finding: Finding
    done: bool
    error: str = ""


def check_everything(session: Session, *, repair: bool, yes: bool) -> int:
    """Look at all of it, mend what was asked; return the exit code. Raises CommandError where there is no stack."""
    output(session, "FunctionName")
    found = look(session)
    mended = _mend(found, yes=yes) if repair else []
    if not session.as_json:
        _print(session, found)
        if repair:
            _print_repairs(mended, yes=yes)
    if any(each.done for each in mended):
        found = look(session)
        if not session.as_json:
            click.echo("\nAnd now:")
            _print(session, found)
    if session.as_json:
        print_json(_document(session, found, mended))
    if any(each.error for each in mended):
        return PARTLY_DONE
    return {True: 0, False: NOT_EMPTY, None: PARTLY_DONE}[is_well(found)]


def is_well(found: Sequence[Finding]) -> bool | None:
    """Whether nothing is wrong; None where some of it could not be looked at."""
    states = {each.state for each in found}
    if State.WRONG in states:
        return False
    return None if State.UNKNOWN in states else True


def look(session: Session) -> list[Finding]:
    """Return what every part finds, in the order in which a person mends it."""
    ground = Ground(session, time.time())
    return [finding for name, part in PARTS for finding in found_by(part, name, ground)]


def _mend(found: Sequence[Finding], *, yes: bool) -> list[Mended]:
    mended = []
    for each in found:
        if each.repair is None:
            continue
        try:
            if yes:
                with interrupted_says(lambda: IN_PARTS):
                    each.repair.do()
            mended.append(Mended(each, done=yes))
        except (BotoCoreError, ClientError) as error:
            mended.append(Mended(each, done=False, error=explain_aws_error(error)))
        except CommandError as error:
            mended.append(Mended(each, done=False, error=str(error)))
    return mended


def _print(session: Session, found: Sequence[Finding]) -> None:
    wrong = [each for each in found if each.state is State.WRONG]
    unknown = [each for each in found if each.state is State.UNKNOWN]
    for each in found:
        print_text(f"{_MARKS[each.state]} {each.part}: {each.text}")
        if each.fix:
            print_text(f"fix: {each.fix}", "          ")
    click.echo()
    if not wrong:
        rest = f", but {many(len(unknown), 'thing')} could not be looked at" if unknown else ""
        print_text(f"{visible(session.stack)}: nothing is wrong{rest}")
        return
    print_text(f"{visible(session.stack)}: {many(len(wrong), 'thing')} wrong")
    repairable = sum(each.repair is not None for each in wrong)
    if repairable:
        print_text(f"{repairable} of them can be mended here: invalidator check --repair")


def _print_repairs(mended: Sequence[Mended], *, yes: bool) -> None:
    if not mended:
        click.echo("\nNothing of it can be mended here.", err=True)
        return
    click.echo()
    for each in mended:
        repair = each.finding.repair
        for line in repair.difference if repair is not None else ():
            print_text(line)
        if each.error:
            click.echo(f"invalidator: {visible(each.finding.part)}: {visible(each.error)}", err=True)
    if not yes:
        click.echo("Nothing was changed. To change it, add --yes.", err=True)


def _document(session: Session, found: Sequence[Finding], mended: Sequence[Mended]) -> dict[str, Any]:
    return {
        "stack": session.stack,
        "at": iso(time.time()),
        "ok": is_well(found),
        "findings": [
            {
                "part": each.part,
                "state": each.state,
                "text": each.text,
                "fix": each.fix or None,
                "repairable": each.repair is not None,
            }
            for each in found
        ],
        "repairs": [
            {
                "part": each.finding.part,
                "difference": list(each.finding.repair.difference) if each.finding.repair else [],
                "done": each.done,
                "error": each.error or None,
            }
            for each in mended
        ],
    }
