"""Whatever is in a file that people hand over: a value, or one line that says what is wrong with it."""

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cli.errors import CommandError
from infra.cli.files.input_files import read_distributions, read_keys, read_policies
from infra.cli.printing import visible
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.settings import RoutingSettings
from tests.cli.made_distributions import config

DOCUMENT = {
    "ETag": "E",
    "Distribution": {
        "Id": "E1",
        "DistributionConfig": config("site.s3.amazonaws.com", "x.example.com", behaviors=(("a/*", "o1"),)),
    },
}
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["\ud800", "o1", "*", "{{x}}"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


# How long an example takes says nothing on a machine that others use too.


def tried(read, *arguments):
    """What reading gives, and the line that refuses it."""
    try:
        return read(*arguments), ""
    except CommandError as error:
        return None, str(error)


def places(document, at=()):
    """The way to every member of a document."""
    members = document.items() if isinstance(document, dict) else enumerate(document)
    for name, member in members:
        yield (*at, name)
        if isinstance(member, dict | list):
            yield from places(member, (*at, name))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("files") / "f\x1b"


@given(st.data())
def test_a_damaged_distribution_is_read_or_refused_in_one_line(file, data):
    document = copy.deepcopy(DOCUMENT)
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(list(places(document))))
        parent: Any = document
        for name in way:
            parent = parent[name]
        if data.draw(st.booleans()):
            parent[last] = data.draw(anything)
        else:
            del parent[last]
        if not document:
            break
    file.write_text(json.dumps(document))
    read, refusal = tried(read_distributions, [str(file)], {})
    if refusal:
        assert refusal.isprintable()
        assert refusal.startswith(f"{visible(str(file))}: ")
    else:
        paths = Router(read[0].distribution, "site", RoutingSettings(("index.html",))).paths("a/index.html")
        assert all(path.startswith("/") for path in paths)


@given(st.binary(max_size=60))
def test_any_bytes_are_keys_or_refused_in_one_line(file, content):
    file.write_bytes(content)
    keys, refusal = tried(read_keys, str(file))
    if refusal:
        assert refusal.isprintable()
        assert re.search(r"is not UTF-8|; ", refusal)
    else:
        assert len(set(keys)) == len(keys)
        assert all(keys)
        assert all("\n" not in key for key in keys)


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), min_size=1), max_size=5
    )
)
def test_keys_that_were_written_are_read_again(file, keys):
    file.write_bytes("".join(f"{key}\n" for key in [*keys, "last"]).encode())
    expected = [*keys, "last"]
    expected[0] = expected[0].removeprefix("\ufeff")
    assert read_keys(str(file)) == tuple(dict.fromkeys(key for key in expected if key))


@given(st.binary(max_size=40) | st.builds(lambda value: json.dumps(value).encode(), anything))
def test_what_is_no_cache_policy_is_refused_in_one_line(file, content):
    file.write_bytes(content)
    with pytest.raises(CommandError) as refused:
        read_policies([str(file)])
    assert str(refused.value).isprintable()


@given(st.text())
def test_what_is_shown_prints_as_itself_and_can_be_told_apart(text):
    shown = visible(text)
    assert shown.isprintable()
    assert shown.encode("latin-1", "backslashreplace").decode("unicode_escape") == text
