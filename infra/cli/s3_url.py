"""An S3 URL as a person types it: `s3://BUCKET/KEY`, not encoded, as in `aws s3 ls`."""

from dataclasses import dataclass

from infra.cli.errors import CommandError
from infra.cli.printing import visible

_SCHEME = "s3://"


@dataclass(frozen=True, slots=True)
class S3Url:
    """An S3 URL.

    Attributes:
        bucket: the bucket's name.
        rest: what stands behind the bucket's slash, "" for nothing.
    """

    bucket: str
    rest: str

    @property
    def is_prefix(self) -> bool:
        """Whether it names all that begins so: the bucket alone, what ends in a slash, what ends in an asterisk."""
        return self.rest == "" or self.rest.endswith(("/", "*"))

    @property
    def prefix(self) -> str:
        """How the keys begin, of one that names a prefix."""
        return self.rest.removesuffix("*")

    def __str__(self) -> str:
        return f"{_SCHEME}{self.bucket}/{self.rest}"


def read_s3_url(text: str, wanted: str = "s3://BUCKET/PREFIX") -> S3Url:
    """Read an S3 URL. Raises CommandError, which says what is `wanted`, where it is none."""
    if not text.startswith(_SCHEME):
        raise CommandError(f"{visible(text)}: not an S3 URL; write {wanted}")
    bucket, _, rest = text.removeprefix(_SCHEME).partition("/")
    if not bucket:
        raise CommandError(f"{visible(text)}: no bucket; write {wanted}")
    return S3Url(bucket, rest)
