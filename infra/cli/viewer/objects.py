"""Objects in S3 as a command asks for them: whether they are there, and what they are now."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from botocore.exceptions import ClientError, ParamValidationError

from infra.cli.session import Session

# The headers of an answer that S3 keeps with the object, by S3's name of each in HeadObject.
KEPT_HEADERS = {
    "ContentType": "content-type",
    "ContentEncoding": "content-encoding",
    "CacheControl": "cache-control",
    "ContentLanguage": "content-language",
    "ContentDisposition": "content-disposition",
}


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as S3 has it now.

    Attributes:
        exists: whether it is there; None where S3 does not say.
        why: why S3 does not say; "" where it does.
        modified: when it changed, epoch seconds; None where it is not there.
        etag: its ETag, without quotes.
        size: its length in bytes.
        headers: what S3 keeps with it and answers as headers, names in lower case.
    """

    exists: bool | None
    why: str = ""
    modified: float | None = None
    etag: str = ""
    size: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


def stored(session: Session, bucket: str, key: str) -> Stored:
    """Ask S3 for an object's head. Raises BotoCoreError where S3 does not answer."""
    try:
        found = session.client("s3").head_object(Bucket=bucket, Key=key)
    except ParamValidationError as error:
        return Stored(None, f"that is no name for an object: {error}")
    except UnicodeEncodeError:
        return Stored(None, "that is no name for an object")
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in {"404", "NoSuchKey"}:
            return Stored(exists=False)
        if code == "NoSuchBucket":
            return Stored(None, f"there is no bucket {bucket}")
        # Without s3:ListBucket, S3 says 403 of what is not there, too (S3 API reference, HeadObject).
        return Stored(None, f"S3 says {code}; allow s3:GetObject and s3:ListBucket")
    return Stored(
        exists=True,
        modified=found["LastModified"].timestamp(),
        etag=found.get("ETag", "").strip('"'),
        size=found.get("ContentLength", 0),
        headers={name: found[theirs] for theirs, name in KEPT_HEADERS.items() if theirs in found},
    )
