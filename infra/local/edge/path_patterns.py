"""Path patterns of cache behaviors [DownloadDistValuesCacheBehavior, "Path pattern"]."""

from functools import lru_cache

# Viewers choose the paths: only of short ones are so many remembered.
_REMEMBERED_CHARACTERS = 256


def fits(pattern: str, path: str) -> bool:
    """Whether a pattern matches: `*` is any run of characters, `?` is one, upper and lower case differ.

    All the places in the pattern at once, one character of the path at a time: no pattern takes long.
    """
    return _remembered(pattern, path) if len(path) <= _REMEMBERED_CHARACTERS else _fits(pattern, path)


def _fits(pattern: str, path: str) -> bool:
    states = _after_stars(pattern, {0})
    for character in path:
        states = _after_stars(
            pattern,
            {
                state if pattern[state] == "*" else state + 1
                for state in states
                if state < len(pattern) and pattern[state] in {"*", "?", character}
            },
        )
        if not states:
            return False
    return len(pattern) in states


_remembered = lru_cache(maxsize=65_536)(_fits)


def _after_stars(pattern: str, states: set[int]) -> set[int]:
    reached = set(states)
    for state in states:
        at = state
        while at < len(pattern) and pattern[at] == "*":
            at += 1
            reached.add(at)
    return reached
