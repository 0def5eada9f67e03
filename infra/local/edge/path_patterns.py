"""Path patterns of cache behaviors [DownloadDistValuesCacheBehavior, "Path pattern"]."""

import re
from functools import lru_cache


def fits(pattern: str, path: str) -> bool:
    """Whether a pattern matches: `*` is any run of characters, `?` is one, upper and lower case differ.

    What stands before the first star has to begin the path, what stands after the last has to end it, and each part
    between is looked for from left to right, once: the first place where it fits leaves the most to what follows. So
    the time grows with the path, however many stars there are.
    """
    head, middle, tail = _parts(pattern)
    if tail is None:
        return head.fullmatch(path) is not None
    begun = head.match(path)
    if begun is None:
        return False
    at = begun.end()
    for part in middle:
        found = part.search(path, at)
        if found is None:
            return False
        at = found.end()
    length, end = tail
    return len(path) - at >= length and end.fullmatch(path, len(path) - length) is not None


_Part = re.Pattern[str]


@lru_cache(maxsize=4_096)
def _parts(pattern: str) -> tuple[_Part, list[_Part], tuple[int, _Part] | None]:
    """Return what stands before the first star, between two, and after the last with its length; None for no star."""
    first, *rest = pattern.split("*")
    if not rest:
        return _literal(first), [], None
    *middle, last = rest
    return _literal(first), [_literal(each) for each in middle if each], (len(last), _literal(last))


def _literal(part: str) -> _Part:
    return re.compile(".".join(map(re.escape, part.split("?"))), re.DOTALL)
