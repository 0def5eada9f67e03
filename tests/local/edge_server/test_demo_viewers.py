"""The demo's viewers believe only what they are shown."""

import threading
import time
from hashlib import sha256

import pytest

from infra.demo import viewers
from infra.demo.viewers import ViewerError, Viewers


def digest(body: bytes) -> str:
    return sha256(body).hexdigest()


OLD, NEW, SAME = (digest(body) for body in (b"old", b"new", b"same"))


@pytest.fixture
def audience(site):
    site.s3.bodies |= {"a.html": b"old", "b.html": b"same", "c.html": b"old"}
    with Viewers(site.server, "E1") as found:
        assert found.warm({"/a.html": OLD, "/b.html": SAME, "/c.html": OLD}) == 9
        yield found


def test_warming_finds_a_page_that_is_not_what_lies_in_s3(site, audience):
    with pytest.raises(ViewerError, match=r"/b\.html at FRA56 is not what lies in S3"):
        audience.warm({"/b.html": OLD})


def test_an_update_is_through_when_every_location_shows_it(site, audience):
    changed, unchanged = {"/a.html": NEW, "/c.html": None}, {"/b.html": SAME}
    with audience.watching(changed, unchanged) as watch:
        site.s3.bodies["a.html"] = b"new"
        del site.s3.bodies["c.html"]
        uploaded = time.time()
        time.sleep(0.3)
        assert not watch.new
        site.server.invalidate("E1", "I1", ("/a.html", "/c.html"), uploaded + 5)

    assert len(watch.new) == 6
    assert min(watch.new.values()) > uploaded + 0.3
    assert watch.hits == watch.views >= 3
    told = watch.told(uploaded)
    assert told.startswith("2 pages changed, the last viewer saw the new one 0.")
    assert "1 unchanged pages" in told
    assert told.endswith("(hit ratio 100 %)")


def test_a_page_that_stays_old_fails_it(site, audience, monkeypatch):
    monkeypatch.setattr(viewers, "MOST_SECONDS", 0.3)
    with (
        pytest.raises(ViewerError, match=r"/a\.html at FRA56 is still the old one"),
        audience.watching({"/a.html": NEW}, {"/b.html": SAME}),
    ):
        site.s3.bodies["a.html"] = b"new"


def test_an_unchanged_page_that_shows_something_else_fails_it(site, audience):
    def update() -> None:
        with audience.watching({"/a.html": OLD}, {"/b.html": SAME}):
            site.s3.bodies["b.html"] = b"broken"
            site.server.invalidate("E1", "I1", ("/b.html",), time.time() + 5)
            time.sleep(0.1)

    with pytest.raises(ViewerError, match=r"/b\.html did not change, and a viewer got something else"):
        update()


def test_nothing_of_it_is_left_running(site, audience):
    before = set(threading.enumerate())
    with audience.watching({"/a.html": OLD}, {"/b.html": SAME}):
        pass
    left = set(threading.enumerate()) - before
    assert not [each for each in left if each.name.startswith("ThreadPoolExecutor")]
