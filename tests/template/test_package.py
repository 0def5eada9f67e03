"""What is uploaded: small, for Lambda's processor, and nothing that the functions do not import."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.template.resolved import ROOT
from tests.template.rules import of_type
from tests.typed_make import MAKE

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("template")]  # translated and built once

LEFT_FOR_SCANNERS = ".dist-info"
COMPILED = "__pycache__"
IMPORTED = """
import json, sys
sys.path.insert(0, {package!r})
import {module}
print(json.dumps(sorted(
    name for name, module in sys.modules.items() if (getattr(module, "__file__", None) or "").startswith({package!r})
)))
"""


def _build(function, target, **more):
    target.mkdir()
    # As `sam build` does: in a copy, so that nothing but the artifacts stays behind.
    source = shutil.copytree(ROOT / "functions", target.with_name(f"{target.name}-source"))
    environment = {**os.environ, "UV": str(ROOT / ".tools/uv/bin/uv"), "ARTIFACTS_DIR": str(target), **more}
    run = subprocess.run(
        ["make", "--silent", f"build-{function}"],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return target


def _import(package, module, **environment):
    return subprocess.run(
        [
            ROOT / ".tools/ministack/bin/python",
            "-B",
            "-c",
            IMPORTED.format(package=f"{package}/", module=module),
        ],
        env={"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "eu-west-1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def _imported(package, module, **environment):
    run = _import(package, module, **environment)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def for_lambda(tmp_path_factory):
    return _build(
        "InvalidatorFunction", tmp_path_factory.mktemp("lambda") / "package", LAMBDA_PLATFORM="lambda"
    )


@pytest.fixture(scope="module")
def for_this_machine(tmp_path_factory):
    return _build(
        "InvalidatorFunction",
        tmp_path_factory.mktemp("host") / "package",
        LAMBDA_PLATFORM="host",
        LAMBDA_PYTHON=str(ROOT / ".tools/ministack/bin/python"),
    )


def test_the_package_is_under_15_mb(for_lambda):
    assert sum(each.stat().st_size for each in for_lambda.rglob("*")) < 15_000_000


def test_compiled_parts_are_for_python_313_on_arm(for_lambda):
    compiled = [each.name for each in for_lambda.rglob("*.so")]
    assert compiled
    assert [name for name in compiled if "cpython-313-aarch64" not in name] == []


def test_no_tests_or_stubs_are_packed(for_lambda):
    assert [each for each in for_lambda.rglob("*") if each.name == "tests" or each.suffix == ".pyi"] == []


def test_every_module_is_packed_compiled_and_python_takes_it_as_it_is(for_this_machine):
    """A cold start would compile what is not, each time: Lambda's file system is read-only."""
    modules = sorted(for_this_machine.rglob("*.py"))
    tag = subprocess.run(
        [ROOT / ".tools/ministack/bin/python", "-c", "import sys; print(sys.implementation.cache_tag)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert modules
    for each in modules:
        compiled = each.parent / "__pycache__" / f"{each.stem}.{tag}.pyc"
        # Hash-based and unchecked: https://docs.python.org/3/reference/import.html#pyc-invalidation
        assert compiled.read_bytes()[4:8] == b"\x01\0\0\0", each


def test_what_is_compiled_for_lambda_is_compiled_by_its_own_version(for_lambda):
    """Which takes a Python 3.13 on the machine that builds; without one nothing is."""
    assert {each.suffixes[0] for each in for_lambda.rglob("*.pyc")} <= {".cpython-313"}


def test_a_build_without_python_313_packs_the_sources_alone(tmp_path):
    package = _build("BucketSubscriptionFunction", tmp_path / "package", COMPILER="")
    assert list(package.rglob("*.pyc")) == []
    assert (package / "bucket_subscription/handler.py").exists()


def test_the_same_sources_give_the_same_package(tmp_path):
    packages = [
        _build("BucketSubscriptionFunction", tmp_path / name, COMPILER=sys.executable) for name in "ab"
    ]
    first, second = (
        {
            str(each.relative_to(package)): (each.stat().st_mtime, each.is_file() and each.read_bytes())
            for each in package.rglob("*")
        }
        for package in packages
    )
    assert any(name.endswith(".pyc") for name in first)
    assert first == second


def _environment(stacks, function="InvalidatorFunction"):
    variables = stacks["defaults"]["Resources"][function]["Properties"]["Environment"]["Variables"]
    return {name: str(value) for name, value in variables.items()}


def test_each_function_starts_with_its_environment_and_each_top_level_package_is_imported(
    for_this_machine, stacks
):
    modules = set()
    for name, each in of_type(stacks["defaults"]["Resources"], "AWS::Lambda::Function").items():
        handler = each["Handler"].removesuffix(".handler")
        modules.update(_imported(for_this_machine, handler, **_environment(stacks, name)))
    traced = _environment(stacks) | {"TRACING": "Active"}
    modules.update(_imported(for_this_machine, "invalidator.handler", **traced))
    packed = {each.name.removesuffix(".py") for each in for_this_machine.iterdir()}
    packed = {name for name in packed - {COMPILED} if not name.endswith(LEFT_FOR_SCANNERS)}
    assert packed == {name.partition(".")[0] for name in modules}


def test_the_worker_does_not_start_before_its_new_environment_is_there(for_this_machine, stacks):
    """Lambda takes the code first: what runs with the environment of 0.1.0 must leave the messages where they are."""
    environment = _environment(stacks)
    del environment["WAKE_QUEUE_URL"]
    run = _import(for_this_machine, "invalidator.handler", **environment)
    assert run.returncode != 0
    assert "WAKE_QUEUE_URL: " in run.stderr


def test_each_part_of_powertools_is_imported(for_this_machine, stacks):
    modules = _imported(for_this_machine, "invalidator.handler", **_environment(stacks))
    packed = {each.name for each in (for_this_machine / "aws_lambda_powertools").iterdir() if each.is_dir()}
    imported = {name.split(".")[1] for name in modules if name.startswith("aws_lambda_powertools.")}
    # Types that the other parts name in annotations alone.
    assert packed - imported <= {COMPILED, "utilities", "middleware_factory", "exceptions", "warnings"}


def test_the_subscription_s_package_is_its_own_code_alone(tmp_path):
    package = _build("BucketSubscriptionFunction", tmp_path / "package")
    assert {each.name for each in package.iterdir()} == {"bucket_subscription", "custom_resource"}
    _imported(package, "bucket_subscription.handler")


def test_a_build_without_uv_says_what_to_do(tmp_path):
    (tmp_path / "package").mkdir()
    run = subprocess.run(
        ["make", "--silent", "build-InvalidatorFunction"],
        cwd=ROOT / "functions",
        env={**os.environ, "UV": str(tmp_path / "none"), "ARTIFACTS_DIR": str(tmp_path / "package")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert "uv is missing: build with make" in run.stderr


def test_deploy_without_credentials_says_what_to_do_in_one_line(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MAKE"))}
    nowhere = {
        "HOME": str(tmp_path),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }
    run = subprocess.run(
        [*MAKE, "credentials"],
        cwd=ROOT,
        env={**environment, **nowhere},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert run.stderr.splitlines()[0] == "no AWS credentials: run `aws configure`, or set AWS_PROFILE"
