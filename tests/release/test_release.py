"""What `make package` writes: the same files from the same sources, and a template that deploys them."""

import hashlib
import json
import os
import re
import subprocess
import sys
from zipfile import ZipFile

import pytest
import yaml

from infra.release.__main__ import NotBuiltError, write_release
from infra.release.packaged_template import packaged
from infra.release.zips import write_zips
from infra.template import ROOT, read_template

FUNCTIONS = sorted(
    name for name, each in read_template()["Resources"].items() if each["Type"] == "AWS::Serverless::Function"
)


def _built(directory, *, mode=0o644, time=1_700_000_000, order=1):
    """A built tree as sam leaves it: the worker's functions share their content, the subscription has its own."""
    for name in FUNCTIONS[::order]:
        own = "subscription" if name == "BucketSubscriptionFunction" else "worker"
        files = {f"{own}/handler.py": b"print()\n", "pydantic-2.14.3.dist-info/METADATA": _METADATA}
        for path, content in list(files.items())[::order]:
            file = directory / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            file.chmod(mode)
            os.utime(file, (time, time))
    return directory


_METADATA = b"Metadata-Version: 2.1\nName: pydantic\nVersion: 2.14.3\n"


def _release(directory):
    return {each.name: each.read_bytes() for each in directory.iterdir()}


def test_the_same_content_gives_the_same_files_whatever_the_machine_made_of_modes_and_times(tmp_path):
    _built(tmp_path / "a")
    _built(tmp_path / "b", mode=0o600, time=1_800_000_000, order=-1)
    for name in "ab":
        write_release(tmp_path / name, tmp_path / f"dist-{name}")
    assert _release(tmp_path / "dist-a") == _release(tmp_path / "dist-b")


def test_functions_of_the_same_content_share_a_zip_and_another_content_has_another_name(tmp_path):
    built = _built(tmp_path / "a")
    zips = write_release(built, tmp_path / "dist")
    assert [each.functions for each in zips] == [
        ("BucketSubscriptionFunction",),
        tuple(name for name in FUNCTIONS if name != "BucketSubscriptionFunction"),
    ]
    (built / "SweepFunction/worker/handler.py").write_bytes(b"print(2)\n")
    again = write_release(built, tmp_path / "dist")
    assert len(again) == 3
    assert zips[0] in again
    assert [each for each in again if each.functions == ("SweepFunction",)]


def test_a_zip_holds_what_was_built_readable_by_lambda_and_programs_stay_programs(tmp_path):
    built = _built(tmp_path / "a", mode=0o600)
    (built / "SweepFunction/worker/handler.py").chmod(0o700)
    (zipped,) = write_zips({"SweepFunction": built / "SweepFunction"}, tmp_path)
    with ZipFile(zipped.file) as packed:
        modes = {each.filename: oct(each.external_attr >> 16) for each in packed.infolist()}
        assert packed.read("worker/handler.py") == b"print()\n"
    assert modes == {"pydantic-2.14.3.dist-info/METADATA": "0o100644", "worker/handler.py": "0o100755"}


def test_the_sums_are_those_of_every_other_file(tmp_path):
    write_release(_built(tmp_path / "a"), tmp_path / "dist")
    lines = (tmp_path / "dist/SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    files = {name: content for name, content in _release(tmp_path / "dist").items() if name != "SHA256SUMS"}
    assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def test_the_bill_lists_what_the_package_holds(tmp_path):
    write_release(_built(tmp_path / "a"), tmp_path / "dist")
    bill = json.loads((tmp_path / "dist/sbom.cdx.json").read_text())
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == (
        "CycloneDX",
        "cloudfront-invalidator",
    )
    assert [each["purl"] for each in bill["components"]] == ["pkg:pypi/pydantic@2.14.3"]


def test_a_function_that_is_not_built_is_named_with_the_fix(tmp_path):
    with pytest.raises(NotBuiltError, match=r"InvalidatorFunction is not built .*make build"):
        write_release(tmp_path, tmp_path / "dist")
    run = subprocess.run(
        [sys.executable, "-m", "infra.release", "--built", tmp_path, "--into", tmp_path / "dist"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert re.match("error: .* is not built", run.stderr)


def test_the_template_takes_each_functions_code_from_the_readers_bucket(tmp_path):
    zips = write_release(_built(tmp_path / "a"), tmp_path / "dist")
    release = yaml.safe_load((tmp_path / "dist/template.yaml").read_text())
    keys = {
        name: each["Properties"]["CodeUri"]
        for name, each in release["Resources"].items()
        if each["Type"] == "AWS::Serverless::Function"
    }
    assert keys == {
        name: {
            "Bucket": {"Ref": "ArtifactBucket"},
            "Key": {"Fn::Sub": f"${{ArtifactPrefix}}{each.file.name}"},
        }
        for each in zips
        for name in each.functions
    }
    assert "functions/" not in json.dumps(release)


def test_all_but_the_place_of_the_code_is_the_template_itself(tmp_path):
    source, release = read_template(), packaged(read_template(), dict.fromkeys(FUNCTIONS, "x.zip"))
    assert {**release["Parameters"]}.keys() - source["Parameters"].keys() == {
        "ArtifactBucket",
        "ArtifactPrefix",
    }
    for name in ("ArtifactBucket", "ArtifactPrefix"):
        del release["Parameters"][name]
    assert release["Parameters"] == source["Parameters"]
    assert release["Outputs"] == source["Outputs"]
    for name, each in source["Resources"].items():
        of_release = release["Resources"][name]
        if each["Type"] == "AWS::Serverless::Function":
            of_release["Properties"].pop("CodeUri")
            each.pop("Metadata")
        assert of_release == each
