"""`invalidator simulate`: what it prints, draws and refuses."""

import dataclasses
import json

import pytest

from infra.cli.main import main
from infra.simulator.result import Result
from infra.simulator.scenarios import SCENARIOS

CONTRACT = {
    "objects", "messages", "invocations", "requests", "refused_requests", "invalidations", "paths", "wildcards",
    "cost_usd", "run_cost_usd", "dead_lettered", "stale_objects", "last_fresh_seconds", "p50_seconds", "p95_seconds",
    "max_seconds", "fewest_invalidations", "most_invalidations", "longest_wait_seconds",
}  # fmt: skip


def invoke(*options: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", *options])
    return int(ended.value.code or 0)


def test_the_json_holds_what_the_contract_names_and_every_figure_but_the_moments(capsys):
    assert invoke("--objects", "200", "--directories", "5", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed.keys() >= CONTRACT
    assert printed.keys() == {each.name for each in dataclasses.fields(Result)} - {"moments"}
    assert printed["objects"] == 200


def test_pages_of_several_distributions_are_written_so_often_and_so_long(capsys):
    assert invoke("--distributions", "3", "--changes-every", "30", "--for", "120", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["objects"], printed["invalidations"]) == (12, 12)
    assert (printed["fewest_invalidations"], printed["most_invalidations"]) == (4, 4)


def test_a_scenario_runs_by_its_name_and_takes_other_numbers(capsys):
    assert invoke("--scenario", "small-deploy", "--json") == 0
    assert json.loads(capsys.readouterr().out)["objects"] == 20
    assert invoke("--scenario", "hot-page", "--for", "30", "--json") == 0
    assert json.loads(capsys.readouterr().out)["objects"] == 10
    assert invoke("--scenario", "shared-bucket", "--distributions", "2", "--objects", "5", "--json") == 0
    assert json.loads(capsys.readouterr().out)["invalidations"] == 2


def test_quiet_and_window_are_the_settings_of_gathering(capsys):
    waits = []
    for quiet in ("0", "5"):
        assert invoke("--scenario", "one-file", "--for", "60", "--quiet", quiet, "--json") == 0
        waits.append(json.loads(capsys.readouterr().out)["p50_seconds"])
    assert waits[1] > waits[0] + 4


def test_the_list_explains_every_scenario(capsys):
    assert invoke("--list") == 0
    printed = capsys.readouterr().out
    for name, scenario in SCENARIOS.items():
        assert f"{name} " in printed
        assert scenario.explanation in printed
    assert invoke("--list", "--json") == 0
    assert json.loads(capsys.readouterr().out).keys() == SCENARIOS.keys()


@pytest.mark.parametrize("ending", [".svg", ".png"])
def test_the_chart_is_drawn(tmp_path, ending):
    file = tmp_path / f"chart{ending}"
    assert invoke("--objects", "200", "--directories", "5", "--chart", str(file)) == 0
    assert file.read_bytes()[:5] in (b"<?xml", b"\x89PNG\r")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--chart", "chart.gif"], "must end in .svg or .png"),
        (["--keys", "/nowhere/keys.txt"], "/nowhere/keys.txt"),
        (["--keys", "/dev/null"], "no keys in it"),
        (["--quota", "none"], "'rate', 'in-flight', 'both'"),
        (["--objects", "0"], "--objects"),
        (["--chart", "/nowhere/chart.svg"], "no file can be written in that folder"),
        (["--window", "nan"], "--window"),
        (["--quiet", "nan"], "--quiet"),
        (["--upload-rate", "nan"], "--upload-rate"),
        (["--upload-rate", "1e-9"], "--upload-rate"),
        (["--error-rate", "nan"], "--error-rate"),
        (["--scenario", "nope"], "--list"),
        (["--scenario", "busy", "--objects", "3"], "--objects"),
        (["--scenario", "busy", "--keys", "/dev/null"], "--keys"),
        (["--objects", "3", "--for", "60"], "--objects"),
        (["--scenario", "sync", "--distributions", "3"], "--distributions"),
    ],
)
def test_bad_options_are_one_line_that_names_them(capsys, options, said):
    assert invoke(*options) == 1
    assert said in capsys.readouterr().err
