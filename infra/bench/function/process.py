"""Processes that see what Lambda's see: the built package, the SDK of the runtime, and no other package."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from infra.bench.function.scenario import ENVIRONMENT
from infra.release.zips import write_zips

ROOT = Path(__file__).resolve().parents[3]
PLACE = ROOT / ".local/bench"
# Lambda's runtime comes with the SDK; here it is this environment's own, linked to.
RUNTIME_MODULES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")


@dataclass(frozen=True, slots=True)
class Run:
    """What a process printed, and used: CPU and wall seconds, and its largest resident size in bytes."""

    output: str
    cpu: float
    wall: float
    resident: int


def build() -> Path:
    """Build the function's package for this interpreter, and link the SDK beside it."""
    package = PLACE / "package"
    shutil.rmtree(PLACE, ignore_errors=True)
    package.mkdir(parents=True)
    source = shutil.copytree(ROOT / "functions", PLACE / "source")
    subprocess.run(
        ["make", "--silent", "-C", str(source), "build-InvalidatorFunction"],
        check=True,
        env={
            **os.environ,
            "UV": str(ROOT / ".tools/uv/bin/uv"),
            "ARTIFACTS_DIR": str(package),
            "LAMBDA_PLATFORM": "host",
            "LAMBDA_PYTHON": sys.executable,
        },
    )
    runtime = PLACE / "runtime"
    runtime.mkdir()
    for name in RUNTIME_MODULES:
        (runtime / name).symlink_to(Path(str(metadata.distribution("boto3").locate_file(name))))
    # The package comes compiled, as Lambda's own SDK does.
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(runtime)], check=True)
    return package


def unzipped(package: Path) -> Path:
    """Return a folder with what a release's zip of the package holds, as Lambda unpacks it."""
    into, folder = PLACE / "zips", PLACE / "unzipped"
    into.mkdir()
    (zipped,) = write_zips({"InvalidatorFunction": package}, into)
    with ZipFile(zipped.file) as packed:
        packed.extractall(folder)
    return folder


def run(
    *arguments: str, environment: Mapping[str, str] = ENVIRONMENT, package: Path = PLACE / "package"
) -> Run:
    """Run `infra.bench.function.in_lambda` on the built package."""
    paths = (package, PLACE / "runtime", ROOT)
    seen = {**environment, "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, paths))}
    return measured([sys.executable, "-S", "-m", "infra.bench.function.in_lambda", *arguments], seen)


def answer_of(*arguments: str, environment: Mapping[str, str] = ENVIRONMENT) -> Any:
    """Run `infra.bench.function.in_lambda` and return what it measured."""
    return json.loads(run(*arguments, environment=environment).output)


def measured(command: list[str], environment: dict[str, str] | None = None) -> Run:
    """Run a command. Raises CalledProcessError where it fails; what it says then is on stderr."""
    begun = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        output = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output)
    wall = time.perf_counter() - begun
    return Run(output, used.ru_utime + used.ru_stime, wall, used.ru_maxrss * 1024)
