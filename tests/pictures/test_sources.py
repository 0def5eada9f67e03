"""What the pictures are made from: other workers in the simulator, a terminal's screen, the dashboard's JSON."""

import re

import pytest

from infra.pictures import demo
from infra.pictures.dashboard import _with_gaps
from infra.pictures.dashboard_json import body, metrics
from infra.pictures.rivals import sends
from infra.pictures.scene import Scene
from infra.pictures.upload import Comparison, Way, draw, duration
from infra.simulator.changes import Tree
from infra.simulator.simulation import Site
from tests.pictures.committed import texts_of


def scene(objects: int, most_paths: int) -> Scene:
    return Scene(list(Tree(objects, 5, 100).writes(Site())), sends(most_paths))


@pytest.mark.parametrize(("most_paths", "requests"), [(1, 300), (150, 2)])
def test_a_rival_pays_every_path_once_and_leaves_nothing_stale(most_paths: int, requests: int) -> None:
    rival = scene(300, most_paths)
    rival.run()
    assert rival.freshness.stale() == 0
    assert rival.cloudfront.paths >= 300
    assert len(rival.cloudfront.created) >= requests


def test_a_rival_waits_for_the_quota_of_calls() -> None:
    rival = scene(100, 1)
    seconds: list[float] = []
    rival.run(seconds.append)
    assert rival.seconds_late > (100 - 10) / 0.5
    assert seconds == [float(each) for each in range(len(seconds))]


def test_the_screen_keeps_what_a_terminal_would_show() -> None:
    written = (
        "fetching\r\n\x1b[?25l* busy\r\x1b[2K+ busy\r\n\x1b[?25h\r\x1b[1A\x1b[2Kdone (1 s)\r\nlast\r\n\r\n"
    )
    assert demo.screen(written) == ["fetching", "done (1 s)", "last"]


def test_the_demo_is_drawn_with_its_colours_and_folded_at_80_columns() -> None:
    svg = demo.draw("\x1b[32mfresh\x1b[0m  ok\r\n" + "x" * 100 + "\r\n")
    assert texts_of(svg) == ["make demo", "$ make demo", "fresh", "ok", "x" * 80, "x" * 20]
    colours = dict(re.findall(r"\.demo-(r\d+) \{ fill: (#\w+)", svg))
    shown = {words: colours[kind] for kind, words in re.findall(r'class="demo-(r\d+)"[^>]*>([^<]+)<', svg)}
    assert shown["fresh"] != shown["x" * 80]


def test_every_graph_of_the_dashboard_names_whole_metrics() -> None:
    graphs = [each["properties"] for each in body()["widgets"] if each["type"] == "metric"]
    found = [metric for graph in graphs for metric in metrics(graph)]
    assert {metric.namespace for metric in found} == {"AWS/SQS", "AWS/Lambda", "CloudFrontInvalidator"}
    assert all(metric.dimensions and "." not in metric.dimensions for metric in found)
    assert not [metric for metric in found if metric.name in (".", "...")]


def test_the_dots_of_a_graph_repeat_the_line_before() -> None:
    lines = [
        ["A", "M", "d", "v", {"stat": "p50"}],
        ["...", {"stat": "p95"}],
        [".", "N", ".", "."],
        ["...", "w"],
    ]
    got = [(each.namespace, each.name, each.dimensions) for each in metrics({"metrics": lines})]
    assert got == [
        ("A", "M", {"d": "v"}),
        ("A", "M", {"d": "v"}),
        ("A", "N", {"d": "v"}),
        ("A", "N", {"d": "w"}),
    ]


def test_the_upload_is_drawn_from_its_measurements() -> None:
    ways = tuple(Way(name, "tab:blue", 7, 5.0, 130.0, [(1.0, 5), (9.0, 3)]) for name in ("a", "b", "c"))
    shown = texts_of(draw(Comparison((ways[0], ways[1], ways[2]), 400.0)))
    assert shown.count("2.2 min") == 3
    assert any("6.7 min" in line for line in shown)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(3.5, "3.5 s"), (119, "119.0 s"), (150, "2.5 min"), (7200, "2.0 h"), (200_514, "2.3 days")],
)
def test_times_are_said_in_a_unit_that_fits(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_a_line_breaks_where_a_period_has_no_data_and_a_lone_point_can_be_seen() -> None:
    hours, values = _with_gaps([(0, 1.0), (60, 1.0), (120, 1.0), (180, 2.0), (600, 5.0)], 60)
    assert [each if each == each else None for each in values] == [1.0, 1.0, 2.0, None, 5.0, 5.0, None]  # noqa: PLR0124  only nan is not itself
    assert hours[4] < hours[5]
