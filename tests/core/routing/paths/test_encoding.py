"""Paths are encoded exactly as CloudFront asks, and never one that it would refuse or ignore."""

import re
from urllib.parse import unquote

from hypothesis import example, given
from hypothesis import strategies as st

from invalidator.core.routing.paths.encoding import encode, invalidation_paths

RFC_1738_UNSAFE = set(' <>"#%{}|\\^~[]`')
# Any key that a notification can carry: text, and bytes that "surrogateescape" brought through.
texts = st.text(st.characters(codec="utf-8") | st.sampled_from("~*?#%+ ./\udc80\udcff\n"), max_size=40)
broken = st.text(st.characters() | st.sampled_from("~*?#% ./"), max_size=40)
paths = texts.map("/".__add__)
forms = st.fixed_dictionaries({"query_strings": st.booleans(), "directory": st.booleans()})


@given(paths)
def test_encoding_is_its_own_inverse(path):
    assert unquote(encode(path), errors="surrogateescape") == path


@given(paths)
@example('/é~[x]|{y}\\^`<>"#% ?')
def test_only_unsafe_and_non_ascii_characters_and_question_marks_are_encoded(path):
    """Anything else CloudFront accepts encoded, and removes nothing."""
    for escaped in re.findall(r"(?:%[0-9A-F]{2})+", encode(path)):
        for character in unquote(escaped, errors="surrogateescape"):
            assert character in RFC_1738_UNSAFE or character == "?" or not " " < character < "\x7f"
    assert encode(path).isascii()
    assert not RFC_1738_UNSAFE - {"%"} & set(encode(path))


@given(broken.map("/".__add__), forms)
@example("/" + "é" * 700, {"query_strings": True, "directory": True})
@example("/" + "x" * 3998, {"query_strings": True, "directory": True})
@example("/" + "x" * 3997, {"query_strings": True, "directory": True})
@example("/" + " " * 1400, {"query_strings": False, "directory": False})
def test_no_path_breaks_a_rule(path, forms):
    sent = invalidation_paths(path, **forms)

    assert sent
    assert len(set(sent)) == len(sent)
    for item in sent:
        assert re.fullmatch(r"/(?:[!$&-;=@-Z_a-z]|%[0-9A-F]{2})*(?:\?\*)?", item)
        assert len(item) <= 4000
        assert "%7E" not in item
        assert not {".", ".."} & set(item.split("/"))


@given(broken.map("/".__add__), forms)
def test_a_path_is_covered_by_what_is_sent_for_it(path, forms):
    """By the exact path, or by a wildcard that its encoded form begins with."""
    sent = invalidation_paths(path, **forms)

    assert any(
        encode(path) == item or (item.endswith("*") and encode(path).startswith(item[:-1])) for item in sent
    )


@given(paths, forms)
def test_query_strings_are_covered_where_they_count(path, forms):
    url = encode(path) + "?v=1&w=%2F"
    covered = any(
        item.endswith("*") and url.startswith(item[:-1]) for item in invalidation_paths(path, **forms)
    )

    assert covered or not forms["query_strings"]


@given(st.text("abc/é +,", max_size=20).map("/".__add__))
def test_an_ordinary_path_is_never_widened(path):
    assert not any(item.endswith("*") for item in invalidation_paths(path))


def test_a_directory_s_query_strings_do_not_purge_what_is_below_it():
    assert invalidation_paths("/", query_strings=True, directory=True) == ("/", "/?*")
    assert invalidation_paths("/a b", query_strings=True, directory=True) == (
        "/a%20b",
        "/a%20b?*",
        "/a+b",
        "/a+b?*",
    )


def test_a_cut_falls_between_characters():
    (cut,) = invalidation_paths("/x" + "é" * 1000)

    assert cut == "/x" + "%C3%A9" * 666 + "*"


def test_a_lone_surrogate_can_be_encoded_though_it_is_never_sent():
    assert encode("/\ud83d") == "/%ED%A0%BD"
    assert invalidation_paths("/a/\ud83d") == ("/a/*",)
