"""What viewers meet at the edge's server: the ordinary, and what no viewer should be able to break."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from infra.local.edge.edge import EdgeSettings
from infra.local.edge_server import server as serving
from infra.local.edge_server import storage
from tests.local.edge_server.conftest import Site


def test_a_page_comes_from_the_origin_and_then_from_the_cache_as_cloudfront_says_so(site):
    first, second = site.get("/"), site.get("/")

    assert (first[0], first[2]) == (200, b"one")
    assert first[1]["x-cache"] == "Miss from cloudfront"
    assert "age" not in first[1]
    assert (second[1]["x-cache"], second[1]["age"]) == ("Hit from cloudfront", "0")
    for _, headers, _ in (first, second):
        assert headers["via"].startswith("1.1 ")
        assert headers["via"].endswith(".cloudfront.net (CloudFront)")
        assert (headers["x-amz-cf-pop"], headers["content-type"]) == ("FRA56", "text/html")
    assert site.s3.asked == ["index.html"]


def test_an_invalidation_makes_it_new_at_every_location(site):
    names = ["e1.localhost", "iad89.e1.localhost", "nrt57.e1.localhost"]
    assert [site.get("/", name)[2] for name in names] == [b"one"] * 3
    site.s3.bodies["index.html"] = b"two"
    assert [site.get("/", name)[2] for name in names] == [b"one"] * 3

    site.server.invalidate("E1", "I1", ("/",), time.time() + 5)

    assert [site.get("/", name)[2] for name in names] == [b"two"] * 3
    assert site.get("/", x_edge_location="IAD89")[1]["x-amz-cf-pop"] == "IAD89"


def test_browsers_and_caches_ask_whether_it_is_still_the_same(site):
    etag = site.get("/")[1]["etag"]

    status, headers, body = site.get("/", if_none_match=f'"else", {etag}')
    assert (status, body, headers["etag"]) == (304, b"", etag)
    assert site.get("/", if_none_match='"else"')[0] == 200
    status, headers, body = site.get("/", method="HEAD")
    assert (status, headers["content-length"], body) == (200, "3", b"")
    site.s3.headers["Last-Modified"] = "Thu, 26 Nov 2026 07:00:00 GMT"
    site.server.invalidate("E1", "I1", ("/*",), time.time())
    for at, status in (("Thu, 26 Nov 2026 07:00:00 GMT", 304), ("Thu, 26 Nov 2026 06:59:59 GMT", 200)):
        found = site.get("/", if_modified_since=at)
        assert (found[0], found[1]["x-cache"].split()[0]) == (status, "Miss" if status == 304 else "Hit")
    assert site.get("/", range="bytes=1-1")[::2] == (206, b"n")


def test_a_configuration_that_cannot_be_read_harms_no_other(site, monkeypatch):
    """The others answer, and of each viewers are told what it is."""
    good = site.cloudfront.configs["E1"]
    alone = good | {"Aliases": {}}
    site.cloudfront.configs |= {
        "E2": alone | {"Comment": "2", "Origins": {"Quantity": 0}},
        "E3": {name: each for name, each in alone.items() if name != "DefaultCacheBehavior"}
        | {"Comment": "3"},
        "E4": alone | {"Comment": "4", "CacheBehaviors": {"Items": [None]}},
        "E5": alone | {"Comment": "5"},
    }
    read = site.cloudfront.get_distribution_config

    def denied(Id):
        if Id == "E5":
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetDistributionConfig")
        return read(Id=Id)

    monkeypatch.setattr(site.cloudfront, "get_distribution_config", denied)
    assert site.get("/")[2] == b"one"
    told = {each: site.get("/", f"{each}.localhost") for each in ("e2", "e3", "e4", "e5")}
    assert {each: (status, body.decode()) for each, (status, _, body) in told.items()} == {
        "e2": (501, "not modelled: the behavior of *: there is no 's3'\n"),
        "e3": (501, "not modelled: its configuration: there is no 'DefaultCacheBehavior'\n"),
        "e4": (501, "not modelled: its configuration: 'NoneType' object has no attribute 'get'\n"),
        "e5": (501, "not modelled: it cannot be read: AccessDenied\n"),
    }


def test_tenants_that_cannot_be_listed_harm_no_other_distribution(site, monkeypatch):
    def refuse(**asked):
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "ListDistributionTenants")

    monkeypatch.setattr(site.cloudfront, "list_distribution_tenants", refuse, raising=False)
    shared = site.cloudfront.configs["E1"] | {"Comment": "2", "Aliases": {}, "ConnectionMode": "tenant-only"}
    site.cloudfront.configs["E2"] = shared
    assert site.get("/")[2] == b"one"
    assert site.get("/", "e2.localhost")[2] == b"not modelled: its tenants cannot be listed: AccessDenied\n"


def test_an_account_that_cannot_be_listed_is_told(site, monkeypatch):
    def refuse(operation):
        raise ClientError({"Error": {"Code": "Throttling"}}, "ListDistributions")

    with monkeypatch.context() as away:
        away.setattr(site.cloudfront, "get_paginator", refuse)
        status, _, body = site.get("/")
        assert (status, b"Throttling" in body) == (503, True)
    assert site.get("/")[2] == b"one"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("www.example.org", 200),
        ("E1.localhost", 200),
        ("e1.cloudfront.net", 200),
        ("nobody.example", 403),
        ("sfo5.e1.localhost", 403),
        ("e1.localhost.", 403),
        ("", 403),
    ],
)
def test_who_answers_to_a_host(site, host, status):
    found = site.get("/", host)

    assert found[0] == status
    assert (found[1]["x-cache"] == "Error from cloudfront") is (status == 403)


def test_an_unknown_location_is_named_with_those_there_are(site):
    status, _, body = site.get("/", x_edge_location="SFO5")

    assert status == 403
    assert b"FRA56, IAD89, NRT57" in body


def test_what_is_not_modelled_says_what(site):
    site.cloudfront.configs["E1"] |= {"Comment": "2", "WebACLId": "arn:waf"}
    site.server.look_again()
    status, headers, body = site.get("/")
    assert (status, body, headers["x-cache"]) == (501, b"not modelled: a web ACL\n", "Error from cloudfront")


def test_a_cache_policy_that_cannot_be_read_is_not_guessed(site):
    config = site.cloudfront.configs["E1"]
    config |= {
        "Comment": "2",
        "DefaultCacheBehavior": config["DefaultCacheBehavior"] | {"CachePolicyId": "mine"},
    }
    site.server.look_again()
    assert b"the cache policy mine" in site.get("/")[2]
    site.cloudfront.policies["mine"] = {"Name": "mine", "MinTTL": 0}
    site.server.look_again()
    assert site.get("/")[2] == b"one"


def test_a_cache_policy_of_an_unknown_kind_is_not_guessed(site):
    config = site.cloudfront.configs["E1"]
    config |= {
        "Comment": "2",
        "DefaultCacheBehavior": config["DefaultCacheBehavior"] | {"CachePolicyId": "mine"},
    }
    strings = {"QueryStringsConfig": {"QueryStringBehavior": "sorted"}}
    site.cloudfront.policies["mine"] = {"MinTTL": 0, "ParametersInCacheKeyAndForwardedToOrigin": strings}
    site.server.look_again()
    assert b"the cache policy mine" in site.get("/")[2]


@pytest.mark.parametrize("bucket", ["mine-abc-s3alias", "mine--ol-s3"])
def test_an_access_point_is_not_a_bucket(site, bucket):
    config = site.cloudfront.configs["E1"]
    origin = config["Origins"]["Items"][0] | {"DomainName": f"{bucket}.s3.us-east-1.amazonaws.com"}
    config |= {"Comment": "2", "Origins": {"Items": [origin]}}
    site.server.look_again()
    assert site.get("/")[0] == 501


def test_a_configuration_is_read_again_only_where_it_changed(site):
    site.get("/")
    site.cloudfront.configs["E2"] = site.cloudfront.configs["E1"] | {"Comment": "new", "Aliases": {}}
    site.server.look_again()

    assert site.get("/", "e2.localhost")[0] == 200
    assert site.cloudfront.read == ["E1", "E2"]
    del site.cloudfront.configs["E2"]
    site.server.look_again()
    assert site.get("/", "e2.localhost")[0] == 403


def test_many_first_viewers_at_once_are_all_answered(site):
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: site.get("/")[0], range(24)))
    assert answers == [200] * 24


def test_a_distribution_made_behind_its_back_is_found_when_somebody_asks(site, monkeypatch):
    monkeypatch.setattr(serving, "LOOK_AGAIN_SECONDS", 0.05)
    site.get("/")
    site.cloudfront.configs["E2"] = site.cloudfront.configs["E1"] | {"Comment": "new", "Aliases": {}}
    time.sleep(0.06)
    assert site.get("/", "e2.localhost")[0] == 200


def test_who_asks_for_what_another_is_waiting_for_waits_too(site):
    site.s3.goes_on.clear()
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(site.get, "/a.html") for _ in range(8)]
        site.s3.bodies["a.html"] = b"a1"
        assert site.s3.called.acquire(timeout=10)
        time.sleep(0.1)
        site.s3.goes_on.set()
        bodies = [each.result() for each in answers]

    assert len(site.s3.asked) == 1
    assert len({(status, body) for status, _, body in bodies}) == 1


def test_a_viewer_that_goes_away_takes_nothing_from_the_others(site):
    site.s3.goes_on.clear()
    gone = site.send("/")
    assert site.s3.called.acquire(timeout=10)
    gone.sock.close()
    gone.close()
    site.s3.goes_on.set()

    assert site.get("/")[2] == b"one"
    assert site.s3.asked == ["index.html"]


def test_a_flood_is_turned_away_and_those_in_work_are_answered(site, monkeypatch):
    monkeypatch.setattr(serving, "MOST_AT_ONCE", 4)
    site.get("/")
    site.s3.goes_on.clear()
    site.s3.bodies |= {f"{number}": b"x" for number in range(4)}
    waiting = [site.send(f"/{number}") for number in range(4)]
    for _ in waiting:
        assert site.s3.called.acquire(timeout=10)

    status, headers, _ = site.get("/")
    assert (status, headers["x-cache"]) == (503, "Error from cloudfront")
    site.s3.goes_on.set()
    assert [each.getresponse().status for each in waiting] == [200] * 4
    for each in waiting:
        each.close()
    assert site.get("/")[0] == 200


@pytest.mark.parametrize("settings", [EdgeSettings(("FRA56",), most_bytes=20_000)])
def test_memory_is_bounded_whatever_is_asked_for(site):
    site.s3.bodies |= {f"{number}": b"x" * 3_000 for number in range(40)}
    for number in range(40):
        assert site.get(f"/{number}")[0] == 200

    assert site.server.edge.locations["FRA56"].cache.bytes <= 20_000


def test_an_object_too_large_for_the_bound_is_not_taken(site, monkeypatch):
    monkeypatch.setattr(storage, "LARGEST_OBJECT_BYTES", 10)
    site.s3.bodies["large"] = b"x" * 11
    status, _, body = site.get("/large")
    assert (status, body) == (501, b"not modelled: an object of 11 bytes; up to 10 are served here\n")


def test_an_s3_that_breaks_off_is_a_502_that_is_kept_ten_seconds(site):
    site.s3.fails = True
    assert site.get("/")[0] == 502
    site.s3.fails = False
    assert (site.get("/")[0], len(site.s3.asked)) == (502, 1)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: e1.localhost\r\n\r\n",
        b"GET /%zz%f HTTP/1.1\r\nHost: e1.localhost\r\nConnection: close\r\n\r\n",
        b"GET \xff\xfe HTTP/1.1\r\nHost: e1.localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: e1.localhost\r\nConnection: close\r\n\r\n",
        b"GET /\xc3\xa9.html HTTP/1.1\r\nHost: e1.localhost\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused_and_harms_nobody(site, sent):
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=10) as viewer:
        viewer.sendall(sent)
        answer = viewer.recv(200)
    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
    assert site.get("/")[2] == b"one"


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://e1.localhost/", 200),
        ("HTTP://e1.localhost:80/index.html", 200),
        ("http://e1.localhost", 200),
        ("http://e1.localhost?a=/", 200),
        ("http://nobody.example/", 403),
        ("ftp://e1.localhost/", 400),
    ],
)
def test_an_absolute_target_names_its_own_host(site, target, status):
    """RFC 9112 §3.2.2: the Host header does not count beside it."""
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=10) as viewer:
        viewer.sendall(
            f"GET {target} HTTP/1.1\r\nHost: www.example.org\r\nConnection: close\r\n\r\n".encode()
        )
        assert viewer.recv(200).startswith(f"HTTP/1.1 {status} ".encode())


def test_keys_are_found_as_viewers_spell_them(site):
    site.s3.bodies |= {"a b.html": b"space", "é.html": b"accent", "c+d": b"plus", "100%": b"percent"}

    found = [site.get(url)[2] for url in ("/a%20b.html", "/a+b.html", "/%C3%A9.html", "/c%2Bd", "/100%25")]
    assert found == [b"space", b"space", b"accent", b"plus", b"percent"]


def test_it_ends_while_viewers_are_connected_and_s3_keeps_them_waiting(site, settings):
    site.s3.goes_on.clear()
    with serving.EdgeServer(site.cloudfront, site.server._s3, settings) as another:
        waiting = Site(another, site.s3, site.cloudfront).send("/")
        assert site.s3.called.acquire(timeout=10)
        began = time.monotonic()
    waiting.close()

    assert time.monotonic() - began < 5


def test_a_distribution_that_is_deleted_while_the_account_is_read_harms_no_other(site, monkeypatch):
    site.cloudfront.configs["E2"] = site.cloudfront.configs["E1"] | {"Comment": "new", "Aliases": {}}
    read = site.cloudfront.get_distribution_config

    def gone(Id):
        if Id == "E2":
            raise ClientError({"Error": {"Code": "NoSuchDistribution"}}, "GetDistributionConfig")
        return read(Id=Id)

    monkeypatch.setattr(site.cloudfront, "get_distribution_config", gone)
    assert (site.get("/")[0], site.get("/", "e2.localhost")[0]) == (200, 403)
