"""Real asset trees to try coalescing on: which paths differ between two published versions of a package."""

import hashlib
import lzma
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_STORED = Path(__file__).parent / "trees"


@dataclass(frozen=True, slots=True)
class RealTree:
    """What an upload of a package's new version over its old one changes.

    Attributes:
        name: the package and both versions.
        changed: viewer paths whose content differs, that came or that went.
        unchanged: all other viewer paths.
    """

    name: str
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]


def stored() -> Iterator[RealTree]:
    """The trees that come with the project: lists of paths, no package content; npm's where no other is named."""
    for file in sorted(_STORED.glob("*.txt.xz")):
        name, *lines = lzma.decompress(file.read_bytes()).decode().splitlines()
        yield RealTree(
            name,
            tuple(line[1:] for line in lines if line[0] == "+"),
            tuple(line[1:] for line in lines if line[0] == " "),
        )


def fetched(package: str, old: str, new: str) -> RealTree:
    """Any other package of the npm registry, by way of `npm pack`.

    Raises:
        subprocess.CalledProcessError: npm found no such package or version.
    """
    before, after = _files(package, old), _files(package, new)
    differ = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    same = sorted(path for path in before if before[path] == after.get(path))
    return RealTree(f"{package} {old} {new}", tuple(differ), tuple(same))


def _files(package: str, version: str) -> dict[str, bytes]:
    """Viewer path and digest of every file of a package."""
    with tempfile.TemporaryDirectory() as directory:
        command = ["npm", "pack", "--silent", f"{package}@{version}", "--pack-destination", directory]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(directory).iterdir()
        digests = {}
        with tarfile.open(archive) as files:
            for member in files:
                content = files.extractfile(member) if member.isfile() else None
                if content is not None:
                    path = "/" + member.name.partition("/")[2]
                    digests[path] = hashlib.sha256(content.read()).digest()
        return digests
