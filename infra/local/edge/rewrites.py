"""What functions at the edge make of a URI: a small set, known by the function's name.

A function's code is not run: one whose name is not here is answered as "not modelled".
"""

from collections.abc import Callable, Mapping

Rewrite = Callable[[str], str]
# Given an event (`viewer-request`) and a function's ARN: what it does, None for not modelled.
FindRewrite = Callable[[str, str], Rewrite | None]
INDEX = "index.html"


def with_index(uri: str) -> str:
    """The rewrite that AWS's own example function makes: an index document for directories."""
    if uri.endswith("/"):
        return uri + INDEX
    return uri if "." in uri.rpartition("/")[2] else f"{uri}/{INDEX}"


def with_html(uri: str) -> str:
    """`/about` → `/about.html`, `/docs/` → `/docs/index.html`: the clean URLs of site generators."""
    name = uri.rpartition("/")[2]
    if not name:
        return uri + INDEX
    return uri if "." in name else f"{uri}.html"


def without_first_segment(uri: str) -> str:
    """`/en/a.html` → `/a.html`."""
    rest = uri[1:].partition("/")[2]
    return f"/{rest}" if rest or uri.endswith("/") else uri


def unchanged(uri: str) -> str:
    """A function that leaves the URI alone, such as one that adds headers."""
    return uri


BY_NAME: Mapping[str, Rewrite] = {
    "index-documents": with_index,
    "clean-urls": with_html,
    "strip-first-segment": without_first_segment,
    "headers": unchanged,
}


def by_name(event: str, arn: str) -> Rewrite | None:  # noqa: ARG001  all of them do the same on either event
    """Find a function's rewrite: `…:function/clean-urls`, or Lambda's `…:function:clean-urls:3`."""
    last = arn.rpartition("function")[2].strip("/:")
    return BY_NAME.get(last.partition(":")[0])
