"""What is put back on the queue comes back as it was, however it had to be cut."""

import json

from hypothesis import given
from hypothesis import strategies as st

from invalidator.core.messages.backlog import MAX_BODY_BYTES, KeyBacklog, PathBacklog, bodies
from invalidator.core.messages.reading import read_body
from invalidator.core.routing.paths.encoding import invalidation_paths
from tests.notifications import SENT

TIMES = st.floats(min_value=0, max_value=SENT)
VIEWER_PATHS = st.text(min_size=1, max_size=12).flatmap(
    lambda text: st.sampled_from(invalidation_paths("/" + text, query_strings=True, directory=True))
)
# What an invalidation holds besides: cache tags.
ITEMS = VIEWER_PATHS | st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=",*#"), min_size=1, max_size=256
).map("#{}".format)
KEYS = st.text(min_size=1, max_size=12) | st.binary(min_size=1, max_size=12).map(
    lambda raw: raw.decode("utf-8", "surrogateescape")
)


def read_back(backlog, limit=MAX_BODY_BYTES):
    return [read_body(body, SENT).backlog for body in bodies(backlog, limit)]


@given(st.dictionaries(ITEMS, TIMES, min_size=1), st.integers(0, 7), st.text())
def test_paths_and_cache_tags_come_back_as_they_were(paths, attempts, reason):
    backlog = PathBacklog("E1", ("site", "other"), paths, attempts, reason)
    assert read_back(backlog) == [backlog]


@given(st.dictionaries(KEYS, TIMES, min_size=1), st.integers(0, 7))
def test_keys_come_back_as_they_were_invalid_utf8_included(keys, attempts):
    backlog = KeyBacklog("site", keys, attempts, "why")
    assert read_back(backlog) == [backlog]


@given(st.dictionaries(VIEWER_PATHS, TIMES, min_size=1, max_size=40), st.integers(150, 600))
def test_cut_at_a_limit_nothing_is_lost_and_every_part_is_under_it_or_a_single_path(paths, limit):
    parts = read_back(PathBacklog("E1", ("site",), paths, 3, "why"), limit)
    merged = {}
    for part in parts:
        assert (part.distribution, part.buckets, part.attempts, part.reason) == ("E1", ("site",), 3, "why")
        assert not merged.keys() & part.paths.keys()
        merged |= part.paths
    assert merged == paths
    for body in bodies(PathBacklog("E1", ("site",), paths, 3, "why"), limit):
        assert len(body) <= limit or len(json.loads(body)["paths"]) == 1


@given(st.dictionaries(KEYS, TIMES, min_size=1, max_size=40), st.integers(100, 400))
def test_keys_cut_at_a_limit_are_all_there(keys, limit):
    merged = {}
    for part in read_back(KeyBacklog("site", keys), limit):
        merged |= part.keys
    assert merged == keys


def test_a_backlog_larger_than_a_message_becomes_a_few_messages_under_the_limit_of_sqs():
    paths = {f"/{number:06d}/{'x' * 60}": SENT for number in range(30_000)}
    parts = list(bodies(PathBacklog("E1", ("site",), paths)))
    assert 2 < len(parts) <= 6
    assert all(len(body.encode()) <= MAX_BODY_BYTES for body in parts)


def test_a_body_is_plain_ascii_on_one_line():
    (body,) = bodies(KeyBacklog("site", {"a\nb\x1b[31m🎉": 1.0}, reason="line\nbreak \x1b[0m é"))
    assert body.isascii()
    assert body.isprintable()
