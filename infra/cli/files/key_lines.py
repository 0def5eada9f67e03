"""A file of object keys, one a line; and how what people have in its place is told from keys, with the way to keys.

Keys are what would be purged: a line that is no key, read as one, would promise a purge that does nothing.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_LISTED = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\d+ .|\s+PRE .")
_COPIED = re.compile(rb"(\(dryrun\) )?(upload|copy|move|delete|download): .*s3://")


class NoKeysError(ValueError):
    """A file holds something else than keys; the text says what, and how to get at the keys."""


@dataclass(frozen=True, slots=True)
class KeyLines:
    """The lines of a file of keys.

    Attributes:
        lines: what stands in each, without its line end.
        empty: numbers of the lines in which nothing stands; the first is 1.
    """

    lines: tuple[bytes, ...]
    empty: tuple[int, ...]


def key_lines(content: bytes) -> KeyLines:
    r"""Return the lines of a file of keys, which ends its lines with LF, or all of them with CR LF.

    Raises:
        NoKeysError: these are no keys: URLs of S3, what `aws s3 ls` or `aws s3 sync` prints, JSON, CSV, quoted
            strings, or lines of which some end in CR and some do not.
    """
    text = content.removeprefix(b"\xef\xbb\xbf")
    lines = text.split(b"\n")
    ended = lines[:-1]
    if not lines[-1]:
        lines = ended
    returns = [line.endswith(b"\r") for line in ended or lines]
    if any(returns) and not all(returns):
        raise NoKeysError(
            f"line {returns.index(True) + 1} ends in CR (\\r), line {returns.index(False) + 1} does not; "
            "take them out: tr -d '\\r' < FILE"
        )
    if any(returns):
        lines = [line.removesuffix(b"\r") for line in lines]
    told = [(number, line) for number, line in enumerate(lines, 1) if line]
    for problem in _problems([line for _, line in told], text):
        found = next((number for number, line in told if problem.of_line(line)), 1)
        raise NoKeysError(f"line {found} is {problem.what}; {problem.fix}")
    return KeyLines(tuple(lines), tuple(number for number, line in enumerate(lines, 1) if not line))


@dataclass(frozen=True, slots=True)
class _Problem:
    what: str
    fix: str
    of_line: Callable[[bytes], object]


def _problems(lines: Sequence[bytes], text: bytes) -> Iterator[_Problem]:
    """What is wrong with the lines, none of them empty; the first is said."""
    urls = _Problem(
        "a URL of S3, not a key",
        "leave out the bucket: sed 's|^s3://[^/]*/||' FILE",
        lambda line: line.startswith(b"s3://"),
    )
    listed = _Problem(
        "what aws s3 ls prints, not a key",
        "list keys alone: aws s3api list-objects-v2 --bucket BUCKET --query 'Contents[].[Key]' --output text",
        _LISTED.match,
    )
    copied = _Problem(
        "what aws s3 sync or cp prints, not a key",
        "take the keys out: sed -n 's|.*s3://[^/]*/||p' FILE",
        _COPIED.match,
    )
    for each in (urls, listed, copied):
        if any(map(each.of_line, lines)):
            yield each
    if lines and (_is_json(text) or all(map(_is_object, lines))):
        yield _Problem(
            "JSON, not a key",
            "take the keys out: jq -r '.Contents[].Key' FILE (of a plain list: jq -r '.[]' FILE)",
            bool,
        )
    elif lines and all(line.startswith(b'"') for line in lines):
        if all(b'","' in line for line in lines):
            yield _csv()
        elif all(line.endswith(b'"') for line in lines):
            yield _Problem("a quoted string, not a key", "print it without quotes: jq -r . FILE", bool)
    elif lines and _is_header(lines):
        yield _csv()


def _csv() -> _Problem:
    return _Problem(
        "a row of CSV, not a key",
        "write the column of the keys alone; of an S3 Inventory, whose second column holds them encoded: "
        "python3 -c 'import csv, sys, urllib.parse as u; "
        "[print(u.unquote_plus(row[1])) for row in csv.reader(sys.stdin)]' < FILE",
        bool,
    )


def _is_header(lines: Sequence[bytes]) -> bool:
    """Whether the first line names the columns of a table, one of them the keys', and all have as many columns."""
    names = [name.strip().strip(b'"').lower() for name in lines[0].split(b",")]
    return len(names) > 1 and b"key" in names and all(line.count(b",") >= len(names) - 1 for line in lines)


def _is_json(text: bytes) -> bool:
    if text.lstrip()[:1] not in {b"{", b"["}:
        return False
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def _is_object(line: bytes) -> bool:
    """Whether a line is a document of its own, as JSON lines are."""
    return line.startswith(b"{") and _is_json(line)
