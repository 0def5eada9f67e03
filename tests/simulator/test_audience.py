"""Viewers in virtual time count what they are shown, and what caches lost needlessly."""

from infra.simulator.audience import Audience, chosen, folders
from infra.simulator.traffic import Write
from infra.simulator.virtual_time import VirtualTime
from invalidator.core.sent import Sent

START = 1_795_000_000.0
KEYS = folders(4, 2)


def audience(edited: frozenset[str]) -> Audience:
    return Audience(VirtualTime(START), "E1", "b", KEYS, edited)


def watch(viewers: Audience, seconds: float) -> None:
    until = viewers.time.now() + seconds
    viewers.come(until)
    viewers.time.run(until)


def test_nothing_happens_and_all_comes_from_the_caches():
    viewers = audience(frozenset())
    watch(viewers, 10)
    assert viewers.views > 300
    assert (viewers.stale_views, viewers.fetches, viewers.needless) == (0, 0, 0)


def test_a_change_is_stale_until_its_invalidation_has_arrived():
    viewers = audience(frozenset(KEYS[:1]))
    viewers.changed(Write(START, "b", KEYS[0]))
    watch(viewers, 10)
    assert viewers.stale_views > 50
    viewers.invalidated(Sent("E1", "I1", viewers.time.now(), (f"/{KEYS[0]}",)))
    sent = viewers.time.now()
    watch(viewers, 60)
    assert sent <= viewers.last_stale < sent + 25
    assert (viewers.fetches, viewers.needless) == (3, 0)


def test_what_was_written_without_a_change_is_fetched_again_needlessly():
    viewers = audience(frozenset(KEYS[:1]))
    for key in KEYS[:2]:
        viewers.changed(Write(START, "b", key))
    viewers.invalidated(Sent("E1", "I1", START, ("/*",)))
    watch(viewers, 120)
    assert (viewers.fetches, viewers.needless) == (12, 9)


def test_pages_are_chosen_by_a_seed():
    pages = folders(100, 10)
    assert chosen(pages, 5, 1) == chosen(pages, 5, 1) != chosen(pages, 5, 2)
    assert len({page.partition("/")[0] for page in pages}) == 10
