"""What origins answer: S3's REST and website endpoints. They are asked for objects; whoever drives the edge has them.

Each step is a generator that yields what it wants to know and is sent the answer, so the same rules serve virtual
time and a server.
"""

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.local.edge.distributions import Behavior, Origin
from infra.local.edge.readings import Readings
from infra.local.edge.rewrites import INDEX
from infra.local.edge.urls import decode

NOT_FOUND, FOUND, OK, NOT_MODIFIED, UNAVAILABLE = 404, 302, 200, 304, 503


@dataclass(frozen=True, slots=True)
class GetObject:
    """Asks for an object's current version: answered with a `Stored`, or an `OriginAnswer` that says why not.

    Attributes:
        etag: the version that is known already; where it is still the one, an `OriginAnswer` of 304 will do.
    """

    bucket: str
    key: str
    etag: str = ""


@dataclass(frozen=True, slots=True)
class GetWebsite:
    """Asks for a bucket's website configuration: answered with a `Website`."""

    bucket: str


@dataclass(frozen=True, slots=True)
class AskElsewhere:
    """Asks an origin that is not S3: answered with an `OriginAnswer`, or raises NotModelledError."""

    host: str
    path: str


@dataclass(frozen=True, slots=True)
class Stored:
    """An object. `headers` are in lower case; `body` is whatever the one who drives the edge has as bodies."""

    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    size: int = 0


@dataclass(frozen=True, slots=True)
class Website:
    """A bucket's website configuration; `error` is the key of its error document, "" for none."""

    index: str = INDEX
    error: str = ""


@dataclass(frozen=True, slots=True)
class OriginAnswer:
    """What an origin answers; header names are in lower case."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    size: int = 0


class NotModelledError(Exception):
    """An edge would have to guess; the text says of what."""


Question = GetObject | GetWebsite | AskElsewhere
Told = Stored | Website | OriginAnswer
Answering = Generator[Question, Told, OriginAnswer]

_REGION = r"[a-z]{2,4}(?:-[a-z]+)+-\d"
# From aws-behaviour.md, "Hosts of an S3 origin".
_VIRTUAL = re.compile(
    rf"(?P<bucket>.+)\.s3(?P<site>-website)?(?:[.-](?:dualstack|fips|accelerate|{_REGION}))*\.amazonaws\.(?:com(?:\.cn)?|eu)"
)
# Access points and Object Lambda: their names do not tell the bucket.
_NO_BUCKETS = ("-s3alias", "--ol-s3")
_PATH_STYLE = re.compile(rf"s3(?:[.-](?:dualstack|fips|{_REGION}))*\.amazonaws\.(?:com(?:\.cn)?|eu)")


def ask_origins(behavior: Behavior, uri: str, readings: Readings, etag: str = "") -> Answering:
    """Ask a behavior's origin, or the members of its group until one's answer is no reason to ask the next.

    [high_availability_origin_failover: the next is asked when the status is one of the group's codes.]
    """
    answer = OriginAnswer(UNAVAILABLE)
    for origin in behavior.origins:
        answer = yield from _ask(origin, uri, readings, etag)
        if answer.status not in behavior.failover:
            break
    return answer


def _ask(origin: Origin, uri: str, readings: Readings, etag: str) -> Answering:
    path = origin.path + uri
    key = decode(path.replace("+", "%20") if readings.plus_is_space else path)[1:]
    host = origin.host.lower()
    named = _VIRTUAL.fullmatch(host)
    if named is not None and named["site"]:
        return (yield from _ask_website(named["bucket"], key))
    bucket = named["bucket"] if named else ""
    if bucket.endswith(_NO_BUCKETS):
        bucket = ""
    if not bucket and _PATH_STYLE.fullmatch(host):
        bucket, _, key = key.partition("/")
    if not bucket:
        told = yield AskElsewhere(host, path)
        if not isinstance(told, OriginAnswer):
            raise TypeError(f"{host} was answered with {told}")
        return told
    return _shown((yield GetObject(bucket, key, etag)))


def _ask_website(bucket: str, key: str) -> Answering:
    """A website endpoint: index documents, a redirect to the directory, the error document [WebsiteEndpoints]."""
    website = yield GetWebsite(bucket)
    if not isinstance(website, Website):
        return _shown(website)
    if key.endswith("/") or not key:
        key += website.index
        answer = _shown((yield GetObject(bucket, key)))
    else:
        answer = _shown((yield GetObject(bucket, key)))
        if answer.status == NOT_FOUND:
            below = _shown((yield GetObject(bucket, f"{key}/{website.index}")))
            if below.status == OK:
                return OriginAnswer(FOUND, headers={"location": f"/{key}/"})
    if answer.status == NOT_FOUND and website.error:
        page = _shown((yield GetObject(bucket, website.error)))
        if page.status == OK:
            return OriginAnswer(NOT_FOUND, page.body, page.headers, page.size)
    return answer


def _shown(told: Told) -> OriginAnswer:
    if isinstance(told, Stored):
        return OriginAnswer(OK, told.body, told.headers, told.size)
    if isinstance(told, OriginAnswer):
        return told
    raise TypeError(f"an object was answered with {told}")
