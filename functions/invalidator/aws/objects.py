"""Objects of remembered buckets, in S3: their headers, several asked for at a time, and the bucket's keys."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from invalidator.aws.aws_errors import AwsError, failure_of
from invalidator.core.remembering.head import Absent, HeadError, Seen, date_of, read_head
from invalidator.failures import Failure, Transient

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AT_A_TIME = 16
_NOT_FOUND = 404


class S3Objects:
    """The port `Objects` over S3."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client
        self._pool = ThreadPoolExecutor(AT_A_TIME)

    def heads(self, bucket: str, keys: Iterable[str]) -> Iterator[tuple[str, Seen | Absent | Failure]]:
        """Ask for the headers of each object, and yield the answers; a Failure where there was none."""
        asked = list(keys)
        yield from zip(asked, self._pool.map(lambda each: self._head(bucket, each), asked), strict=True)

    def page(self, bucket: str, after: str) -> tuple[list[str], bool]:
        """Return at most 1,000 keys after one, in S3's order, and whether there are more. Raises Failure."""
        try:
            page = self._client.list_objects_v2(Bucket=bucket, StartAfter=after)
        except AwsError as error:
            raise failure_of(error) from error
        return [each["Key"] for each in page.get("Contents", [])], page["IsTruncated"]

    def _head(self, bucket: str, key: str) -> Seen | Absent | Failure:
        try:
            # Its current version, and not the event's: one call tells whether the two are the same.
            answer = self._client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
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
