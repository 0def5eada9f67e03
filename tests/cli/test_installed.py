"""`pipx install .`: the wheel alone gives the command, with no more than the packages that it asks for."""

import json
import re
import subprocess
import sys
import sysconfig
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
# botocore takes it where it happens to be.
TAKEN = ["certifi"]
EVERYTHING_THAT_A_COMMAND_LOADS = """
import importlib, json, pathlib, pkgutil, sys
import invalidator_cli
import infra.cli
for each in pkgutil.walk_packages(infra.cli.__path__, "infra.cli."):
    importlib.import_module(each.name)
import infra.simulator.simulation
print(json.dumps({name.partition(".")[0] for name in sys.modules}, default=sorted))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as site-packages would be."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, program: str, *arguments: str) -> str:
    """Run Python without site, so that nothing leads to the repository; the packages asked for are found beside."""
    return subprocess.run(
        [sys.executable, "-S", "-c", program, *arguments],
        env={"PYTHONPATH": f"{installed}:{sysconfig.get_path('purelib')}"},
        cwd=installed,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_wheel_puts_no_package_of_a_general_name_at_the_top(installed: Path) -> None:
    assert {each.name for each in installed.iterdir() if each.suffix != ".dist-info"} == {
        "bucket_subscription",
        "bucket_watch",
        "custom_resource",
        "invalidator",
        "invalidator_cli",
    }


def test_the_installed_command_works_away_from_the_repository(installed: Path) -> None:
    entry = next(installed.glob("*.dist-info")) / "entry_points.txt"
    assert "invalidator = invalidator_cli:main" in entry.read_text()
    typed = "from invalidator_cli import main; main()"
    said = json.loads(run(installed, typed, "simulate", "--objects", "20", "--directories", "2", "--json"))
    assert (said["objects"], said["stale_objects"]) == (20, 0)


def test_the_packages_that_it_asks_for_are_all_that_its_commands_load(installed: Path) -> None:
    (described,) = metadata.distributions(path=[str(installed)])
    asked = {_name(each) for each in described.requires or [] if "extra ==" not in each}
    assert "matplotlib" not in asked
    closure: set[str] = set()
    while asked:
        name = asked.pop()
        closure.add(name)
        needed = metadata.requires(name) or []
        asked |= {_name(each) for each in needed if "extra ==" not in each and ";" not in each} - closure
    loaded = set(json.loads(run(installed, EVERYTHING_THAT_A_COMMAND_LOADS)))
    assert {"click", "pydantic", "botocore"} <= loaded
    owners = metadata.packages_distributions()
    of_others = {
        module: {_name(each) for each in owners[module]}
        for module in loaded & owners.keys() - {each.name for each in installed.iterdir()}
    }
    assert [module for module, packages in of_others.items() if packages.isdisjoint(closure)] in ([], TAKEN)


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-")
