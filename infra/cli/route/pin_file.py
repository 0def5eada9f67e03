"""`invalidator route export` and `import`: what people pinned, as a file."""

import sys
from dataclasses import asdict
from pathlib import Path

import click
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic asks for it before Python 3.12

from infra.cli.deployed import Deployed, one_line
from infra.cli.errors import CommandError
from infra.cli.files.input_files import STDIN
from infra.cli.printing import print_json, visible
from infra.cli.route.pin import checked_pin
from infra.cli.session import Session
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.pins import PinTable
from invalidator.core.routing.pins import Pin


class _File(TypedDict):
    pins: list[Pin]


_validate = TypeAdapter(_File).validate_json


def export_pins(session: Session, table: str | None = None) -> None:
    """Print what people pinned; of a table that a deleted stack left, where one is named."""
    if table is None:
        with one_line():
            pins = Deployed(session).pins.pins()
    else:
        try:
            with one_line():
                pins = PinTable(DynamoDbTable(session.client("dynamodb"), table)).pins()
        except CommandError as error:
            raise CommandError(
                f"table {visible(table)} cannot be read: {error}; those of this Region: aws dynamodb list-tables"
            ) from error
    print_json({"pins": [asdict(pin) for pin in pins]})
    if not pins:
        click.echo("Nothing is pinned.", err=True)


def read_pins(file: str) -> list[Pin]:
    """Return the pins in a file. Raises CommandError where one of them cannot be right."""
    named = "stdin" if file == STDIN else visible(file)
    try:
        content = sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{named}: cannot be read: {error.strerror}") from error
    try:
        pins = _validate(content)["pins"]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise CommandError(
            f"{named}: {where}: {first['msg']}; what is read is what invalidator route export prints"
        ) from error
    return [_checked(pin, f"{named}: pins.{number}") for number, pin in enumerate(pins)]


def _checked(pin: Pin, where: str) -> Pin:
    try:
        return checked_pin(
            pin.bucket,
            pin.distribution,
            pin.origin_path,
            pin.prefix,
            pin.role,
            templates=pin.templates,
            tags=pin.tags,
        )
    except CommandError as error:
        raise CommandError(f"{where}: {error}") from error
