"""What people who carry on rely on: the verbs, one version, and that CI and the hooks run what make runs."""

import re
import subprocess
import tomllib
from pathlib import Path

import yaml

from tests.typed_make import MAKE

REPOSITORY = Path(__file__).resolve().parents[2]
MAKEFILE = (REPOSITORY / "Makefile").read_text("utf-8")
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
VERBS = {
    "setup", "demo", "local", "test", "check", "lint", "bench", "validate", "build", "deploy", "outputs",
    "status", "dlq", "logs", "package", "delete", "clean",
}  # fmt: skip


def test_make_alone_prints_each_verb_with_a_line() -> None:
    shown = subprocess.run(MAKE, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    told = set(re.findall(r"^  make (\S+) +\S", shown, re.MULTILINE))
    assert told >= VERBS
    assert max(map(len, shown.splitlines())) <= 100


def test_the_package_the_template_and_the_changelog_have_one_version() -> None:
    template = (REPOSITORY / "template.yaml").read_text("utf-8")
    (semantic,) = re.findall(r"^ +SemanticVersion: (\S+)$", template, re.MULTILINE)
    released = re.findall(r"^## (\d\S*) ", (REPOSITORY / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    (output,) = re.findall(r"^  Version:\n(?:    Description: .*\n)    Value: (\S+)$", template, re.MULTILINE)
    assert PROJECT["version"] == semantic == output == released[0]


def test_ci_runs_make_test_on_each_supported_python() -> None:
    workflow = yaml.safe_load((REPOSITORY / ".github/workflows/test.yml").read_text("utf-8"))
    job = workflow["jobs"]["test"]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make test"]
    assert f">={job['strategy']['matrix']['python'][0]}" == PROJECT["requires-python"]


def test_the_hooks_run_the_tools_of_make_lint() -> None:
    recipe = MAKEFILE[MAKEFILE.index("\nlint:") :].split("\n\n")[0]
    config = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text("utf-8"))
    hooks = {hook["entry"].split()[0].rpartition("/")[2] for hook in config["repos"][0]["hooks"]}
    assert hooks == set(re.findall(r"\$\(BIN\)/(\S+)", recipe)) | {"make"}


def test_the_hook_of_the_tables_runs_after_a_change_of_what_they_are_written_in_or_from() -> None:
    config = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text("utf-8"))
    (docs,) = (hook for hook in config["repos"][0]["hooks"] if hook["id"] == "docs")
    pages = docs["entry"].split("--check ")[1].split()
    recipe = MAKEFILE[MAKEFILE.index("\ndocs:") :].split("\n\n")[0]
    assert pages == recipe.split("cog -r ")[1].split()
    # What infra.docs reads, and itself.
    imported = re.findall(
        r"^from (infra|invalidator)\.(\S+) ", (REPOSITORY / "infra/docs.py").read_text("utf-8"), re.MULTILINE
    )
    homes = {"infra": "infra", "invalidator": "functions/invalidator"}
    modules = [f"{homes[root]}/{name.replace('.', '/')}.py" for root, name in imported]
    assert len(modules) > 3
    read = ["infra/docs.py", "template.yaml", "infra/bench/committed.json", "infra/bench/side_by_side.json"]
    assert [name for name in (*pages, *modules, *read) if not re.search(docs["files"], name)] == []


def test_a_release_is_checked_and_is_what_make_package_writes() -> None:
    workflow = yaml.safe_load((REPOSITORY / ".github/workflows/release.yml").read_text("utf-8"))
    steps = workflow["jobs"]["release"]["steps"]
    runs = [step["run"] for step in steps if "run" in step]
    assert [run.split()[:2] for run in runs][:3:2] == [["make", "test"], ["make", "package"]]
    (python,) = (step["with"]["python-version"] for step in steps if "python-version" in step.get("with", {}))
    template = (REPOSITORY / "template.yaml").read_text("utf-8")
    assert set(re.findall(r"Runtime: python(\S+)", template)) == {python}
    # The tag must be the version that stands in the tree.
    tag = runs[1].replace("${{ github.ref_name }}", f"v{PROJECT['version']}")
    assert subprocess.run(["bash", "-c", tag], cwd=REPOSITORY, check=False).returncode == 0
    wrong = tag.replace(f"v{PROJECT['version']}", "v99.0.0")
    assert subprocess.run(["bash", "-c", wrong], cwd=REPOSITORY, check=False).returncode == 1
