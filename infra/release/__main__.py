"""`make package`: writes what a release consists of into a folder.

FOLDER/template.yaml            deploy this; its parameters ArtifactBucket and ArtifactPrefix say where the zips lie
FOLDER/InvalidatorFunction-….zip and the like
FOLDER/sbom.cdx.json            CycloneDX: what the zips hold beside our own code
FOLDER/SHA256SUMS               for `sha256sum --check`
"""

import argparse
import hashlib
import shutil
import sys
from pathlib import Path

import yaml

from infra.release.bill_of_materials import bill_of_materials
from infra.release.packaged_template import packaged
from infra.release.zips import Zipped, write_zips
from infra.template import read_template

SUMS = "SHA256SUMS"
_PYTHON_OF_LAMBDA = "*.cpython-313.pyc"


class NotBuiltError(Exception):
    """A function of the template has no built directory; the text names it and the fix."""


def write_release(built: Path, into: Path) -> list[Zipped]:
    """Write the release's files; what stood in the folder before is removed.

    Args:
        built: what `sam build` made: a directory for each function.
        into: the folder to write.

    Returns:
        The zips.

    Raises:
        NotBuiltError: a function was not built.
    """
    template = read_template()
    functions = {
        name: built / name
        for name, each in template["Resources"].items()
        if each["Type"] == "AWS::Serverless::Function"
    }
    for name, directory in functions.items():
        if not directory.is_dir():
            raise NotBuiltError(f"{name} is not built ({directory}); build it with: make build")
    version = template["Metadata"]["AWS::ServerlessRepo::Application"]["SemanticVersion"]
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    zips = write_zips(functions, into)
    release = packaged(template, {name: each.file.name for each in zips for name in each.functions})
    (into / "template.yaml").write_text(
        yaml.safe_dump(release, sort_keys=False, allow_unicode=True, width=120), "utf-8"
    )
    (into / "sbom.cdx.json").write_text(bill_of_materials(version, functions["InvalidatorFunction"]), "utf-8")
    sums = [
        f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in sorted(into.iterdir())
    ]
    (into / SUMS).write_text("".join(sums), "utf-8")
    return zips


def main() -> None:
    """Write a release's files and print their sums; exit with 1 where something is not built."""
    parser = argparse.ArgumentParser(prog="make package", description="Writes what a release consists of.")
    parser.add_argument("--built", type=Path, default=Path(".aws-sam/build"))
    parser.add_argument("--into", type=Path, default=Path("dist"))
    arguments = parser.parse_args()
    try:
        zips = write_release(arguments.built, arguments.into)
    except NotBuiltError as error:
        sys.exit(f"error: {error}")
    if not any(arguments.built.rglob(_PYTHON_OF_LAMBDA)):
        print(
            "no Python 3.13 compiled the modules: cold starts are slower, and the sums differ from those of a release; "
            "name one with: make package COMPILER=/path/to/python3.13",
            file=sys.stderr,
        )
    for each in zips:
        size = each.file.stat().st_size / 1e6
        print(f"{each.file.name} ({size:.1f} MB): {', '.join(each.functions)}", file=sys.stderr)
    print((arguments.into / SUMS).read_text("utf-8"), end="")


if __name__ == "__main__":
    main()
