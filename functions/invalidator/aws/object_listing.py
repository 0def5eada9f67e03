"""Lists a bucket below a prefix, one page: enough to tell what a wildcard would purge needlessly."""

from typing import TYPE_CHECKING

from invalidator.aws.aws_errors import AwsError, failure_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3Listing:
    """ListObjectsV2, for buckets that the stack was allowed to list."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def below(self, bucket: str, prefix: str) -> tuple[list[str], bool]:
        """Return at most 1,000 keys below a prefix, and whether there are more. Raises Failure."""
        try:
            page = self._client.list_objects_v2(Bucket=bucket, Prefix=prefix)
        except AwsError as error:
            raise failure_of(error) from error
        return [each["Key"] for each in page.get("Contents", [])], page["IsTruncated"]
