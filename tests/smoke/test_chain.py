"""What the smoke says of a chain that works, and of one that does not."""

import pytest

from infra.smoke.__main__ import report
from infra.smoke.chain import FRESH_SECONDS, Chain
from infra.smoke.resources import Made, SmokeError
from infra.smoke.viewer import Seen


class Edge:
    """An S3, a CloudFront with one cache, and their clock; what is purged is decided by the test."""

    def __init__(self, purges=lambda path, url: path == url):
        self.now, self.objects, self.cache, self.purges, self.sent = 0.0, {}, {}, purges, []

    def put_object(self, **given):
        self.objects[given["Key"]] = given["Body"]

    def create_invalidation(self, **given):
        for path in given["InvalidationBatch"]["Paths"]["Items"]:
            self.sent.append(path)
            self.cache = {url: body for url, body in self.cache.items() if not self.purges(path, url)}
        return {"Invalidation": {"Id": "I1"}}

    def get_invalidation(self, **_):
        return {"Invalidation": {"Status": "Completed" if self.now % 2 else "InProgress"}}

    def list_invalidations(self, **_):
        return {"InvalidationList": {"Quantity": len(self.sent)}}

    def get(self, host, path):
        if path in self.cache:
            return Seen(200, self.cache[path], cached=True)
        key = path.lstrip("/").replace("%20", " ") or "index.html"
        self.cache[path] = self.objects.get(key, b"not found")
        return Seen(200, self.cache[path], cached=False)

    def pause(self, _):
        self.now += 1

    def chain(self):
        return Chain(self, self, Made("b", "E1", "d1"), self, clock=lambda: self.now, pause=self.pause)


def test_a_page_that_becomes_new_is_told_with_its_seconds():
    edge = Edge()
    chain = edge.chain()
    chain.write(["a.html"], "one")
    chain.warm(["/a.html"], "one")
    chain.write(["a.html"], "two")
    edge.create_invalidation(InvalidationBatch={"Paths": {"Items": ["/a.html"]}})
    (fresh,) = chain.fresh(["/a.html"], "two")
    assert (fresh.url, fresh.seconds) == ("/a.html", 0)


def test_a_page_that_stays_as_it_was_is_an_error_that_names_it():
    edge = Edge()
    chain = edge.chain()
    chain.write(["a.html", "b.html"], "one")
    chain.warm(["/a.html"], "one")
    chain.write(["a.html", "b.html"], "two")
    with pytest.raises(SmokeError, match=rf"still as it was after {FRESH_SECONDS:.0f} s: /a.html$"):
        chain.fresh(["/a.html", "/b.html"], "two")


@pytest.mark.parametrize("plus_is_space", [True, False])
def test_a_reading_tells_what_cloudfront_made_of_a_path(plus_is_space):
    edge = Edge(lambda path, url: path == url or (plus_is_space and path.replace("+", "%20") == url))
    reading = edge.chain().read("?", "a b.html", "/a+b.html", "/a%20b.html", "r1")
    assert reading.purged is plus_is_space
    assert edge.sent == ["/a+b.html"]
    assert f"| `/a+b.html` | `/a%20b.html` | {'yes' if plus_is_space else 'no'} |" in report([], [reading])


def test_a_page_that_no_edge_keeps_cannot_be_warmed():
    edge = Edge(lambda *_: True)
    edge.get = lambda host, path: Seen(403, b"denied", cached=False)
    with pytest.raises(SmokeError, match=r"/a.html does not come from a cache: status 403, b'denied'"):
        edge.chain().warm(["/a.html"], "one")


def test_connected_waits_for_an_invalidation_that_the_stack_sent():
    edge = Edge()
    edge.sent = ["/by-hand"]
    writes = []

    def put(**_):
        writes.append(edge.now)
        if len(writes) == 3:  # S3 heeds the notification now
            edge.sent.append("/connected.html")

    edge.put_object = put
    edge.chain().connected()
    assert writes == [0, 16, 32]


def test_a_stack_that_sends_nothing_is_an_error():
    with pytest.raises(SmokeError, match="the stack sent no invalidation in 10 minutes"):
        Edge().chain().connected()
