"""The viewer paths that name one object: its own, the root, its directory, its clean URL."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_PAGE = ".html"
# A segment with a parameter, as frameworks name the file of a dynamic route: `blog/[slug].html`, `[...all].html`.
_PARAMETER = re.compile(r"/\[[^/]*\]")
_OPEN_PARAMETER = re.compile(r"/\[")


class ObjectName(NamedTuple):
    """One viewer path, decoded, under which an origin would serve the object.

    Attributes:
        path: the viewer path.
        meaning: what it is to the object, for people.
        directory: whether everything below begins with it, or other pages may: a directory, a clean URL.
        also: another path whose cache behavior may be the one that counts; "" for none.
        below: whether the object is served under every path that begins so.
    """

    path: str
    meaning: str
    directory: bool
    also: str = ""
    below: bool = False


def object_names(path: str, root: str, indexes: tuple[str, ...]) -> Iterator[ObjectName]:
    """Every viewer path that names the object of this path, the path itself first.

    The default root object answers "/" too, and the folder that it lies in; its path answers "/" also where that is a
    directory's: a website endpoint redirects `/index.html` to `/index.html/` once there is `index.html/index.html`. An
    index document answers for its directory, with the slash and, by a redirect, without (aws-behaviour.md "Paths":
    invalidate a directory in both forms).

    Args:
        path: the object's own viewer path, decoded: its key after the OriginPath.
        root: the default root object's viewer path, "" where there is none.
        indexes: how paths of index documents end: ("/index.html",).
    """
    for name in _names(path, root, indexes):
        if name.path == root != path:
            yield name._replace(also="/")
            yield ObjectName("/", "the default root object", directory=True, also=root)
        else:
            yield name


def _names(path: str, root: str, indexes: tuple[str, ...]) -> Iterator[ObjectName]:
    folder = path[: path.rfind("/") + 1]
    if path == root:
        # Whether CloudFront chooses the behavior for "/" before or after it puts the root object in: unknown.
        yield ObjectName(path, "the object itself", directory=False, also="/")
        yield ObjectName("/", "the default root object", directory=True, also=path)
        if folder != "/":
            yield ObjectName(folder, "the folder of the default root object", directory=True)
    else:
        yield ObjectName(path, "the object itself", directory=path.endswith("/"))
    if path.endswith(indexes):
        if path != root:
            yield ObjectName(folder, "the directory it is the index of", directory=True)
        if folder != "/" and not folder.endswith("//"):
            yield ObjectName(folder[:-1], "that directory without its slash", directory=True)


def clean_names(path: str, indexes: tuple[str, ...]) -> Iterator[ObjectName]:
    """The viewer paths of a page on a site with clean URLs: `/about` of `about.html`, `/blog/*` of `blog/[slug].html`.

    Index documents have their directories instead.
    """
    if not path.endswith(_PAGE):
        return
    if parameter := _PARAMETER.search(path):
        start = path[: parameter.start() + 1]
        yield ObjectName(start, "the pages of its dynamic route", directory=True, below=True)
    elif not path.endswith((*indexes, "/index.html", f"/{_PAGE}")):
        yield ObjectName(path[: -len(_PAGE)], "its clean URL", directory=True)


def names_above(start: str, root: str, indexes: tuple[str, ...]) -> Iterator[ObjectName]:
    """The viewer paths that name an object whose path begins with `start`, but may not begin so themselves.

    Args:
        start: how the objects' own viewer paths begin, decoded; it may end anywhere in a name.
        root: the default root object's viewer path, "" where there is none.
        indexes: how paths of index documents end: ("/index.html",).
    """
    folder, _, name = start.rpartition("/")
    if root.startswith(start):
        # With the root object itself: which of the two paths decides about "/" is unknown.
        yield from object_names(root, root, ())
    if any(ending.startswith(f"/{name}") for ending in indexes):
        if name:
            yield ObjectName(f"{folder}/", "the directory of an index document", directory=True)
        if folder and not folder.endswith("/"):
            yield ObjectName(folder, "that directory without its slash", directory=True)


def clean_names_above(start: str) -> Iterator[ObjectName]:
    """The same for the clean URLs of pages whose path begins with `start`."""
    if parameter := _OPEN_PARAMETER.search(start):
        above = start[: parameter.start() + 1]
        yield ObjectName(above, "the pages of a dynamic route", directory=True, below=True)
    stem, dot, ending = start.rpartition(".")
    if dot and "/" not in ending and not stem.endswith("/") and _PAGE.startswith(f".{ending}"):
        yield ObjectName(stem, "a clean URL", directory=True)
