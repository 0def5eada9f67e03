"""HeadObject for many keys of one bucket at half of what the SDK's own call takes of the processor.

The SDK's own signer signs each request, and a shared pool sends it. Where a bucket's objects are found (virtual host,
path, endpoint, region) is taken from a request that the SDK itself has made, and S3 has answered, just before. Only the
two plain answers are read here, "200" and "404"; whatever else happens is the SDK's to ask again, with its retries, its
redirects and its errors.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies

from invalidator.aws.time_left import TimeLeft
from invalidator.core.remembering.head import Absent, HeadError, Seen, date_of, read_head

CHECKSUM_MODE: Final = "ENABLED"
CONNECT_SECONDS = 1.0
READ_SECONDS = 3.0
_FOUND = 200
_NOT_FOUND = 404
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/s3/aws4_request")
# A bucket about which so many could not be asked so in one go is the SDK's for the rest of it.
MOST_UNANSWERED = 20


@dataclass(slots=True)
class Road:
    """Where a bucket's objects are found, and what signs a request for one.

    Attributes:
        origin: scheme, host and port of the URL.
        path: what stands before the key.
        signer: signs, with the credentials of now.
        pool: its connections.
        unanswered: how many requests got no plain answer.
    """

    origin: str
    path: str
    signer: S3SigV4Auth
    pool: urllib3.HTTPConnectionPool
    unanswered: int = field(default=0)


class SignedHeads:
    """Asks S3 for headers.

    Args:
        sdk: the SDK's session, for credentials and certificates.
        agent: what it calls itself, as the SDK's client.
        time_left: no request begins too late.
        at_a_time: how many connections are kept.
    """

    def __init__(self, sdk: Any, agent: str, time_left: TimeLeft, at_a_time: int) -> None:
        self._sdk = sdk
        self._time_left = time_left
        self._agent = {"User-Agent": agent}
        self._connections = urllib3.PoolManager(
            maxsize=at_a_time,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            ca_certs=get_cert_path(sdk.get_config_variable("ca_bundle") or True),
        )

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
        return Road(
            origin,
            asked.url[len(origin) : -len(name)],
            S3SigV4Auth(credentials.get_frozen_credentials(), "s3", scope[1]),
            self._connections.connection_from_host(parts.hostname, parts.port, parts.scheme),
        )

    def ask(self, road: Road, key: str) -> Seen | Absent | None:
        """Ask for a key's headers; None where that did not come to a plain answer, or there is no time."""
        if road.unanswered >= MOST_UNANSWERED or self._time_left.is_late("s3"):
            return None
        answer = self._asked(road, key)
        if answer is None:
            road.unanswered += 1
        return answer

    def _asked(self, road: Road, key: str) -> Seen | Absent | None:
        try:
            target = road.path + quoted(key)
            request = AWSRequest("HEAD", road.origin + target, {"x-amz-checksum-mode": CHECKSUM_MODE})
            road.signer.add_auth(request)
            response = road.pool.urlopen(
                "HEAD",
                target,
                headers={**request.headers, **self._agent},
                retries=False,
                redirect=False,
                assert_same_host=False,
            )
            # As the SDK gives them, or fingerprints of the two would differ.
            headers = {name.lower(): response.headers[name] for name in response.headers}
            if response.status == _FOUND:
                return read_head(headers)
            return Absent(date_of(headers)) if response.status == _NOT_FOUND else None
        except (urllib3.exceptions.HTTPError, HeadError, UnicodeError):
            return None


def quoted(key: str) -> str:
    """Return a key as S3's URLs have it. Raises UnicodeError for what is no Unicode."""
    return quote(key, safe="/~")


def _text(value: str | bytes) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else value
