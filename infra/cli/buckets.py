"""Whether a bucket is there at all: what people mistype first."""

from http import HTTPStatus

from botocore.exceptions import ClientError

from infra.cli.session import Session


def no_such_bucket(session: Session, bucket: str) -> bool:
    """Return whether S3 says that nobody has a bucket of this name; False also where these credentials may not ask."""
    try:
        session.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        # HEAD has no body, so the status is all there is.
        return error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.NOT_FOUND
    return False
