"""What a remembered bucket sends, and what it does not."""

from tests.remembering.site import Site


def uploaded(**named) -> Site:
    """A site whose three pages viewers have seen, remembered."""
    site = Site(**named)
    for key in ("a.html", "b.html", "c.html"):
        site.bucket.put(key, f"first {key}")
    site.bucket.events.clear()
    site.clock.time += 3600
    for key in site.bucket.objects:
        site.view(key)
    site.remember()
    return site


def test_what_is_uploaded_as_it_was_needs_nothing():
    site = uploaded()
    for key in sorted(site.bucket.objects):
        site.bucket.put(key, f"first {key}")
    site.run_for(2)
    site.tell_all()
    site.run_for(60)
    assert site.paths == []
    assert sum(each.unchanged for each in site.judged) == 3


def test_only_what_changed_is_sent():
    site = uploaded()
    for key in sorted(site.bucket.objects):
        site.bucket.put(key, "second" if key == "b.html" else f"first {key}")
    site.run_for(1)
    site.tell_all()
    site.run_for(60)
    assert site.paths == [("/b.html",)]
    assert site.stale() == []
