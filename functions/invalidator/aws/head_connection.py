"""A connection on which objects' headers are asked for, one after the other; only plain answers are read.

An answer to HEAD is a status line and headers, and nothing more: `http.client` takes half of the time of a key to read
those, as it reads all that mail may have.
"""

import re
import weakref
from http.client import HTTPConnection, HTTPSConnection
from ssl import SSLContext
from typing import Final, NamedTuple

from urllib3.util import wait_for_read

NOT_FOUND: Final = 404
_STATUS = re.compile(r"HTTP/1\.1 (200|404)(?: .*)?")
# A header's name is one of HTTP's tokens, and its value stands on one line [RFC 9110, 5.1; RFC 9112, 5.2].
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*)")
_END = b"\r\n\r\n"
# S3's own limits leave an object some kilobytes of headers.
MOST_BYTES = 65_536


class NotPlainError(Exception):
    """There was an answer, or part of one, and it is not one that is read here."""


class Answer(NamedTuple):
    """What S3 answered: 200 or 404, and the headers, names in lower case."""

    status: int
    headers: dict[str, str]


class Place(NamedTuple):
    """Where to connect: `https` or `http`, a host, and its port."""

    scheme: str
    host: str
    port: int


class HeadConnection:
    """A connection to where a bucket is, made when it is needed, and kept.

    Args:
        place: where that is.
        trusts: the certificates that count, as a context of TLS.
        connect: seconds for a connection.
        read: seconds for what comes next of an answer.
    """

    def __init__(self, place: Place, trusts: SSLContext, *, connect: float, read: float) -> None:
        self._http = (
            HTTPSConnection(place.host, place.port, timeout=connect, context=trusts)
            if place.scheme == "https"
            else HTTPConnection(place.host, place.port, timeout=connect)
        )
        self._read_seconds = read
        # Of a thread that ended.
        weakref.finalize(self, self._http.close)

    def ask(self, request: bytes) -> Answer:
        """Send a request and return its answer. Raises OSError and NotPlainError; then the next one connects anew."""
        # What came unasked is no answer to this: an end, or one that belongs to nobody.
        if self._http.sock and wait_for_read(self._http.sock, timeout=0.0):
            self.close()
        try:
            answer = read_answer(self._sent_again(request) if self._http.sock else self._sent(request))
        except (OSError, NotPlainError):
            self.close()
            raise
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    def close(self) -> None:
        """Close it."""
        self._http.close()

    def _sent_again(self, request: bytes) -> bytes:
        """Send on a kept connection, and on a new one where S3 has closed that: the function may have stood still."""
        try:
            if told := self._sent(request):
                return told
        except TimeoutError:
            raise
        except OSError:
            pass
        self.close()
        return self._sent(request)

    def _sent(self, request: bytes) -> bytes:
        if not self._http.sock:
            self._http.connect()
            self._http.sock.settimeout(self._read_seconds)
        self._http.sock.sendall(request)
        told = b""
        while not told.endswith(_END) and len(told) < MOST_BYTES:
            more = self._http.sock.recv(MOST_BYTES)
            if not more:
                break
            told += more
        return told


def read_answer(told: bytes) -> Answer:
    """Read an answer from its status line to the empty line that ends it, names and values as the SDK gives them.

    Raises NotPlainError.
    """
    status, *lines = told.removesuffix(_END).decode("latin-1").split("\r\n")
    plain = _STATUS.fullmatch(status)
    if plain is None or not told.endswith(_END):
        raise NotPlainError(status[:100])
    headers: dict[str, str] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise NotPlainError(line[:100])
        name, value = header[1].lower(), header[2]
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Answer(int(plain[1]), headers)
