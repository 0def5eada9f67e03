"""A stand-in for an edge on 127.0.0.1: answers what a test tells it, and notes what it was asked."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class StandIn:
    """What it answers, and what it was asked: (host, path with query string, headers)."""

    endpoint: str = ""
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    asked: list = field(default_factory=list)


@contextmanager
def stand_in_edge():
    edge = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            edge.asked.append((self.headers["Host"], self.path, dict(self.headers)))
            self.send_response_only(edge.status)
            for name, value in edge.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(edge.body)))
            self.end_headers()
            self.wfile.write(edge.body)

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    edge.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield edge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
