"""The function's environment is read once, and what is wrong with it is named."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from invalidator.settings import SettingsError, read_settings
from invalidator.wiring import MEMORY_CONFIG, wire

NEEDED = {"TABLE_NAME": "t", "QUEUE_URL": "https://q", "DEAD_LETTER_QUEUE_URL": "https://d"}


def test_defaults_are_the_documented_ones():
    settings = read_settings(NEEDED)
    assert (settings.monthly_path_budget, settings.max_paths, settings.max_wildcards) == (1000, 1000, 15)
    assert settings.routing.index_documents == ("index.html",)


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_variable_is_named(name, value):
    environment = {other: text for other, text in NEEDED.items() if other != name}
    if value is not None:
        environment[name] = value
    with pytest.raises(SettingsError, match=name):
        read_settings(environment)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MONTHLY_PATH_BUDGET", "-1"),
        ("MONTHLY_PATH_BUDGET", "many"),
        ("MAX_PATHS", "0"),
        ("MAX_WILDCARDS", "0"),
        ("MAPPING_SECONDS", "-5"),
        ("LISTING_CALLS", "x"),
    ],
)
def test_a_value_out_of_range_is_named_without_being_quoted(name, value):
    with pytest.raises(SettingsError, match=name) as raised:
        read_settings(NEEDED | {name: value, "AWS_SECRET_ACCESS_KEY": "hush"})
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "names"),
    [("", ()), (" , ", ()), ("index.html, default.htm", ("index.html", "default.htm"))],
)
def test_index_documents_are_a_list_without_blanks(text, names):
    assert read_settings(NEEDED | {"INDEX_DOCUMENTS": text}).routing.index_documents == names


@pytest.mark.parametrize("budget", ["0", "1", "1000000"])
def test_budgets_from_none_to_a_million_are_taken(budget):
    assert read_settings(NEEDED | {"MONTHLY_PATH_BUDGET": budget}).monthly_path_budget == int(budget)


def test_settings_do_not_change():
    with pytest.raises(FrozenInstanceError):
        read_settings(NEEDED).table_name = "other"  # type: ignore[misc]  # that it fails is what is shown


def test_a_table_that_hangs_costs_little_of_the_time_to_send(monkeypatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "eu-west-1")
    config: Any = MEMORY_CONFIG  # its attributes are made at run time
    assert config.connect_timeout + config.read_timeout <= 3
    assert config.retries == {"mode": "standard", "total_max_attempts": 2}
    wired = wire(dict.fromkeys(["TABLE_NAME", "QUEUE_URL", "DEAD_LETTER_QUEUE_URL"], "x"))
    memory: Any = wired.worker.memory
    assert memory._table._client.meta.config.read_timeout == config.read_timeout
