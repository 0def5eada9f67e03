"""CloudFront's path patterns, compiled."""

import re
from collections.abc import Callable

PathTest = Callable[[str], bool]


def compile_pattern(pattern: str) -> PathTest:
    """Turn a cache behavior's path pattern into a test for viewer paths.

    `*` is any run of characters, slashes included, `?` is exactly one; case counts; a leading slash is
    optional (aws-behaviour.md "Distributions"). The common shapes, `/images/*`, `*.css` and plain names, need
    no regular expression; the others take time linear in the path, however many stars they hold.
    """
    rooted = pattern if pattern.startswith("/") else "/" + pattern
    # A viewer path always begins with a slash, so "*.css" and "/*.css" say the same.
    head, *tail = rooted.split("*")
    if "?" in rooted or len(tail) > 1:
        return _by_expression(head, tail)
    if not tail:
        return rooted.__eq__
    if not tail[0]:
        return _starts_with(head)
    return _starts_and_ends_with(head, tail[0])


def _starts_with(head: str) -> PathTest:
    return lambda path: path.startswith(head)


def _starts_and_ends_with(head: str, end: str) -> PathTest:
    if head == "/":
        shortest = 1 + len(end)
        return lambda path: path.endswith(end) and len(path) >= shortest
    shortest = len(head) + len(end)
    return lambda path: path.startswith(head) and path.endswith(end) and len(path) >= shortest


def _by_expression(head: str, tail: list[str]) -> PathTest:
    # The leftmost match of each middle part is as good as any later one, so nothing needs to be given back:
    # an atomic group keeps the work linear where plain ".*" would retry every combination.
    middle = "".join(f"(?>.*?{_literal(part)})" for part in tail[:-1])
    end = f".*{_literal(tail[-1])}" if tail else ""
    expression = re.compile(_literal(head) + middle + end, re.DOTALL)
    return lambda path: expression.fullmatch(path) is not None


def _literal(part: str) -> str:
    return ".".join(re.escape(text) for text in part.split("?"))
