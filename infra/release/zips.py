"""The built functions as zips: the same content is one file, and the same files are the same bytes on every machine."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # zip knows no earlier time
_FILE, _PROGRAM = 0o100644, 0o100755
_HASH_IN_NAME = 16  # hexadecimal digits: a name that changes exactly when the content does


@dataclass(frozen=True)
class Zipped:
    """A zip and the functions that it holds the code of.

    Attributes:
        file: the zip; its name ends in a hash of its content, so that CloudFormation sees a new version.
        functions: logical ids, sorted.
    """

    file: Path
    functions: tuple[str, ...]


def write_zips(built: Mapping[str, Path], into: Path) -> list[Zipped]:
    """Write one zip for each different content among the built functions.

    Args:
        built: for each function's logical id, the directory that `sam build` made.
        into: an existing directory.

    Returns:
        The zips, by name. A zip that several functions share is named after the first of them.
    """
    functions: dict[bytes, list[str]] = {}
    for name in sorted(built):
        functions.setdefault(_content(built[name]), []).append(name)
    zipped = []
    for names in functions.values():
        whole = into / "zip.partial"
        _write(built[names[0]], whole)
        digest = hashlib.sha256(whole.read_bytes()).hexdigest()[:_HASH_IN_NAME]
        zipped.append(Zipped(whole.rename(into / f"{names[0]}-{digest}.zip"), tuple(names)))
    return sorted(zipped, key=lambda each: each.file.name)


def _files(directory: Path) -> list[Path]:
    return sorted(each for each in directory.rglob("*") if each.is_file())


def _content(directory: Path) -> bytes:
    digest = hashlib.sha256()
    for file in _files(directory):
        name, content = str(file.relative_to(directory)).encode(), file.read_bytes()
        digest.update(b"%d %d\0%s%s" % (len(name), len(content), name, content))
    return digest.digest()


def _write(directory: Path, zip_file: Path) -> None:
    # Stored, not deflated: what zlib writes differs from one build of zlib to another, and a reader checks the sums on
    # another machine. Lambda unpacks the code once, when it is uploaded.
    with ZipFile(zip_file, "w", ZIP_STORED) as packed:
        for file in _files(directory):
            entry = ZipInfo(str(file.relative_to(directory)), _EARLIEST)
            entry.create_system = 3  # Unix: the mode below is read
            entry.external_attr = (_PROGRAM if file.stat().st_mode & 0o100 else _FILE) << 16
            packed.writestr(entry, file.read_bytes())
