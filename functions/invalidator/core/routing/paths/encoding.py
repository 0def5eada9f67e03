"""Viewer paths as CreateInvalidation wants them: exactly encoded, widened where no exact form works.

The rules are those of aws-behaviour.md "Paths" (AWS guide, invalidation-specifying-objects):

- Non-ASCII, control characters and the characters RFC 1738 calls unsafe are encoded, and nothing else. A
  viewer who encodes more than that (`%2C` for `,`) asks for the same object by the documentation; one path
  stands for both.
- A space goes out twice, as `%20` and as `+`: S3 reads both as a space, S3's console hands out links with
  `+`, and whether CloudFront caches them as one object is unknown. A mix of both in one path is not covered.
- A plus goes out twice too, as `+` and as `%2B`. S3 reads a raw `+` as a space, so viewers type `%2B`;
  whether an invalidation has to is unknown: a production system found that `+` removed nothing, AWS's text
  says that `%2B` does. With spaces besides, that makes three forms: the fourth names another key.
- A key that ends in `*` is sent as it is: CloudFront reads a wildcard, which covers the key itself and more.
- `*` elsewhere, `//` and a leading slash in the key are plain characters. `#` and `?` are encoded like any
  unsafe one.

Where an exact path would remove nothing, or might not be accepted, a wildcard that ends before the trouble is
sent:

- before `~`, which CloudFront does not support, raw or encoded;
- before a `.` or `..` segment, which CloudFront may normalize away in the path it is given;
- before a character that is no text (a lone surrogate, U+FFFD): the real byte in the key is not known. A byte
  that came through "surrogateescape" is known, and is encoded;
- before the character that would carry the path over 4,000 characters.
"""

import re

LONGEST_PATH = 4000
# Room for the "?*" or "*" that a query string form adds.
_LONGEST_STEM = LONGEST_PATH - 2

_ENCODED = re.compile(r"[^!$&-;=@-Z_a-z]+")
_ESCAPES = [f"%{byte:02X}" for byte in range(256)]
_UNUSUAL = re.compile(r"[^!$&-*,-;=@-Z_a-z]|/[./]")
_NEVER_EXACT = re.compile(
    r"~"
    r"|(?<=/)\.{1,2}(?=/|\Z)"
    r"|[\ud800-\udc7f\udd00-\udfff\ufffd]",
)


def is_ordinary(path: str) -> bool:
    """Whether the path is sent and matched as it is: nothing to encode, no dot segment, no doubled
    slash, not too long.

    The cheap first question about a path; a dotfile gets "no" too, and takes the longer way to the same
    answer.
    """
    return len(path) <= _LONGEST_STEM and _UNUSUAL.search(path) is None


def encode(path: str) -> str:
    """Percent-encode a path as CloudFront asks, without widening; `unquote` gives the path back.

    Bytes that are no UTF-8 are expected as Python's "surrogateescape" leaves them; any other lone surrogate
    is encoded as if it were a character.
    """
    return _ENCODED.sub(_escapes, path)


def invalidation_paths(path: str, *, query_strings: bool = False, directory: bool = False) -> tuple[str, ...]:
    """The paths to send so that whatever viewers cached under this decoded path is removed.

    Args:
        path: the viewer path, decoded, starting with "/".
        query_strings: the cache key holds query strings; `path*` is sent, the form the AWS guide gives.
        directory: the path names a directory (`/`, `/docs/`, `/docs`), where `path*` would purge all below
            it. The directory's query string forms are named by `path?*` instead: a `?` in an invalidation
            path starts a query string, and `*` stands for the rest of it.
    """
    if is_ordinary(path):
        return _with_query_strings((path,), directory=directory) if query_strings else (path,)
    stem = _exact_start(path)
    forms = typed_forms(stem)
    if len(stem) < len(path):
        return tuple(f"{form}*" for form in forms)
    return _with_query_strings(forms, directory=directory) if query_strings else forms


def wildcards_below(start: str) -> tuple[str, ...]:
    """The wildcards that cover every viewer path which begins so, in each form that viewers may have typed.

    Args:
        start: decoded, beginning with "/"; it may end anywhere in a name.
    """
    return tuple(f"{form}*" for form in typed_forms(_exact_start(start)))


def typed_forms(path: str) -> tuple[str, ...]:
    """A decoded path in each encoded form that viewers may have typed; see the head of this module."""
    encoded = encode(path)
    # A "%20" in it is a space: a percent sign of the key's own is encoded itself. A "+" is a plus still.
    if "+" not in path:
        return (encoded, encoded.replace("%20", "+")) if " " in path else (encoded,)
    escaped = encoded.replace("+", "%2B")
    return (encoded, escaped, escaped.replace("%20", "+")) if " " in path else (encoded, escaped)


def _exact_start(path: str) -> str:
    """As much of a decoded path as an invalidation path can name exactly."""
    trouble = _NEVER_EXACT.search(path)
    stem = path if trouble is None else path[: trouble.start()]
    return stem if _longest(stem) <= _LONGEST_STEM else _start_that_fits(stem)


def _longest(path: str) -> int:
    """The length of the longest form of a decoded path."""
    return len(encode(path)) + 2 * path.count("+")


def _with_query_strings(forms: tuple[str, ...], *, directory: bool) -> tuple[str, ...]:
    if forms[0].endswith("*"):
        return forms
    if directory:
        return tuple(sent for form in forms for sent in (form, f"{form}?*"))
    return tuple(f"{form}*" for form in forms)


def _start_that_fits(path: str) -> str:
    """The longest start of a too long path, cut between characters and so never inside an escape."""
    room = _LONGEST_STEM
    end = 0
    while (room := room - _longest(path[end])) >= 0:
        end += 1
    return path[:end]


def _escapes(match: re.Match[str]) -> str:
    text = match[0]
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "surrogatepass")
    return "".join(map(_ESCAPES.__getitem__, raw))
