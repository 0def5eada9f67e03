"""A small HTTP proxy on 127.0.0.1 that asks a function what to answer."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

# Those that belong to one connection, and those that the server writes itself.
_NOT_PASSED_ON = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server", "expect"}
)
_SECONDS_FOR_AN_ANSWER = 60


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request; `target` is path and query string as they came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The target without its query string."""
        return urlsplit(self.target).path


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Forward = Callable[[], Answer]


class Proxy:
    """Listens on a free port while it is open; each request is answered by `decide`.

    Attributes:
        endpoint: its URL.
        upstream: URL of the server behind; may be set at any time before a request is passed on.
        decide: answers each request.
    """

    def __init__(self, decide: Callable[[Request, Forward], Answer], upstream: str) -> None:
        """Take a port. `decide` gets a request and a function that passes it on to `upstream`."""
        self.upstream = upstream
        self.decide = decide
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    """One client's connection, and the one to the server behind that goes with it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, proxy: Proxy, *connection: Any) -> None:
        self._proxy = proxy
        self._behind: HTTPConnection | None = None
        super().__init__(*connection)  # serves until the client goes away

    def _forward(self, request: Request) -> Answer:
        if self._behind is None:
            where = urlsplit(self._proxy.upstream).netloc
            self._behind = HTTPConnection(where, timeout=_SECONDS_FOR_AN_ANSWER)
        # The Host header stays the client's own: it is part of what the client signed.
        headers = {
            name: value for name, value in request.headers.items() if name.lower() not in _NOT_PASSED_ON
        }
        try:
            self._behind.request(request.method, request.target, request.body, headers)
            answer = self._behind.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        except (OSError, HTTPException):
            self._behind.close()
            raise

    def handle(self) -> None:
        # A client that is killed in mid-request is nothing to report: tests do it on purpose.
        with suppress(ConnectionError):
            super().handle()

    def finish(self) -> None:
        with suppress(ConnectionError):
            super().finish()
        if self._behind is not None:
            self._behind.close()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        try:
            request = Request(self.command, self.path, dict(self.headers.items()), body)
            answer = self._proxy.decide(request, lambda: self._forward(request))
        except (OSError, HTTPException) as error:
            answer = Answer(502, {"Content-Type": "text/plain"}, f"no answer from behind: {error}".encode())
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in _NOT_PASSED_ON:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815  http.server finds methods by these names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's own name
        """Say nothing: the gate keeps what it saw."""
