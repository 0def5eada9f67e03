"""The real `sam build` and `sam deploy`, against the local AWS."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp

REPOSITORY = Path(__file__).resolve().parents[2]
SAM = REPOSITORY / ".tools/sam/bin/sam"
UV = REPOSITORY / ".tools/uv/bin/uv"
FUNCTIONS = REPOSITORY / "functions"
BUILT = REPOSITORY / ".local/built"
_LINES_OF_LOG_TO_SHOW = 40
# By default sam asks every 5 seconds whether a step of a deployment is over, which spares AWS, not this machine.
_SETTINGS = {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.3"}
# Run by sam's own Python, in a build's directory: each function's folder as a file beside it, and the template as JSON
# that names those files. Otherwise each deployment packs the same folders, and reads the same YAML seven times, anew.
_PACK = """
import json, pathlib, shutil
from samcli.yamlhelper import yaml_parse
file = pathlib.Path("template.yaml")
template = yaml_parse(file.read_text())
for name, resource in template["Resources"].items():
    if "CodeUri" in resource.get("Properties", {}):
        shutil.make_archive(name, "zip", resource["Properties"]["CodeUri"])
        resource["Properties"]["CodeUri"] = f"{name}.zip"
file.write_text(json.dumps(template))
"""
# Builds of older sources are removed; those that another process may be deploying now are not among the oldest.
_BUILDS_KEPT = 6


class SamError(Exception):
    """`sam` is not installed or failed; the text holds the end of what it said."""


def for_this_machine(interpreter: Path) -> dict[str, str]:
    """Return the variables by which `functions/Makefile` builds for an interpreter here, not for Lambda's."""
    return {"LAMBDA_PLATFORM": "host", "LAMBDA_PYTHON": str(interpreter)}


def build(template: Path, log: Path, environment: Mapping[str, str], interpreter: Path) -> Path:
    """Build the template's functions for an interpreter of this machine and return the built template.

    What the same sources gave before is taken as it is, by whatever process: several local AWSs deploy one build. It
    must not be written to.

    Args:
        template: the template to build.
        log: file that sam's output is appended to.
        environment: the environment of sam.
        interpreter: the Python that will run the functions: MiniStack runs them with its own.
            `functions/Makefile` takes it in place of Lambda's python3.13 on arm64.
    """
    into = BUILT / _digest(template, interpreter)
    built = into / "template.yaml"
    BUILT.mkdir(parents=True, exist_ok=True)
    with (BUILT / "lock").open("w") as lock:
        # The others wait for the one who builds, which takes seconds, and take what it has made.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if built.exists():
            os.utime(into)
            return built
        builds = sorted(filter(Path.is_dir, BUILT.iterdir()), key=lambda each: each.stat().st_mtime)
        for old in builds[:-_BUILDS_KEPT]:
            shutil.rmtree(old, ignore_errors=True)
        making = Path(mkdtemp(prefix="making-", dir=BUILT))
        try:
            _run(
                ["build", "--template-file", template, "--build-dir", making],
                log,
                {**environment, **for_this_machine(interpreter), "UV": str(UV)},
                template.parent,
            )
            subprocess.run([SAM.with_name("python"), "-c", _PACK], cwd=making, check=True)
        except BaseException:  # also Ctrl-C: half a build is nobody's
            shutil.rmtree(making, ignore_errors=True)
            raise
        making.rename(into)
        return built


def _digest(template: Path, interpreter: Path) -> str:
    """Return what a build follows from, as a name."""
    digest = hashlib.sha256(f"{template}\0{interpreter}\0".encode() + template.read_bytes())
    for file in sorted(FUNCTIONS.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(f"\0{file.relative_to(FUNCTIONS)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:24]


def deploy(
    built: Path, stack: str, parameters: Mapping[str, str], log: Path, environment: Mapping[str, str]
) -> None:
    """Deploy a built template under a stack's name; a stack that stands is updated."""
    overrides = [f'{name}="{value}"' for name, value in parameters.items()]
    _run(
        [
            "deploy",
            *("--template-file", built, "--stack-name", stack, "--resolve-s3"),
            *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"),
            *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"),
            *(("--parameter-overrides", *overrides) if overrides else ()),
        ],
        log,
        environment,
        built.parent,
    )


def _run(arguments: list[str | Path], log: Path, environment: Mapping[str, str], directory: Path) -> None:
    if not SAM.exists():
        raise SamError(f"SAM CLI is not installed ({SAM}); install it with: make setup")
    with log.open("ab") as output:
        finished = subprocess.run(
            [SAM, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**environment, **_SETTINGS},
            cwd=directory,
            check=False,
        )
    if finished.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-_LINES_OF_LOG_TO_SHOW:])
        raise SamError(f"sam {arguments[0]} failed; the end of its log ({log}):\n{tail}")
