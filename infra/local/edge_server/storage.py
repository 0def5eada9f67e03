"""The S3 of the local AWS, as the edge's origins ask it."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import aiohttp
import yarl
from botocore.exceptions import ClientError

from infra.local.edge.edge import MEGABYTE
from infra.local.edge.origins import (
    AskElsewhere,
    GetObject,
    GetWebsite,
    NotModelledError,
    OriginAnswer,
    Question,
    Stored,
    Told,
    Website,
)

# The edge's memory is bounded, and so is what it takes in one piece.
LARGEST_OBJECT_BYTES = 64 * MEGABYTE
# Calls of S3 at a time; what comes more waits.
AT_A_TIME = 16
SECONDS_TO_ANSWER = 30.0
# A bucket's website configuration is read again after so long.
WEBSITE_SECONDS = 2.0
_SIGNED_SECONDS = 300
_OK, _NOT_FOUND, _BAD_GATEWAY, _TIMED_OUT = 200, 404, 502, 504
# What viewers see of S3's answer; the emulator adds more.
_KEPT = frozenset(
    {
        "accept-ranges",
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-type",
        "etag",
        "expires",
        "last-modified",
        "x-amz-version-id",
    }
)
_METADATA = "x-amz-meta-"


class Storage:
    """Answers the edge's questions; made and used inside one event loop.

    Args:
        s3: an SDK client with path-style addresses: it signs, and reads website configurations.
    """

    def __init__(self, s3: Any) -> None:
        self._s3 = s3
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=AT_A_TIME),
            timeout=aiohttp.ClientTimeout(total=SECONDS_TO_ANSWER),
            auto_decompress=False,
        )
        self._websites: dict[str, tuple[float, Website | OriginAnswer]] = {}

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def answer(self, question: Question) -> Told:
        """Answer. Raises NotModelledError for what is not S3, and for objects that are too large to keep."""
        match question:
            case GetObject():
                return await self._object(question)
            case GetWebsite(bucket=bucket):
                return await self._website(bucket)
            case AskElsewhere(host=host):
                raise NotModelledError(f"an origin that is not S3: {host}")

    async def _object(self, question: GetObject) -> Told:
        try:
            question.key.encode()
        except UnicodeEncodeError:
            return OriginAnswer(_NOT_FOUND)  # S3's keys are UTF-8
        if not question.key:
            return OriginAnswer(_NOT_FOUND)  # a list of the bucket, which nobody is allowed
        signed = self._s3.generate_presigned_url(
            "get_object", {"Bucket": question.bucket, "Key": question.key}, ExpiresIn=_SIGNED_SECONDS
        )
        headers = {"If-None-Match": question.etag} if question.etag else {}
        try:
            async with self._http.get(yarl.URL(signed, encoded=True), headers=headers) as answer:
                length = answer.content_length or 0
                if length > LARGEST_OBJECT_BYTES:
                    raise NotModelledError(
                        f"an object of {length:,} bytes; up to {LARGEST_OBJECT_BYTES:,} are served here"
                    )
                return _told(answer.status, answer.headers, await answer.read())
        except TimeoutError:
            return OriginAnswer(_TIMED_OUT, b"S3 did not answer in time\n")
        except aiohttp.ClientError as error:
            return OriginAnswer(_BAD_GATEWAY, f"S3 did not answer: {error}\n".encode())

    async def _website(self, bucket: str) -> Website | OriginAnswer:
        read, website = self._websites.get(bucket, (0.0, Website()))
        now = time.monotonic()
        if read and now - read < WEBSITE_SECONDS:
            return website
        website = await asyncio.to_thread(self._read_website, bucket)
        self._websites[bucket] = now, website
        return website

    def _read_website(self, bucket: str) -> Website | OriginAnswer:
        try:
            found = self._s3.get_bucket_website(Bucket=bucket)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            return OriginAnswer(_NOT_FOUND, f"{code}\n".encode(), {"content-type": "text/plain"})
        for unusual in ("RoutingRules", "RedirectAllRequestsTo"):
            if found.get(unusual):
                raise NotModelledError(f"{unusual} of the website of {bucket}")
        return Website(
            found.get("IndexDocument", {}).get("Suffix", ""), found.get("ErrorDocument", {}).get("Key", "")
        )


def _told(status: int, headers: Mapping[str, str], body: bytes) -> Told:
    named = {name.lower(): value for name, value in headers.items()}
    kept = {name: value for name, value in named.items() if name in _KEPT or name.startswith(_METADATA)}
    return Stored(body, kept, len(body)) if status == _OK else OriginAnswer(status, body, kept, len(body))
