"""Asks an edge for a URL as a viewer's browser does, but for compression, and never a second time."""

import hashlib
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from infra.cli.errors import CommandError
from infra.cli.printing import visible
from infra.cli.viewer.url import SCHEMES, ViewerUrl

SECONDS = 30.0
PIECE = 1 << 20
# The beginning of an error's answer says what kind of error it is.
MOST_TEXT = 4096
_ERROR = 400


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the edge answered.

    Attributes:
        at: when, epoch seconds.
        status: the HTTP status.
        headers: names in lower case → value.
        length: of the body, in bytes.
        md5: of the body, in hex.
        text: the beginning of an error's body.
    """

    at: float
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int = 0
    md5: str = ""
    text: str = ""

    @property
    def age(self) -> float | None:
        """For how many seconds the edge has had it; None where it does not say."""
        said = self.headers.get("age", "")
        return float(said) if said.isdigit() else None

    @property
    def etag(self) -> str:
        """Its ETag, without quotes and the mark of a weak one."""
        return self.headers.get("etag", "").removeprefix("W/").strip('"')


def fetch(url: ViewerUrl, host: str, edge: str | None) -> Fetched:
    """Fetch a URL.

    Args:
        url: what a viewer typed.
        host: the host that goes along: the URL's, or the domain name of a distribution that was named by its id.
        edge: the server to ask in the host's place, None for the host itself.

    Raises CommandError where it does not answer.
    """
    parts = urlsplit(edge or url.text)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise CommandError(f"--edge {visible(edge or '')}: write http://HOST:PORT")
    try:
        asked = host if edge is None else parts.hostname
        connection = _connect(parts.scheme, asked, parts.port, host)
        try:
            return _ask(connection, url, host)
        finally:
            connection.close()
    except (OSError, HTTPException, ValueError) as error:
        raise CommandError(
            f"{visible(host)} does not answer: {visible(str(error) or type(error).__name__)}"
        ) from error


def _connect(scheme: str, asked: str, port: int | None, host: str) -> HTTPConnection:
    if scheme == "http":
        return HTTPConnection(asked, port or 80, timeout=SECONDS)
    connection = HTTPSConnection(asked, port or 443, timeout=SECONDS)
    # The certificate is the host's, whichever edge is asked.
    plain = socket.create_connection((asked, port or 443), SECONDS)
    connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    return connection


def _ask(connection: HTTPConnection, url: ViewerUrl, host: str) -> Fetched:
    connection.putrequest("GET", url.request, skip_host=True, skip_accept_encoding=True)
    for name, value in (("Host", host), ("Accept", "*/*"), ("User-Agent", "cloudfront-invalidator verify")):
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    digest = hashlib.md5(usedforsecurity=False)
    length, text = 0, b""
    while piece := answer.read(PIECE):
        digest.update(piece)
        length += len(piece)
        if answer.status >= _ERROR and len(text) < MOST_TEXT:
            text += piece[:MOST_TEXT]
    headers = {name.lower(): value for name, value in answer.getheaders()}
    return Fetched(
        time.time(), answer.status, headers, length, digest.hexdigest(), text.decode("utf-8", "replace")
    )
