"""The committed pictures say what the code, the template and the simulator say now: `make pictures` draws them."""

import re

import pytest

from infra.pictures import __main__ as command
from infra.pictures import dashboard, demo, upload
from infra.pictures.dashboard_day import Day
from infra.pictures.dashboard_json import metrics
from tests.pictures.committed import PICTURES, texts, texts_of

NAMES = sorted(command.PICTURES)


@pytest.mark.parametrize("name", NAMES)
def test_each_picture_is_committed_small_and_fetches_nothing(name: str) -> None:
    svg = (PICTURES / f"{name}.svg").read_text("utf-8")
    assert len(svg) < 200_000
    assert not re.findall(r"(?:url\(|href=)[\"']?(?![\"'#])", svg)


@pytest.mark.soak("it simulates an upload of 100,000 objects")
def test_the_committed_upload_shows_what_the_worker_takes_now() -> None:
    ours = upload.ours()
    shown = texts("upload")
    place = shown.index("this project")  # the last of the three, in each column
    assert [shown[place + 3], shown[place + 7], shown[place + 11]] == [
        f"{ours.paths:,}",
        f"${ours.cost:,.0f}",
        upload.duration(ours.seconds),
    ], "the worker takes other figures now: make pictures PICTURES=upload"


def test_the_committed_dashboard_has_every_title_and_line_of_the_template() -> None:
    expected = []
    for widget in dashboard.widgets():
        about = widget["properties"]
        if widget["type"] == "text":
            expected.append(about["markdown"].lstrip("# "))
        else:
            expected += [about["title"], *(metric.options["label"] for metric in metrics(about))]
    shown = texts("dashboard")
    missing = [each for each in expected if each not in shown]
    assert not missing, "the template's dashboard changed: make pictures PICTURES=dashboard"


def test_the_committed_demo_ends_with_the_proof() -> None:
    shown = texts("demo")
    assert shown[:2] == ["make demo", "$ make demo"]
    assert "$ invalidator dlq list" in shown
    assert "every change was covered by an invalidation created after it" in shown


def test_pictures_are_drawn_where_one_says(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setitem(command.PICTURES, "demo", lambda: demo.draw("fresh\r\n"))
    monkeypatch.setattr("sys.argv", ["pictures", "demo", "--into", str(tmp_path)])
    assert command.main() == 0
    assert "fresh" in texts_of((tmp_path / "demo.svg").read_text("utf-8"))
    assert capsys.readouterr().out == f"{tmp_path}/demo.svg\n"


def test_a_dashboard_metric_without_sample_data_is_named() -> None:
    with pytest.raises(LookupError, match="EventToInvalidationSeconds"):
        dashboard.draw(dashboard.widgets(), Day())
