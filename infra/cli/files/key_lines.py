"""A file of object keys, one a line; and how what people have in its place is told from keys, with the way to keys.

Keys are what would be purged: a line that is no key, read as one, would promise a purge that does nothing.
"""

import codecs
import csv
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

# What the commands that read keys take lines as keys by, whatever they look like.
LITERAL = "--literal"
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


def key_lines(content: bytes, *, literal: bool = False) -> KeyLines:
    r"""Return the lines of a file of keys, which ends its lines with LF, or all of them with CR LF.

    Args:
        content: the file.
        literal: a line is a key, whatever it looks like, and LF alone ends it.

    Raises:
        NoKeysError: these are no keys: URLs, ARNs, paths of local files, what `aws s3 ls` or `aws s3 sync` prints,
            JSON, CSV, quoted strings, lines of which some end in CR and some do not, or a CR in the midst of one.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # as PowerShell writes files
        try:
            content = content.decode("utf-16").encode()
        except UnicodeDecodeError as error:
            raise NoKeysError(
                f"begins as UTF-16 and is none at byte {error.start}; write it as UTF-8"
            ) from error
    text = content.removeprefix(b"\xef\xbb\xbf")
    lines = text.split(b"\n")
    ended = lines[:-1]
    if not lines[-1]:
        lines = ended
    if literal:
        return _numbered(lines)
    returns = [line.endswith(b"\r") for line in ended or lines]
    if any(returns) and not all(returns):
        raise NoKeysError(
            f"line {returns.index(True) + 1} ends in CR (\\r), line {returns.index(False) + 1} does not; "
            "take them out: tr -d '\\r' < FILE"
        )
    if any(returns):
        lines = [line.removesuffix(b"\r") for line in lines]
    lone = next((number for number, line in enumerate(lines, 1) if b"\r" in line), None)
    if lone is not None:
        raise NoKeysError(
            f"line {lone} has a CR (\\r) in its midst; if it ends a line there: tr '\\r' '\\n' < FILE; "
            f"if it belongs to a key: {LITERAL}"
        )
    told = [(number, line) for number, line in enumerate(lines, 1) if line]
    for problem in _problems([line for _, line in told], text):
        found = next((number for number, line in told if problem.of_line(line)), 1)
        raise NoKeysError(f"line {found} is {problem.what}; {problem.fix}")
    return _numbered(lines)


def _numbered(lines: Sequence[bytes]) -> KeyLines:
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
    addresses = _Problem(
        "a URL, not a key",
        f"leave out the host: sed -E 's|^https?://[^/]*/||' FILE; if keys look so: {LITERAL}",
        re.compile(rb"https?://[^/]").match,
    )
    names = _Problem(
        "an ARN, not a key",
        "leave out the bucket: sed 's|^arn:[^/]*/||' FILE",
        re.compile(rb"arn:aws[^:/]*:s3:::").match,
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
    for each in (urls, addresses, names, listed, copied):
        if any(map(each.of_line, lines)):
            yield each
    if lines and all(line.startswith(b"./") for line in lines):
        yield _Problem(
            "a path of a local file, not a key",
            f"leave out what it begins with: sed 's|^[.]/||' FILE; if keys look so: {LITERAL}",
            bool,
        )
    if lines and (_is_json(text) or all(map(_is_object, lines))):
        yield _Problem(
            "JSON, not a key",
            "take the keys out: jq -r '.Contents[].Key' FILE (of a plain list: jq -r '.[]' FILE)",
            bool,
        )
    elif lines and (_is_header(lines) or any(_are_quoted_rows(lines, between) for between in b",;\t")):
        yield _csv()
    elif lines and all(len(line) > 1 and line[:1] == line[-1:] == b'"' for line in lines):
        yield _Problem("a quoted string, not a key", "print it without quotes: jq -r . FILE", bool)


def _csv() -> _Problem:
    return _Problem(
        "a row of CSV, not a key",
        "write the column of the keys alone; of an S3 Inventory, whose second column holds them encoded: "
        "python3 -c 'import csv, sys, urllib.parse as u; "
        "[print(u.unquote_plus(row[1])) for row in csv.reader(sys.stdin)]' < FILE; "
        f"if keys look so: {LITERAL}",
        bool,
    )


def _is_header(lines: Sequence[bytes]) -> bool:
    """Whether the first line names the columns of a table, one of them the keys', and all have as many columns."""
    names = [name.strip().strip(b'"').lower() for name in lines[0].split(b",")]
    return len(names) > 1 and b"key" in names and all(line.count(b",") >= len(names) - 1 for line in lines)


def _are_quoted_rows(lines: Sequence[bytes], between: int) -> bool:
    """Whether all lines are rows of a table as programs write them, with quotes around what needs or gets them.

    A key may hold commas and quotes, so one such line among others says nothing: all must have as many columns, two or
    more, or what a single column's quotes are for.
    """
    mark = chr(between)
    rows = [_quoted_row(line.decode(errors="surrogateescape"), mark) for line in lines]
    columns = {len(row) for row, _ in rows}
    if not any(quoted for _, quoted in rows):
        return False
    if columns == {1}:
        needed = [mark in row[0] or '"' in row[0] for row, _ in rows]
        return any(needed) and needed == [quoted for _, quoted in rows]
    return len(columns) == 1 or all(quoted and len(row) > 1 for row, quoted in rows)


def _quoted_row(line: str, mark: str) -> tuple[list[str], bool]:
    """Return a line's fields, and whether one of them is quoted; a quote out of its place makes the line one field."""
    fields = re.findall(rf'(?:^|(?<={mark}))("(?:[^"]|"")*"|[^"{mark}]*)(?={mark}|$)', line)
    if mark.join(fields) != line:
        return [line], False
    return next(csv.reader([line], delimiter=mark)), any(field.startswith('"') for field in fields)


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
