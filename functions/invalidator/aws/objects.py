"""Objects of remembered buckets, in S3: their headers, several asked for at a time, and the bucket's keys."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import local
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from invalidator.aws.aws_errors import AwsError, failure_of
from invalidator.aws.head_request import CHECKSUM_MODE
from invalidator.aws.signed_heads import Road, SignedHeads
from invalidator.core.remembering.head import Absent, HeadError, Seen, date_of, read_head
from invalidator.failures import Failure, Transient

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# S3 answers within some tens of milliseconds: so many at a time leave the processor as what bounds it.
AT_A_TIME = 64
# So few are asked for at once, by the SDK's own calls: to learn how others are asked takes one of those alone.
FEW = 32
_NOT_FOUND = 404


class S3Objects:
    """The port `Objects` over S3.

    Args:
        client: the SDK's.
        signed: asks for more than a few keys at an eighth of the cost; None: the SDK's client asks for all.
    """

    def __init__(self, client: "S3Client", signed: SignedHeads | None = None) -> None:
        self._client = client
        self._signed = signed
        self._pool = ThreadPoolExecutor(AT_A_TIME)
        self._sent = local()
        client.meta.events.register_first("before-send.s3.HeadObject", self._note)

    def heads(self, bucket: str, keys: Iterable[str]) -> Iterator[tuple[str, Seen | Absent | Failure]]:
        """Ask for the headers of each object, and yield the answers; a Failure where there was none."""
        asked = list(keys)
        road = None
        if self._signed is not None and len(asked) > FEW:
            key = asked.pop(0)
            self._sent.request = None
            answer = self._head(bucket, key)
            if not isinstance(answer, Failure):
                road = self._signed.road(self._sent.request, key)
            yield key, answer
        yield from zip(asked, self._pool.map(lambda each: self._ask(bucket, each, road), asked), strict=True)

    def page(self, bucket: str, after: str) -> tuple[list[str], bool]:
        """Return at most 1,000 keys after one, in S3's order, and whether there are more. Raises Failure."""
        try:
            page = self._client.list_objects_v2(Bucket=bucket, StartAfter=after)
        except AwsError as error:
            raise failure_of(error) from error
        return [each["Key"] for each in page.get("Contents", [])], page["IsTruncated"]

    def _ask(self, bucket: str, key: str, road: Road | None) -> Seen | Absent | Failure:
        answer = self._signed.ask(road, key) if self._signed is not None and road is not None else None
        return self._head(bucket, key) if answer is None else answer

    def _note(self, request: Any, **_: Any) -> None:
        self._sent.request = request

    def _head(self, bucket: str, key: str) -> Seen | Absent | Failure:
        try:
            # Its current version, and not the event's: one call tells whether the two are the same.
            answer = self._client.head_object(Bucket=bucket, Key=key, ChecksumMode=CHECKSUM_MODE)
            return read_head(answer["ResponseMetadata"]["HTTPHeaders"])
        except ClientError as error:
            told = error.response.get("ResponseMetadata", {})
            if told.get("HTTPStatusCode") != _NOT_FOUND:
                return failure_of(error)
            try:
                return Absent(date_of(told.get("HTTPHeaders", {})))
            except HeadError as problem:
                return Transient(str(problem))
        except HeadError as problem:
            return Transient(str(problem))
        except (*AwsError, UnicodeError) as error:
            return Transient(str(error)) if isinstance(error, UnicodeError) else failure_of(error)
