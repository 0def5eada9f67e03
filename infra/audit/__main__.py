"""`make audit`: asks an index of known vulnerabilities about every pinned package.

Exit code 0: all were asked about, and nothing is known. 1: something is known. 2: it could not be checked, in whole or
in part. Not to have asked is never the same as to have found nothing. (make itself exits with 2 for either, and names
the code: "Error 1", "Error 2".)
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

CLEAN, VULNERABLE, UNCHECKED = 0, 1, 2
REQUIREMENTS = Path("infra/requirements")
SECONDS = 300


def pinned_files(root: Path) -> list[Path]:
    """Every file of pinned packages: what is packed with the functions, and the tools."""
    return [root / "functions/requirements.txt", *sorted((root / REQUIREMENTS).glob("*.txt"))]


def read_answer(file: str, answer: str) -> tuple[int, list[str]]:
    """Read what pip-audit printed for one file: its exit code would not tell a finding from a failure.

    Returns the code, a line for each known vulnerability, and one for the packages that were not checked.
    """
    try:
        packages = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return UNCHECKED, [f"{file}: could not be checked: no index of known vulnerabilities answered"]
    if not packages:
        return UNCHECKED, [f"{file}: could not be checked: no package was asked about"]
    known = [
        f"{file}: {each['name']} {each['version']}: {flaw['id']}"
        + (f", fixed in {', '.join(flaw['fix_versions'])}" if flaw.get("fix_versions") else "")
        for each in packages
        for flaw in each.get("vulns", [])
    ]
    skipped = [each for each in packages if "skip_reason" in each]
    if skipped:
        first = skipped[0]["skip_reason"]
        known.append(f"{file}: {len(skipped)} of {len(packages)} packages could not be checked: {first}")
    code = VULNERABLE if len(known) > bool(skipped) else UNCHECKED if skipped else CLEAN
    return code, known


def verdict(codes: Iterable[int]) -> int:
    """The whole's code: what is known to be vulnerable counts before what could not be checked."""
    found = set(codes)
    return VULNERABLE if VULNERABLE in found else UNCHECKED if found - {CLEAN} or not found else CLEAN


def audit(files: Sequence[Path], command: Sequence[str]) -> int:
    """Ask about each file, print what there is to say, and return the exit code."""
    codes = []
    for file in files:
        try:
            answer = subprocess.run(
                [*command, "--requirement", str(file)],
                capture_output=True, text=True, timeout=SECONDS, check=False,
            ).stdout  # fmt: skip
        except subprocess.TimeoutExpired:
            answer = ""
        code, lines = read_answer(str(file), answer)
        codes.append(code)
        print("\n".join(lines) if lines else f"{file}: nothing is known against its packages")
    result = verdict(codes)
    if result == UNCHECKED:
        print("audit: COULD NOT BE CHECKED; this says nothing about the packages", file=sys.stderr)
    return result


if __name__ == "__main__":
    tool = Path(sys.argv[1])
    sys.exit(
        audit(
            pinned_files(Path()),
            [
                str(tool),
                "--require-hashes",
                "--disable-pip",
                "--format",
                "json",
                "--progress-spinner",
                "off",
                "--timeout",
                "10",
            ],
        )
    )
