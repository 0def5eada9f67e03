"""A published web asset tree in two versions: real files, from an npm package.

Of its plugins the translations, pictures and tests, most files, are left out: S3 takes them within seconds, the
one process that stands for it here does not, and an upload longer than GatherSeconds is more than one invalidation.
"""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

REPOSITORY = Path(__file__).resolve().parents[2]
UV = REPOSITORY / ".tools/uv/bin/uv"
CACHE = REPOSITORY / ".local/demo"
REQUIREMENTS = REPOSITORY / "infra/requirements"
STATIC = Path("ckeditor/static/ckeditor")
LEFT_OUT_OF_PLUGINS = {"lang", "images", "icons", "tests"}


class AssetsError(Exception):
    """The tree could not be fetched; the text says why."""


@dataclass(frozen=True, slots=True)
class Update:
    """What the second version changes.

    Attributes:
        written: keys that are new or differ.
        removed: keys that are gone.
    """

    written: tuple[str, ...]
    removed: tuple[str, ...]


def fetch(version: str) -> Path:
    """Install the package of `demo-VERSION.txt` (pinned, with hashes) into a folder of its own, once.

    Returns the directory whose files are the objects to upload. Raises AssetsError.
    """
    pinned = REQUIREMENTS / f"demo-{version}.txt"
    into = CACHE / version
    tree = into / STATIC
    if not tree.is_dir():
        into.parent.mkdir(parents=True, exist_ok=True)
        partly = Path(mkdtemp(prefix=f"{version}-", dir=into.parent))
        command: list[str | Path] = [
            UV,
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            "--target",
            partly,
            "-r",
            pinned,
        ]
        try:
            finished = subprocess.run(command, capture_output=True, text=True, check=False)
            if finished.returncode:
                raise AssetsError(f"cannot fetch the demo's files ({pinned.name}): {finished.stderr.strip()}")
            shutil.rmtree(into, ignore_errors=True)  # half a tree of an earlier version of this program
            partly.rename(into)
        finally:  # also after Ctrl-C: half a tree would be taken for a whole one
            shutil.rmtree(partly, ignore_errors=True)
    return tree


def keys(tree: Path) -> tuple[str, ...]:
    """Return the tree's files as object keys, sorted; without what is left out of the plugins."""
    files = (file.relative_to(tree) for file in tree.rglob("*") if file.is_file())
    return tuple(
        sorted(
            file.as_posix()
            for file in files
            if "plugins" not in file.parts or LEFT_OUT_OF_PLUGINS.isdisjoint(file.parts)
        )
    )


def update(before: Path, after: Path) -> Update:
    """Compare two versions by content."""
    old, new = set(keys(before)), set(keys(after))
    written = [
        key
        for key in sorted(new)
        if key not in old or (before / key).read_bytes() != (after / key).read_bytes()
    ]
    return Update(tuple(written), tuple(sorted(old - new)))
