"""`invalidator dlq export`: dead letters as JSON lines, with all that is needed to send them again by hand."""

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from infra.cli.dlq.letters import DeadLetter, letter_document
from infra.cli.dlq.sample import require, take_sample, tell
from infra.cli.dlq.selection import Selector
from infra.cli.dlq.sqs.queue import dead_letter_queue
from infra.cli.files.new_file import new_file
from infra.cli.printing import many, print_json, visible
from infra.cli.session import Session


def export_letters(session: Session, selector: Selector, file: Path) -> None:
    """Write the selected letters to a new file; they stay in the queue."""
    with dead_letter_queue(session) as queue:
        sample = take_sample(queue)
        chosen = require(selector, sample)
        write_letters(file, chosen)
    if session.as_json:
        print_json({**sample.document(), "exported": len(chosen), "file": str(file)})
    else:
        click.echo(f"{many(len(chosen), 'dead letter')} written to {visible(str(file))}")
    tell(sample)


def write_letters(file: Path, letters: Iterable[DeadLetter]) -> None:
    """Write letters to a new file, safely on disk when this returns. Raises CommandError where it cannot."""
    with new_file(file) as lines:
        for letter in letters:
            whole = {name: _attribute(value) for name, value in letter.attributes.items()}
            lines.write(json.dumps(letter_document(letter, whole)) + "\n")


def _attribute(value: dict[str, Any]) -> dict[str, str]:
    if "BinaryValue" in value:
        return {
            "DataType": value["DataType"],
            "BinaryValue": base64.b64encode(value["BinaryValue"]).decode("ascii"),
        }
    return {"DataType": value["DataType"], "StringValue": value.get("StringValue", "")}
