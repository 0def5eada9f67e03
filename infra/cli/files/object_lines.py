"""Objects as people hand them to a command: JSON lines of `{"key": …, "etag": …, "size": …}`."""

import json
from dataclasses import dataclass

from infra.cli.errors import CommandError
from infra.cli.files.input_files import named, read_bytes

FORM = '{"key": "index.html", "etag": "0cc175b9c0f1b6a831c399e269772661", "size": 1024}'


@dataclass(frozen=True, slots=True)
class Content:
    """What an object holds; an ETag of "" is an object that is not there."""

    etag: str
    size: int | None


def read_objects(file: str, option: str) -> dict[str, Content]:
    """Return key → content; a key that stands twice counts by its last line. Raises CommandError."""
    found: dict[str, Content] = {}
    for number, line in enumerate(read_bytes(file).split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            key, etag, size = fields["key"], fields.get("etag") or "", fields.get("size")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            key = None
        if (
            not isinstance(key, str)
            or not key
            or not isinstance(etag, str)
            or not isinstance(size, int | None)
        ):
            raise CommandError(
                f"{option} {named(file)}: line {number} is no object; a line is such as {FORM}"
            )
        found[key] = Content(etag.strip('"'), size)
    if not found:
        raise CommandError(f"{option} {named(file)}: no objects in it; a line is such as {FORM}")
    return found
