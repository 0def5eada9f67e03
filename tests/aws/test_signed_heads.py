"""Headers asked for by signed requests, beside the SDK's own calls: on a server of HTTP that checks the signatures."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import unquote

import botocore.session
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials
from urllib3 import HTTPResponse

from invalidator.aws.objects import AT_A_TIME, FEW, S3Objects
from invalidator.aws.signed_heads import MOST_UNANSWERED, SignedHeads
from invalidator.aws.time_left import TimeLeft
from invalidator.core.remembering.head import Absent, Seen
from invalidator.failures import Failure
from tests.system.site import ODD_KEYS

NOW = 1_764_000_000.0
REGION = "eu-west-3"
KEYS = (
    *ODD_KEYS,
    "/leading", "a//b", "a/../b", "./c", "percent%41", "percent%", "a?b=c&d", "hash#tag", "tilde~", "semi;colon",
    "quote'\"", "new\nline", "tab\tkey", "plus+and space", "ünïcödé/日本語", "star*",
    "back\\slash", "{brace}", "|pipe|",
)  # fmt: skip
MANY = [f"page-{number}" for number in range(3 * AT_A_TIME)]


class S3(ThreadingHTTPServer):
    """Answers HeadObject, and keeps what it was asked: (key, path, by the SDK, whether its signature is right)."""

    daemon_threads = True
    request_queue_size = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str, bool, bool]] = []
        self.refused = 0
        self.first: dict[str, str] = {}
        self.lock = threading.Lock()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: S3

    def do_HEAD(self) -> None:
        key = unquote(self.path).removeprefix("/site/")
        with self.server.lock:
            by_sdk = "amz-sdk-invocation-id" in self.headers
            self.server.asked.append((key, self.path, by_sdk, self._is_signed_right()))
            first = self.server.first.pop(key, "")
        if first == "hang up":
            self.close_connection = True
            return
        status = int(
            first or (self.server.refused if key != MANY[0] else 0) or (404 if "gone" in key else 200)
        )
        self.send_response(status)
        if status == 200:
            self.send_header("ETag", f'"{len(key)}"')
            self.send_header("Last-Modified", "Mon, 23 Nov 2026 11:59:00 GMT")
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", "17")
            self.send_header("x-amz-meta-Mode", self.headers["x-amz-checksum-mode"])
        else:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def _is_signed_right(self) -> bool:
        told = dict(
            part.strip().split("=", 1) for part in self.headers["Authorization"].split(" ", 1)[1].split(",")
        )
        request = AWSRequest("HEAD", self.server.endpoint + self.path)
        for name in told["SignedHeaders"].split(";"):
            request.headers[name] = self.headers[name]
        request.context["timestamp"] = self.headers["X-Amz-Date"]
        signer = S3SigV4Auth(Credentials("key", "secret", "token"), "s3", REGION)
        canonical = signer.canonical_request(request)
        return bool(signer.signature(signer.string_to_sign(request, canonical), request) == told["Signature"])

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def s3() -> Iterator[S3]:
    with S3() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def session() -> Any:
    made = botocore.session.Session()
    made.set_credentials("key", "secret", "token")
    return made


def objects_of(s3: S3, *, signed: bool = True, time_left: TimeLeft | None = None) -> S3Objects:
    sdk, time_left = session(), time_left or TimeLeft(lambda: NOW)
    client = time_left.guard(
        sdk.create_client(
            "s3",
            region_name=REGION,
            endpoint_url=s3.endpoint,
            config=Config(
                retries={"mode": "standard", "total_max_attempts": 2}, max_pool_connections=AT_A_TIME
            ),
        )
    )
    return S3Objects(client, SignedHeads(sdk, "agent", time_left, lambda: NOW) if signed else None)


def undated(answers: Any) -> dict[str, Any]:
    return {
        key: answer if isinstance(answer, Failure) else replace(answer, date=0) for key, answer in answers
    }


def test_keys_of_every_kind_are_asked_for_as_the_sdk_does_and_answered_alike(s3):
    keys = [*MANY, *KEYS, "gone/1", "gone/ü"]
    mine = undated(objects_of(s3).heads("site", keys))
    asked = s3.asked.copy()
    s3.asked.clear()
    assert mine == undated(objects_of(s3, signed=False).heads("site", keys))
    assert list(mine) == keys, "in order"
    assert {key for key, answer in mine.items() if isinstance(answer, Absent)} == {"gone/1", "gone/ü"}
    assert sorted(path for _, path, _, _ in asked) == sorted(path for _, path, _, _ in s3.asked)
    assert all(right for *_, right in [*asked, *s3.asked])
    assert [key for key, _, by_sdk, _ in asked if by_sdk] == [MANY[0]], "the first one alone, to learn how"


def test_few_keys_are_the_sdks(s3):
    assert all(isinstance(answer, Seen) for _, answer in objects_of(s3).heads("site", MANY[:FEW]))
    assert all(by_sdk for _, _, by_sdk, _ in s3.asked)


@pytest.mark.parametrize("first", ["503", "500", "301", "400"])
def test_what_is_no_plain_answer_is_asked_for_again_by_the_sdk(s3, first):
    s3.first = {MANY[5]: first}
    got = dict(objects_of(s3).heads("site", MANY))
    assert all(isinstance(answer, Seen) for answer in got.values())
    assert [by_sdk for key, _, by_sdk, _ in s3.asked if key == MANY[5]] == [False, True]


def test_where_s3_hangs_up_it_is_asked_again(s3):
    s3.first = {MANY[5]: "hang up"}
    got = dict(objects_of(s3).heads("site", MANY))
    assert all(isinstance(answer, Seen) for answer in got.values())
    assert Counter(key for key, *_ in s3.asked)[MANY[5]] == 2


def test_what_s3_refuses_is_a_failure_as_ever_and_soon_left_to_the_sdk(s3):
    s3.refused = 403
    got = dict(objects_of(s3).heads("site", MANY))
    assert all(isinstance(got[key], Failure) for key in MANY[1:])
    assert MOST_UNANSWERED <= sum(not by_sdk for _, _, by_sdk, _ in s3.asked) <= MOST_UNANSWERED + AT_A_TIME
    assert max(Counter(key for key, *_ in s3.asked).values()) <= 2


def test_where_the_first_key_is_refused_all_are_the_sdks(s3):
    s3.first = {MANY[0]: "403"}
    answers = dict(objects_of(s3).heads("site", MANY))
    assert isinstance(answers[MANY[0]], Failure)
    assert all(by_sdk for _, _, by_sdk, _ in s3.asked)


def test_nothing_is_asked_for_too_late(s3):
    clock = [NOW]
    time_left = TimeLeft(lambda: clock[0])
    time_left.begin(60)
    objects = objects_of(s3, time_left=time_left)
    answers = objects.heads("site", MANY)
    next(answers)
    clock[0] += 59
    late = [answer for _, answer in answers]
    assert "the run's time was up" in str(late[-1])
    assert len(s3.asked) <= 1 + AT_A_TIME * 2


def test_a_key_that_is_no_unicode_is_a_failure(s3):
    got = dict(objects_of(s3).heads("site", [*MANY, "\udcff"]))
    assert isinstance(got["\udcff"], Failure)
    assert sum(isinstance(answer, Failure) for answer in got.values()) == 1


@pytest.mark.parametrize(
    ("bucket", "more", "origin", "path"),
    [
        ("site", {}, "https://site.s3.eu-west-3.amazonaws.com", "/"),
        ("with.dots", {}, "https://s3.eu-west-3.amazonaws.com", "/with.dots/"),
        ("site", {"use_dualstack_endpoint": True}, "https://site.s3.dualstack.eu-west-3.amazonaws.com", "/"),
        ("site", {"s3": {"addressing_style": "path"}}, "https://s3.eu-west-3.amazonaws.com", "/site/"),
    ],
)
def test_the_way_is_the_sdks_own(bucket, more, origin, path):
    sdk, sent = session(), []
    client = sdk.create_client("s3", region_name=REGION, config=Config(**more))

    def answer(request: Any, **_: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(
            request.url, 404, {"date": "Mon, 23 Nov 2026 12:00:05 GMT"}, HTTPResponse(BytesIO())
        )

    client.meta.events.register("before-send.s3.HeadObject", answer)
    S3Objects(client)._head(bucket, "a b/ü")
    road = SignedHeads(sdk, "agent", TimeLeft(lambda: NOW), lambda: NOW).road(sent[0], "a b/ü")
    assert road is not None
    scheme, host, port = road.place
    assert (f"{scheme}://{host}", port) == (origin, 443)
    asked = road.requests.of("ü").decode()
    assert asked.startswith(f"HEAD {path}%C3%BC HTTP/1.1\r\nHost: {host}\r\n")
    assert f"/20251124/{REGION}/s3/aws4_request" in asked


def test_through_a_proxy_all_is_the_sdks(s3, monkeypatch):
    monkeypatch.setenv("http_proxy", s3.endpoint)
    monkeypatch.setenv("no_proxy", "")
    objects = objects_of(s3)
    assert all(isinstance(answer, Seen) for _, answer in objects.heads("site", MANY))
    assert all(by_sdk for _, _, by_sdk, _ in s3.asked)
