"""HeadObject for many keys of one bucket at an eighth of what the SDK's own call takes of the processor.

Where a bucket's objects are found (virtual host, path, endpoint, region) is taken from a request that the SDK itself
has made, and S3 has answered, just before. Only the two plain answers are read here, "200" and "404"; whatever else
happens is the SDK's to ask again, with its retries, its redirects and its errors.
"""

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from threading import local
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies

from invalidator.aws.head_connection import NOT_FOUND, HeadConnection, NotPlainError, Place
from invalidator.aws.head_request import HeadRequests, quoted
from invalidator.aws.time_left import TimeLeft
from invalidator.core.remembering.head import Absent, HeadError, Seen, date_of, read_head

CONNECT_SECONDS = 1.0
READ_SECONDS = 3.0
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/s3/aws4_request")
_PORTS = {"https": 443, "http": 80}
# A bucket about which so many could not be asked so in one go is the SDK's for the rest of it.
MOST_UNANSWERED = 20


@dataclass(slots=True)
class Road:
    """Where a bucket's objects are found, and who writes the requests for them.

    Attributes:
        place: where to connect.
        requests: writes a request, with the credentials of now.
        unanswered: how many requests got no plain answer.
    """

    place: Place
    requests: HeadRequests
    unanswered: int = 0


class SignedHeads:
    """Asks S3 for headers; each thread that asks keeps one connection.

    Args:
        sdk: the SDK's session, for credentials and certificates.
        agent: what it calls itself, as the SDK's client.
        time_left: no request begins too late.
        now: tells the time, epoch seconds.
    """

    def __init__(self, sdk: Any, agent: str, time_left: TimeLeft, now: Callable[[], float]) -> None:
        self._sdk = sdk
        self._agent = agent
        self._time_left = time_left
        self._now = now
        self._trusts = ssl.create_default_context(
            cafile=get_cert_path(sdk.get_config_variable("ca_bundle") or True)
        )
        self._kept = local()

    def road(self, asked: AWSPreparedRequest | None, key: str) -> Road | None:
        """Return the way that the SDK has asked for a key's headers; None where others cannot be asked so."""
        credentials = self._sdk.get_credentials()
        if asked is None or credentials is None:
            return None
        scope = _SCOPE.search(_text(asked.headers.get("Authorization", "")))
        name = quoted(key)
        if scope is None or not asked.url.endswith(f"/{name}") or get_environ_proxies(asked.url):
            return None
        parts = urlsplit(asked.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        path = asked.url[len(origin) : -len(name)]
        return Road(
            Place(parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme]),
            HeadRequests(
                parts.netloc,
                path,
                scope[1],
                credentials.get_frozen_credentials(),
                agent=self._agent,
                now=self._now,
            ),
        )

    def ask(self, road: Road, key: str) -> Seen | Absent | None:
        """Ask for a key's headers; None where that did not come to a plain answer, or there is no time."""
        if road.unanswered >= MOST_UNANSWERED or self._time_left.is_late("s3"):
            return None
        try:
            answer = self._connection(road.place).ask(road.requests.of(key))
            return (
                Absent(date_of(answer.headers)) if answer.status == NOT_FOUND else read_head(answer.headers)
            )
        except (OSError, NotPlainError, HeadError, UnicodeError):
            road.unanswered += 1
            return None

    def _connection(self, place: Place) -> HeadConnection:
        """The connection of this thread to a place; one to another place is closed."""
        kept: tuple[Place, HeadConnection] | None = getattr(self._kept, "connection", None)
        if kept is not None:
            if kept[0] == place:
                return kept[1]
            kept[1].close()
        made = HeadConnection(place, self._trusts, connect=CONNECT_SECONDS, read=READ_SECONDS)
        self._kept.connection = place, made
        return made


def _text(value: str | bytes) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else value
