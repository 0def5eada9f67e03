"""A wake names whom to look at, and is nothing to version 0.1.0."""

import json

import pytest

from invalidator.core.messages.wake import WakeMessage, read_wake, wake_body

NAMES = {
    "target:E1": WakeMessage(target="E1"),
    "bucket:my.site": WakeMessage(bucket="my.site"),
    "unknown": WakeMessage(),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_wake_is_read_as_it_was_written(name):
    assert read_wake(wake_body(name)) == NAMES[name]


@pytest.mark.parametrize("name", NAMES)
def test_version_010_finds_nothing_to_do_in_a_wake(name):
    """Its core/reading.py looks for `Records` before all else, and takes an empty list for nothing to do."""
    assert json.loads(wake_body(name))["Records"] == []


@pytest.mark.parametrize(
    "body", ["", "{}", "[]", '{"invalidator": 1, "wake": "unknown"}', '{"invalidator": 2, "wake": "target:"}']
)
def test_what_is_no_wake_of_this_version_is_told_apart(body):
    assert read_wake(body) is None
