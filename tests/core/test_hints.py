"""What people say of a bucket's keys."""

import pytest

from invalidator.core.remembering.hints import NO_HINTS, HintError, read_hints


def test_ignored_keys_never_count_and_immutable_ones_when_they_end():
    hints = read_hints("site=logs/*,site=*.map", "site=assets/*")
    assert hints.ignores("site", "logs/1", removed=False)
    assert hints.ignores("site", "logs/1", removed=True)
    assert hints.ignores("site", "js/a.map", removed=False)
    assert hints.ignores("site", "assets/a.1f2e.js", removed=False)
    assert not hints.ignores("site", "assets/a.1f2e.js", removed=True)
    assert not hints.ignores("site", "index.html", removed=False)
    assert not hints.ignores("other", "logs/1", removed=False)


def test_no_hints_are_the_same_as_none():
    assert read_hints("", "") is NO_HINTS
    assert read_hints("a=b", "").basis != read_hints("", "a=b").basis


@pytest.mark.parametrize("wrong", ["logs/*", "site=", "=x", "site=a,nonsense"])
def test_what_is_no_hint_is_named(wrong):
    with pytest.raises(HintError, match="write BUCKET=PATTERN"):
        read_hints(wrong, "")
