"""The functions' environment is read once, and what is wrong with it is named."""

from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from invalidator.settings import (
    RollbackSettings,
    Settings,
    SettingsError,
    SurveySettings,
    SweepSettings,
    read_settings,
)
from invalidator.wiring import TABLE_CONFIG, wire

CONFIG: Any = TABLE_CONFIG

NEEDED = {
    "TABLE_NAME": "t",
    "QUEUE_URL": "https://q",
    "WAKE_QUEUE_URL": "https://w",
    "WAKE_QUEUE_ARN": "arn:w",
    "DEAD_LETTER_QUEUE_URL": "https://d",
    "SURVEY_FUNCTION_NAME": "survey",
}


def test_defaults_are_the_documented_ones():
    settings = read_settings(NEEDED, Settings)
    assert (settings.monthly_path_budget, settings.max_paths, settings.max_wildcards) == (1000, 1000, 15)
    assert (settings.quiet_seconds, settings.gather_seconds) == (1, 10)
    assert (settings.over_budget_seconds, settings.hard_path_limit, settings.give_up_hours) == (900, 0, 24)
    assert settings.routing.index_documents == ("index.html",)


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_variable_is_named(name, value):
    environment = {other: text for other, text in NEEDED.items() if other != name}
    if value is not None:
        environment[name] = value
    with pytest.raises(SettingsError, match=name):
        read_settings(environment, Settings)


@pytest.mark.parametrize("kind", [SweepSettings, SurveySettings, RollbackSettings])
def test_the_other_functions_name_what_they_miss(kind):
    needed = [field.name.upper() for field in fields(kind) if field.name.upper() in NEEDED]
    for name in needed:
        with pytest.raises(SettingsError, match=name):
            read_settings({other: NEEDED[other] for other in needed if other != name}, kind)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MONTHLY_PATH_BUDGET", "-1"),
        ("MONTHLY_PATH_BUDGET", "many"),
        ("MAX_PATHS", "0"),
        ("MAX_WILDCARDS", "0"),
        ("QUIET_SECONDS", "-5"),
        ("GATHER_SECONDS", "x"),
        ("GIVE_UP_HOURS", "0"),
        ("HARD_PATH_LIMIT", "-1"),
        ("CLEAN_URLS", "sometimes"),
        ("LISTING_CALLS", "x"),
    ],
)
def test_a_value_out_of_range_is_named_without_being_quoted(name, value):
    with pytest.raises(SettingsError, match=name) as raised:
        read_settings(NEEDED | {name: value, "AWS_SECRET_ACCESS_KEY": "hush"}, Settings)
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "names"),
    [("", ()), (" , ", ()), ("index.html, default.htm", ("index.html", "default.htm"))],
)
def test_index_documents_are_a_list_without_blanks(text, names):
    assert read_settings(NEEDED | {"INDEX_DOCUMENTS": text}, Settings).routing.index_documents == names


@pytest.mark.parametrize("budget", ["0", "1", "1000000"])
def test_budgets_from_none_to_a_million_are_taken(budget):
    assert read_settings(NEEDED | {"MONTHLY_PATH_BUDGET": budget}, Settings).limits.monthly_budget == int(
        budget
    )


def test_settings_do_not_change():
    settings = read_settings(NEEDED, Settings)
    with pytest.raises(FrozenInstanceError):
        settings.table_name = "other"  # type: ignore[misc]  # that it fails is what is shown


def test_a_table_that_hangs_is_found_out_soon(monkeypatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "eu-west-1")
    assert CONFIG.connect_timeout + CONFIG.read_timeout <= 3
    log: Any = wire(NEEDED).steps.intake.log
    assert log._table._client.meta.config.read_timeout == CONFIG.read_timeout
