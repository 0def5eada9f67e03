"""CloudFront's REST-XML as bytes: which operation a request is, what a batch says, how an error looks."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from infra.local.cloudfront.quotas import Refusal

_VERSION = r"/\d{4}-\d{2}-\d{2}"
_OPERATIONS = (
    ("CreateInvalidation", "POST", rf"{_VERSION}/distribution/(?P<distribution>[^/]+)/invalidation/?"),
    (
        "CreateInvalidationForDistributionTenant",
        "POST",
        rf"{_VERSION}/distribution-tenant/(?P<distribution>[^/]+)/invalidation/?",
    ),
    ("ListInvalidations", "GET", rf"{_VERSION}/distribution/(?P<distribution>[^/]+)/invalidation/?"),
    ("GetInvalidation", "GET", rf"{_VERSION}/distribution/(?P<distribution>[^/]+)/invalidation/[^/]+"),
    ("ListDistributions", "GET", rf"{_VERSION}/distribution/?"),
    ("GetDistribution", "GET", rf"{_VERSION}/distribution/(?P<distribution>[^/]+)"),
    ("GetDistributionConfig", "GET", rf"{_VERSION}/distribution/(?P<distribution>[^/]+)/config"),
    ("GetCachePolicy", "GET", rf"{_VERSION}/cache-policy/[^/]+"),
)
_NAMESPACE = "http://cloudfront.amazonaws.com/doc/2020-05-31/"
# In every answer that shows an invalidation its status and creation time follow its id.
_SHOWN = re.compile(rb"<Id>([^<]+)</Id><Status>[^<]*</Status><CreateTime>[^<]*</CreateTime>")


@dataclass(frozen=True, slots=True)
class Operation:
    """What a request asks for: the API's name of it, and which distribution or tenant, if any."""

    name: str
    distribution: str | None


@dataclass(frozen=True, slots=True)
class InvalidationBatch:
    """What the body of CreateInvalidation says."""

    paths: tuple[str, ...]
    quantity: int
    reference: str


def operation_of(method: str, path: str) -> Operation:
    """Name the operation of a request by its method and its path, query string cut off; "" where unknown."""
    for name, its_method, pattern in _OPERATIONS:
        match = re.fullmatch(pattern, path)
        if match and method == its_method:
            return Operation(name, match.groupdict().get("distribution"))
    return Operation("", None)


def read_batch(body: bytes) -> InvalidationBatch | Refusal:
    """Read the body of CreateInvalidation, or say how CloudFront refuses it."""
    if not body:
        return Refusal("MissingBody", "This operation requires a body.", 400)
    try:
        root = ET.fromstring(body)  # noqa: S314  from this machine's own callers
    except ET.ParseError:
        return Refusal("MalformedXML", "The XML document is malformed.", 400)
    quantity = root.findtext("{*}Paths/{*}Quantity", "")
    if not quantity.isdecimal():
        return Refusal("MalformedXML", "The XML document has no Paths with a Quantity.", 400)
    paths = tuple(item.text or "" for item in root.iterfind("{*}Paths/{*}Items/{*}Path"))
    return InvalidationBatch(paths, int(quantity), root.findtext("{*}CallerReference", ""))


def error_body(refusal: Refusal) -> bytes:
    """Write an error as CloudFront does."""
    blame = "Receiver" if refusal.status >= 500 else "Sender"  # noqa: PLR2004  HTTP's own line
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<ErrorResponse xmlns="{_NAMESPACE}">'
        f"<Error><Type>{blame}</Type><Code>{escape(refusal.code)}</Code>"
        f"<Message>{escape(refusal.message)}</Message></Error>"
        f"<RequestId>{uuid4()}</RequestId></ErrorResponse>"
    ).encode()


def refusal_in(status: int, body: bytes) -> Refusal:
    """Read an error that CloudFront wrote."""
    root = ET.fromstring(body)  # noqa: S314  from this machine's own CloudFront
    return Refusal(root.findtext(".//{*}Code", ""), root.findtext(".//{*}Message", ""), status)


def shown_invalidations(body: bytes) -> list[str]:
    """Return the ids of the invalidations in an answer."""
    return [match[1].decode() for match in _SHOWN.finditer(body)]


def with_state(body: bytes, state: Callable[[str], tuple[str, float] | None]) -> bytes:
    """Return an answer with another state for each invalidation it shows.

    Args:
        body: the answer.
        state: gives an id's status and its creation, epoch seconds; None leaves it as it is.
    """

    def shown(match: re.Match[bytes]) -> bytes:
        told = state(match[1].decode())
        if told is None:
            return match[0]
        status, created = told
        # CloudFront gives milliseconds.
        when = datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
        return (
            f"<Id>{match[1].decode()}</Id><Status>{status}</Status><CreateTime>{when}</CreateTime>".encode()
        )

    return _SHOWN.sub(shown, body)
