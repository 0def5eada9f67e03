"""`invalidator logs`: the log of the worker, the sweep and the survey, one readable line for each entry.

They write JSON lines; what came from outside is escaped again here, so no key can forge a line.
"""

import json
import time
from collections.abc import Iterator
from typing import Any

import click

from infra.cli.printing import instant, visible
from infra.cli.session import Session, output, session_options

POLL_SECONDS = 3.0
# What the sender's report says of an invalidation.
CREATED = "invalidation created"
_FUNCTIONS = ("FunctionName", "SweepFunctionName", "SurveyFunctionName")
# What every line carries and nobody reads.
_LEFT_OUT = frozenset({
    "level", "message", "timestamp", "location", "service", "cold_start", "function_name", "function_arn",
    "function_memory_size", "function_request_id", "xray_trace_id",
})  # fmt: skip
_QUIET = ("START ", "END ", "REPORT ", "INIT_START ", "XRAY ")


@click.command(epilog="\b\nExample:\n  invalidator logs --minutes 15")
@session_options
@click.option("--minutes", type=click.IntRange(1), default=60, show_default=True, help="How far back.")
@click.option("--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
def logs(session: Session, *, minutes: int, follow: bool) -> None:
    """Print what the worker, the sweep and the survey log, an entry a line; with --json, a JSON document a line."""
    groups = list(dict.fromkeys(_group(session, output(session, each)) for each in _FUNCTIONS))
    since = round((time.time() - minutes * 60) * 1000)
    seen: set[tuple[Any, ...]] = set()
    said = False
    while True:
        events = [event for group in groups for event in _events(session, group, since)]
        for event in sorted(events, key=lambda each: each["timestamp"]):
            told = _identities(event)
            if told & seen:
                continue
            seen |= told
            shown = as_json if session.as_json else readable
            line = shown(event["timestamp"], event["message"])
            if line:
                said = True
                click.echo(line)
        if not follow:
            if not said:
                click.echo(
                    f"The functions said nothing in the last {minutes} minutes ({', '.join(groups)}).",
                    err=True,
                )
            return
        time.sleep(POLL_SECONDS)
        since = round((time.time() - 60) * 1000)  # entries may come late by some seconds


def _identities(event: Any) -> set[tuple[Any, ...]]:
    """By what an event is known again: itself, and the invalidation of which it tells that it was created.

    A run that takes up the work of one that died is answered with the same invalidation, and logs it again.
    """
    found: set[tuple[Any, ...]] = {(event["logStreamName"], event["timestamp"], event["message"])}
    entry = _entry(event["message"])
    if isinstance(entry, dict) and entry.get("message") == CREATED and entry.get("invalidation"):
        found.add((CREATED, str(entry.get("distribution")), str(entry["invalidation"])))
    return found


def _group(session: Session, name: str) -> str:
    configuration = session.client("lambda").get_function_configuration(FunctionName=name)
    return configuration.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{name}"


def readable(milliseconds: int, message: str) -> str:
    """Return one log entry as a line: time, level, message, then what it is about; "" for Lambda's own lines."""
    at = instant(milliseconds / 1000).removesuffix(" UTC")
    entry = _entry(message)
    if entry is None:
        return ""
    if isinstance(entry, str):
        return f"{at}  {visible(entry)}"
    about = [f"{visible(name)}={_value(value)}" for name, value in entry.items() if name not in _LEFT_OUT]
    head = f"{at}  {visible(str(entry.get('level', ''))):<7} {visible(str(entry.get('message', '')))}"
    return "  ".join([head, *about])


def as_json(milliseconds: int, message: str) -> str:
    """Return one log entry as a line of JSON, with `at` in epoch seconds; "" for Lambda's own lines."""
    entry = _entry(message)
    if entry is None:
        return ""
    return json.dumps(
        {"at": milliseconds / 1000, **({"message": entry} if isinstance(entry, str) else entry)}
    )


def _entry(message: str) -> dict[str, Any] | str | None:
    """The worker's entry, or the text of what is no JSON; None for metrics and Lambda's own lines."""
    try:
        entry: Any = json.loads(message)
    except (ValueError, RecursionError):  # the second: nested a thousand deep
        text = message.rstrip()
        return None if not text or text.startswith(_QUIET) else text
    if not isinstance(entry, dict) or "_aws" in entry or str(entry.get("type", "")).startswith("platform."):
        return None
    return entry


def _events(session: Session, group: str, since: int) -> Iterator[Any]:
    pages = session.client("logs").get_paginator("filter_log_events")
    for page in pages.paginate(logGroupName=group, startTime=since):
        yield from page["events"]


def _value(value: Any) -> str:
    return visible(value) if isinstance(value, str) else json.dumps(value)
