"""Where an encoded viewer path may be cut so that what is left is still a well-encoded prefix."""

_ESCAPE = 3  # characters of one "%C3"
_LONGEST = 4  # bytes of the longest UTF-8 character


def whole(prefix: str) -> str:
    """The longest start of a cut viewer path that ends at the end of a character.

    A wildcard is compared with encoded paths, so one that ends inside `%C3` matches nothing
    (aws-behaviour.md, "Paths": a mis-encoded path is accepted and removes nothing). Whether CloudFront
    compares escapes, or the characters they stand for, is not documented; so a prefix does not end between
    the escapes of one UTF-8 character either.
    """
    if "%" not in prefix[-_ESCAPE:]:
        return prefix
    end = len(prefix)
    # In a loop, and cut once: a forged key may be a thousand first bytes in a row.
    while (start := _unfinished(prefix, end)) is not None:
        end = start
    return prefix[:end]


def _unfinished(prefix: str, end: int) -> int | None:
    """Where the escape or character begins that `prefix[:end]` ends within; None when it ends within none."""
    cut = prefix.find("%", max(0, end - _ESCAPE + 1), end)
    if cut >= 0:
        return cut
    for length in range(1, _LONGEST):
        start = end - _ESCAPE * length
        byte = _byte(prefix, start)
        if byte < 0x80:  # noqa: PLR2004  ASCII, or no escape at all
            return None
        if byte >= 0xC0:  # noqa: PLR2004  the first byte of a character says how many there are
            return start if length < _bytes_of_character(byte) else None
    return None


def _byte(prefix: str, start: int) -> int:
    """The byte that the escape at `start` stands for; -1 where there is none."""
    if start < 0 or prefix[start] != "%":
        return -1
    try:
        return int(prefix[start + 1 : start + _ESCAPE], 16)
    except ValueError:
        return -1


def _bytes_of_character(first: int) -> int:
    return 2 if first < 0xE0 else 3 if first < 0xF0 else 4  # noqa: PLR2004  the UTF-8 table itself
