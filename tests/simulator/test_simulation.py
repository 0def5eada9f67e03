"""The simulator counts what it promises, the same in every run, and its CloudFront refuses what it should."""

import dataclasses
import json

import pytest

from infra.cli.main import main
from infra.local.cloudfront.quotas import Regime
from infra.simulator.cloudfront import Freshness
from infra.simulator.simulation import Upload, simulate
from infra.simulator.upload import made_tree
from infra.simulator.virtual_time import VirtualTime
from invalidator.core.sent import Sent

CONTRACT = {
    "objects", "messages", "invocations", "requests", "refused_requests", "paths", "wildcards", "cost_usd",
    "dead_lettered", "stale_objects", "last_fresh_seconds",
}  # fmt: skip


@pytest.mark.parametrize("regime", Regime)
@pytest.mark.parametrize("error_rate", [0.0, 0.05])
def test_under_every_quota_each_object_ends_fresh_and_nothing_is_dead(
    regime: Regime, error_rate: float
) -> None:
    upload = Upload(made_tree(5000, 40, 1), 250, 20, regime, seed=3, error_rate=error_rate)
    result = simulate(upload)
    assert (result.stale_objects, result.dead_lettered) == (0, 0)
    assert result.paths <= 1000
    assert result.cost_usd == 0
    assert 0 < result.last_fresh_seconds <= 20 + 20


def test_the_same_seed_gives_the_same_run() -> None:
    upload = Upload(made_tree(500, 10, 1), 100, 5, seed=7)
    assert simulate(upload) == simulate(upload)


def test_another_seed_gives_another_run() -> None:
    tree = made_tree(2000, 10, 1)
    assert simulate(Upload(tree, 100, 5, seed=1)) != simulate(Upload(tree, 100, 5, seed=2))


def test_refusals_of_the_strict_quotas_are_counted() -> None:
    result = simulate(Upload(made_tree(2000, 400, 1), 2000, 1, Regime.RATE, monthly_budget=0))
    assert result.refused_requests > 0
    assert result.requests > result.refused_requests


def test_without_a_budget_more_paths_are_sent() -> None:
    tree = made_tree(3000, 30, 1)
    paced = simulate(Upload(tree, 100, 5, Regime.IN_FLIGHT))
    unpaced = simulate(Upload(tree, 100, 5, Regime.IN_FLIGHT, monthly_budget=0))
    assert unpaced.paths > paced.paths


def test_messages_wait_while_a_batch_is_gathered_and_none_when_all_is_done() -> None:
    moments = simulate(Upload(made_tree(2000, 10, 1), 100, 20)).moments
    # 100 messages a second come, and a batch takes them only when its window of 20 s is over.
    assert max(each.waiting for each in moments) > 1000
    # Every object that is stale is known from some message that waits, or S3 has not told it yet (1 s at most).
    assert all(each.stale <= each.waiting + 100 for each in moments)


def test_the_json_holds_what_the_contract_names(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", "--objects", "200", "--directories", "5", "--json"])
    assert ended.value.code == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed.keys() >= CONTRACT
    assert printed["objects"] == 200


@pytest.mark.parametrize("ending", [".svg", ".png"])
def test_the_chart_is_drawn(tmp_path, capsys, ending: str) -> None:
    file = tmp_path / f"chart{ending}"
    with pytest.raises(SystemExit):
        main(["simulate", "--objects", "200", "--directories", "5", "--chart", str(file)])
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
        (["--upload-rate", "nan"], "--upload-rate"),
        (["--upload-rate", "1e-9"], "--upload-rate"),
        (["--error-rate", "nan"], "--error-rate"),
    ],
)
def test_bad_options_are_one_line_that_names_them(capsys, options: list[str], said: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", *options])
    assert ended.value.code == 1
    assert said in capsys.readouterr().err


def test_the_books_count_an_object_fresh_only_after_a_later_invalidation() -> None:
    books = Freshness()
    books.changed("a b.html", 10.0)
    books.invalidated(Sent("E", "I1", 9.0, ("/*",)))
    books.invalidated(Sent("E", "I2", 11.0, ("/a.html",)))
    assert books.stale
    books.invalidated(Sent("E", "I3", 12.0, ("/a%20b.html",)))
    assert not books.stale
    assert list(books.delays) == [2.0]


def test_virtual_time_lets_activities_take_turns() -> None:
    time = VirtualTime(100.0)
    said: list[tuple[str, float]] = []

    def activity(name: str, pause: float) -> None:
        for _ in range(2):
            time.sleep(pause)
            said.append((name, time.now()))

    time.start(lambda: activity("slow", 3))
    time.start(lambda: activity("quick", 2))
    time.run()
    assert said == [("quick", 102.0), ("slow", 103.0), ("quick", 104.0), ("slow", 106.0)]


def test_an_error_in_an_activity_ends_the_run() -> None:
    time = VirtualTime(0.0)

    def fails() -> None:
        time.sleep(1)
        raise LookupError("broken")

    time.start(fails)
    with pytest.raises(LookupError, match="broken"):
        time.run()


def test_every_field_of_the_result_but_the_moments_is_printed() -> None:
    result = simulate(Upload(made_tree(50, 5, 1), 100, 1))
    assert len(result.moments) > 0
    assert {field.name for field in dataclasses.fields(result)} >= CONTRACT


def test_errors_of_the_service_are_answered_with_more_calls_and_nothing_is_lost() -> None:
    tree = made_tree(2000, 10, 1)
    calm = simulate(Upload(tree, 100, 5, Regime.IN_FLIGHT))
    stormy = simulate(Upload(tree, 100, 5, Regime.IN_FLIGHT, error_rate=0.6))
    assert stormy.requests > calm.requests
    assert (stormy.stale_objects, stormy.dead_lettered) == (0, 0)
