"""A viewer: fetches from the edge and says what it saw."""

import http.client
import ssl
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

_SECONDS = 20.0


@dataclass(frozen=True)
class Seen:
    """What one GET answered.

    Attributes:
        status: HTTP status.
        body: the whole body; the smoke's objects are a few bytes.
        cached: whether an edge answered from its cache, as the X-Cache header says.
    """

    status: int
    body: bytes
    cached: bool


class Viewer(Protocol):
    """Fetches a path of a distribution, as the path is written in a URL."""

    def get(self, host: str, path: str) -> Seen:
        """Return what the edge answers. Raises OSError where it does not."""
        ...


class EdgeViewer:
    """Fetches over HTTPS from the distribution's own name, or from a stand-in's address with that name as Host."""

    def __init__(self, edge: str | None = None) -> None:
        """Take the URL of a stand-in for the edge, such as the local AWS's; None asks CloudFront."""
        self._edge = urlsplit(edge) if edge else None

    def get(self, host: str, path: str) -> Seen:
        """Return what the edge answers. Raises OSError where it does not."""
        connection: http.client.HTTPConnection
        if self._edge:
            connection = http.client.HTTPConnection(
                self._edge.hostname or "", self._edge.port, timeout=_SECONDS
            )
        else:
            connection = http.client.HTTPSConnection(
                host, timeout=_SECONDS, context=ssl.create_default_context()
            )
        try:
            connection.request("GET", path, headers={"Host": host})
            answer = connection.getresponse()
            body = answer.read()
        except http.client.HTTPException as error:
            raise OSError(f"{host} answered no HTTP: {error!r}") from error
        finally:
            connection.close()
        return Seen(answer.status, body, "hit from" in (answer.getheader("X-Cache") or "").lower())
