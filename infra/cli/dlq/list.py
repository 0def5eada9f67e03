"""`invalidator dlq list` and `show`: what is in the dead-letter queue."""

import json
import time
from typing import Any

import click

from infra.cli.dlq.letters import Group, group, letter_document
from infra.cli.dlq.sample import require, take_sample, tell
from infra.cli.dlq.selection import Selector
from infra.cli.dlq.sqs.queue import dead_letter_queue
from infra.cli.errors import NOT_EMPTY
from infra.cli.printing import instant, iso, print_json, print_table, print_text, some, span, visible
from infra.cli.session import Session


def list_letters(session: Session, *, check: bool, limit: int) -> int:
    """List what is in the dead-letter queue, by reason; return the exit code."""
    with dead_letter_queue(session) as queue:
        sample = take_sample(queue, limit)
    groups = group(sample.letters)
    if session.as_json:
        print_json({**sample.document(), "groups": [_group_document(each) for each in groups]})
    elif groups:
        _print_groups(groups, time.time())
    tell(sample)
    return NOT_EMPTY if check and not sample.empty else 0


def show_letter(session: Session, identifier: str) -> None:
    """Show one dead letter whole."""
    with dead_letter_queue(session) as queue:
        letter = require(Selector(ids=frozenset({identifier})), take_sample(queue))[0]
    if session.as_json:
        texts = {name: value.get("StringValue") for name, value in letter.attributes.items()}
        print_json(letter_document(letter, texts))
        return
    (only,) = group([letter])
    print_table(
        ("Id", letter.id),
        [
            ("Reason", letter.reason),
            ("Since", f"{instant(letter.sent)}, {span(time.time() - letter.sent)} ago"),
            ("Buckets", some(letter.buckets) or "-"),
            ("Distribution", letter.distribution or "-"),
        ],
    )
    print_text(f"Meaning: {only.meaning}")
    print_text(f"Fix: {only.fix}")
    for name, value in sorted(letter.attributes.items()):
        for line in str(value.get("StringValue", "")).split("\n"):
            print_text(f"{name}: {line}")
    click.echo("Body:")
    click.echo(_pretty(letter.body))


def _group_document(each: Group) -> dict[str, Any]:
    return {
        "reason": each.reason,
        "meaning": each.meaning,
        "fix": each.fix,
        "count": len(each.letters),
        "oldest": iso(each.letters[0].sent),
        "newest": iso(each.letters[-1].sent),
        "buckets": each.buckets,
        "distributions": each.distributions,
        "ids": [letter.id for letter in each.letters],
    }


def _print_groups(groups: list[Group], now: float) -> None:
    rows = [
        (
            each.reason,
            str(len(each.letters)),
            span(now - each.letters[0].sent),
            some(each.buckets, 2) or "-",
            some(each.distributions, 1) or "-",
        )
        for each in groups
    ]
    print_table(("REASON", "COUNT", "OLDEST", "BUCKETS", "DISTRIBUTIONS"), rows)
    for each in groups:
        click.echo()
        print_text(f"{each.reason}: {each.meaning}")
        print_text(f"fix: {each.fix}", "  ")
        print_text(f"the oldest: invalidator dlq show {each.letters[0].id}", "  ")


def _pretty(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2)
    except (ValueError, RecursionError):  # the second: nested a thousand deep
        return "\n".join(visible(line) for line in body.split("\n"))
