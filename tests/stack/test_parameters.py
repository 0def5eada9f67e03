"""A deployment's parameters are worked out as `sam deploy` does."""

import pytest

from infra.cli.errors import CommandError
from infra.stack.parameters import given

CONFIG = """
version = 0.1
[default.deploy.parameters]
parameter_overrides = ["Buckets=from-config", "AlarmEmail=me@example.com"]
[text.deploy.parameters]
parameter_overrides = 'Buckets="a,b" AlarmEmail=me@example.com'
"""


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "samconfig.toml"
    file.write_text(CONFIG)
    return file


@pytest.mark.parametrize(
    ("arguments", "buckets"),
    [
        ([], "from-config"),
        (["--parameter-overrides", "Buckets=a,b", "QuietSeconds=0", "--guided"], "a,b"),
        (["--no-execute-changeset", "--parameter-overrides=Buckets=a,b"], "a,b"),
        (["--parameter-overrides", "ParameterKey=Buckets,ParameterValue=a,b"], "a,b"),
        (["--parameter-overrides", 'Buckets="a,b" AlarmEmail=x'], "a,b"),
        (["--parameter-overrides", "AlarmEmail=x"], "from-before"),
        (["--parameter-overrides", "Buckets="], ""),
    ],
)
def test_the_command_line_takes_the_place_of_the_file_and_both_that_of_before(config, arguments, buckets):
    found = given(arguments, config, "default", {"Buckets": "from-before", "RolePath": "/x/"})
    assert (found["Buckets"], found["RolePath"]) == (buckets, "/x/")


def test_the_file_s_overrides_may_be_one_text_and_a_section_may_be_missing(config, tmp_path):
    assert given([], config, "text", {})["Buckets"] == "a,b"
    assert given([], config, "none", {"Buckets": "x"}) == {"Buckets": "x"}
    assert given([], tmp_path / "none.toml", "default", {}) == {}


def test_a_file_that_is_broken_is_one_line(tmp_path):
    file = tmp_path / "samconfig.toml"
    file.write_text("version = ")
    with pytest.raises(CommandError, match=r"samconfig\.toml: cannot be read"):
        given([], file, "default", {})
