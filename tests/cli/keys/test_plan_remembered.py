"""What a remembered bucket would send, planned from files alone."""

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cli.files.object_lines import Content
from infra.cli.keys.explain import in_words
from infra.cli.keys.plan import as_remembered
from infra.cli.keys.planning import plan_for
from invalidator.core.limits.allowance import Allowance
from invalidator.core.remembering.head import Seen
from invalidator.core.remembering.row import Kind, Row
from invalidator.core.routing.paths.viewer_paths import Router
from tests.remembering.site import site_distribution


def tree(**files: str) -> dict[str, Content]:
    return {
        key: Content(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(), len(text))
        for key, text in files.items()
    }


def planned(before, after):
    judged = as_remembered(before, after)
    router = Router(site_distribution(), "site")
    return judged, plan_for([router], judged.keys, lambda _: Allowance(1000, 15), judged.stored, judged.new)


def test_only_what_changed_is_planned():
    before = tree(a="1", b="2", c="3")
    judged, plan = planned(before, {**before, **tree(b="other", d="new")})
    assert judged.told == {"unchanged": 2, "new": 1, "changed": 1}
    assert (plan.sent.paths, plan.collateral, plan.unneeded) == (("/b",), 0, 1)


def test_what_is_gone_counts():
    judged, plan = planned(tree(a="1"), {"a": Content("", None)})
    assert judged.told["changed"] == 1
    assert plan.sent.paths == ("/a",)


names = st.text("abcdef/", min_size=1, max_size=6).filter(lambda key: not key.startswith("/"))


@given(st.dictionaries(names, st.sampled_from("xyz")), st.dictionaries(names, st.sampled_from("xyz")))
@settings(max_examples=100, deadline=None)
def test_paths_are_those_of_the_changed_keys_and_nothing_else_is_purged(before, after):
    _, plan = planned(tree(**before), tree(**after))
    changed = {key for key in after if key in before and before[key] != after[key]}
    router = Router(site_distribution(), "site")
    wanted = {path for key in changed for path in router.paths(key)}
    assert wanted <= set(plan.sent.paths)
    assert plan.collateral == 0


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("not json", 1),
        ('{"key": "a"}\n{"etag": "x"}', 2),
        ('{"key": 1}', 1),
        ('{"key":"a","size":"x"}', 1),
        ("[]", 1),
    ],
)
def test_a_line_that_is_no_object_is_named(typed, tmp_path, text, line):
    wrong = tmp_path / "objects"
    wrong.write_text(text)
    result = typed("plan", "--bucket", "site", "--remembered", str(wrong), "--changes", str(wrong))
    assert result.code == 1
    assert f"line {line} is no object" in result.err


@pytest.mark.parametrize(
    "options", [[], ["--keys", "-", "--changes", "x"], ["--changes", "x"], ["--remembered", "x"]]
)
def test_keys_come_from_one_place(typed, options):
    result = typed("plan", "--bucket", "site", *options)
    assert result.code == 1
    assert "--keys FILE, or --remembered FILE with --changes FILE" in result.err


def test_a_row_in_words():
    seen = Seen(1, 1, "e", 1, "h")
    rows = [
        None,
        Row(Kind.OWED),
        Row(Kind.ABSENT),
        Row(Kind.UNKNOWN),
        Row(Kind.SEEN, seen, since=1e9),
        Row(Kind.SEEN, seen, since=1e9, unchanged=1.1e9),
    ]
    told = [in_words(row) for row in rows]
    assert all(one != other for one, other in pairwise(told))
    assert "same bytes and headers as on" in told[-1]
    assert "nothing sent" in told[-1]
