"""Time and memory stay in proportion to the input, however it was built. Bounds are generous: what they forbid is not
a slow machine but a curve."""

import time
import tracemalloc
import zlib

import pytest

from invalidator.aws.table.packed_values import MOST_BYTES
from invalidator.aws.table.routes import read_routes
from invalidator.aws.table.sent_items import read_sent
from invalidator.core.coalescing.coalescing import coalesce
from invalidator.core.limits.allowance import Allowance
from invalidator.core.routing.documents.origin_hosts import bucket_of
from invalidator.core.routing.paths.patterns import compile_pattern
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.settings import RoutingSettings
from invalidator.failures import UnreadableRoutes
from tests.hostile.targets import SITE

SECONDS = 3.0
ROUTER = Router(SITE, "site", RoutingSettings(("index.html",)))
# Made by the tests themselves: every process of a parallel run reads this file.
PREFIX_BOMBS = {
    "each path the next one's prefix": lambda: ["/" + "a" * n for n in range(3900)],
    "each directory in the next": lambda: ["/" + "a/" * n for n in range(1900)],
    "a comb": lambda: ["/" + "a" * n + "b" for n in range(3900)],
    "20,000 with 3,980 characters in common": lambda: ["/" + "a" * 3980 + str(n) for n in range(20_000)],
    "5,000 of a thousand escapes": lambda: [
        path for n in range(5000) for path in ROUTER.paths("\u20ac" * 330 + str(n))
    ],
    "5,000 of continuation bytes": lambda: ["/" + "%80" * 1000 + str(n) for n in range(5000)],
    "20,000 wildcards": lambda: [f"/{n:b}*" for n in range(20_000)],
    "all binary numbers": lambda: [f"/{n:b}" for n in range(50_000)],
}


def seconds(run) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


@pytest.mark.parametrize("bomb", PREFIX_BOMBS.values(), ids=PREFIX_BOMBS)
def test_a_prefix_bomb_is_coalesced_in_time(bomb):
    paths = bomb()
    assert seconds(lambda: coalesce(paths, Allowance(1000, 15))) < SECONDS


@pytest.mark.parametrize(
    "pattern", ["*a" * 120 + "b", "*?" * 120, "*a?a" * 60 + "b", "*" * 255, "*aaaaaaaaab" * 20]
)
def test_a_quadratic_pattern_answers_in_time(pattern):
    matches = compile_pattern(pattern)
    assert seconds(lambda: [matches("/" + "a" * 1024) for _ in range(200)]) < SECONDS


@pytest.mark.parametrize(
    "host", ["a." * 50_000, "s3." * 30_000, "s3-website-a-" * 10_000, "a.s3." + "a-" * 50_000]
)
def test_a_long_host_is_read_in_time(host):
    assert seconds(lambda: bucket_of(host)) < SECONDS


@pytest.mark.parametrize(
    "key", ["a" * 10**5, "../" * 10**5, "//" * 10**5, "\u20ac" * 10**5, "~" * 10**5, "%" * 10**5]
)
def test_a_key_of_100_000_characters_has_paths_that_fit(key):
    paths: list[str] = []
    assert seconds(lambda: paths.extend(ROUTER.paths(key))) < SECONDS
    assert paths
    assert all(len(path) <= 4000 for path in paths)


@pytest.mark.parametrize(
    "content", [b"\n", b"[", b"[[],[],", b"a"], ids=["newlines", "nested", "lists", "text"]
)
def test_a_zip_bomb_in_the_table_counts_as_absent_in_bounded_memory(content):
    # Compressed in pieces: to compress it whole takes longer than all that is measured.
    piece = zlib.compressobj(9)
    block = piece.compress(content * (2**20 // len(content))) + piece.flush(zlib.Z_FULL_FLUSH)
    bomb = block + block[2:] * 199
    tracemalloc.start()
    try:
        item = {"B": bomb}
        with pytest.raises(UnreadableRoutes):
            read_routes({"sk": {"S": "E1"}, "v": {"N": "1"}, "routes": item, "seen": item})
        sent = {"sk": {"S": "1#I"}, "paths": item, "work": {"S": ""}, "completed": {"BOOL": True}}
        assert read_sent("E1", sent) is None
        assert tracemalloc.get_traced_memory()[1] < 4 * MOST_BYTES
    finally:
        tracemalloc.stop()


def test_many_empty_paths_in_a_small_item_count_as_absent():
    packed = {"B": zlib.compress(b"\n" * (MOST_BYTES - 1))}
    item = {"sk": {"S": "1#I"}, "paths": packed, "work": {"S": ""}, "completed": {"BOOL": True}}
    assert read_sent("E1", item) is None
