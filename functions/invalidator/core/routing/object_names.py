"""The viewer paths that name one object: its own, the root, its directory."""

from collections.abc import Iterator
from typing import NamedTuple


class ObjectName(NamedTuple):
    """One viewer path, decoded, under which an origin would serve the object.

    Attributes:
        path: the viewer path.
        meaning: what it is to the object, for people.
        directory: whether it names a directory, so that everything below begins with it.
        also: another path whose cache behavior may be the one that counts; "" for none.
    """

    path: str
    meaning: str
    directory: bool
    also: str = ""


def object_names(path: str, root: str, indexes: tuple[str, ...]) -> Iterator[ObjectName]:
    """Every viewer path that names the object of this path, the path itself first.

    The default root object's path answers "/" too, also where that path is a directory's: a website endpoint redirects
    `/index.html` to `/index.html/` once there is `index.html/index.html`. An index document answers for its
    directory, with the slash and, by a redirect, without (aws-behaviour.md "Paths": invalidate a directory in both
    forms).

    Args:
        path: the object's own viewer path, decoded: its key after the OriginPath.
        root: the default root object's viewer path, "" where there is none.
        indexes: how paths of index documents end: ("/index.html",).
    """
    for name in _own_names(path, indexes):
        if name.path == root:
            # Whether CloudFront chooses the behavior for "/" before or after it puts the root object in: unknown.
            yield name._replace(also="/")
            yield ObjectName("/", "the default root object", directory=True, also=root)
        elif name.path != "/" or path != root:
            yield name


def _own_names(path: str, indexes: tuple[str, ...]) -> Iterator[ObjectName]:
    yield ObjectName(path, "the object itself", directory=path.endswith("/"))
    for ending in indexes:
        if path.endswith(ending):
            directory = path[: 1 - len(ending)]
            yield ObjectName(directory, "the directory it is the index of", directory=True)
            if directory != "/" and not directory.endswith("//"):
                yield ObjectName(directory[:-1], "that directory without its slash", directory=True)


def names_above(start: str, root: str, indexes: tuple[str, ...]) -> Iterator[ObjectName]:
    """The viewer paths that name an object whose path begins with `start`, but do not begin so themselves.

    Args:
        start: how the objects' own viewer paths begin, decoded; it may end anywhere in a name.
        root: the default root object's viewer path, "" where there is none.
        indexes: how paths of index documents end: ("/index.html",).
    """
    folder, _, name = start.rpartition("/")
    if root.startswith(start) and start != "/":
        yield ObjectName("/", "the default root object", directory=True, also=root)
    if any(ending.startswith(f"/{name}") for ending in indexes):
        if name:
            yield ObjectName(f"{folder}/", "the directory of an index document", directory=True)
        if folder and not folder.endswith("/"):
            yield ObjectName(folder, "that directory without its slash", directory=True)
