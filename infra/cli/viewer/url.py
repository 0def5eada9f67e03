"""A viewer's URL as a person types it: whose it is, and which path CloudFront sees."""

from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from infra.cli.errors import CommandError
from infra.cli.printing import visible

SCHEMES = ("https", "http")


@dataclass(frozen=True, slots=True)
class ViewerUrl:
    """A viewer's URL.

    Attributes:
        text: as it was typed.
        host: the host name, in lower case and ASCII, without port; of a distribution named by its id, the id.
        path: the path, decoded; bytes that are no UTF-8 as "surrogateescape" leaves them.
        typed_path: the path as it stands in the URL.
        query: the query string, without its question mark.
    """

    text: str
    host: str
    path: str
    typed_path: str
    query: str

    @property
    def request(self) -> str:
        """What a viewer's browser asks the edge for: path and query string."""
        return self.typed_path + (f"?{self.query}" if self.query else "")


def is_viewer_url(text: str) -> bool:
    """Whether it is meant for a viewer's URL: `https://…` or `http://…`."""
    return text.partition("://")[0].lower() in SCHEMES and "://" in text


def read_url(text: str) -> ViewerUrl:
    """Read a viewer's URL. Raises CommandError where it is none."""
    if not is_viewer_url(text):
        raise CommandError(f"{visible(text)}: not a viewer's URL; write https://HOST/PATH")
    try:
        parts = urlsplit(text)
        host = _ascii(parts)
    except ValueError as error:
        raise CommandError(
            f"{visible(text)}: not a URL: {visible(str(error))}; write https://HOST/PATH"
        ) from error
    if not host:
        raise CommandError(f"{visible(text)}: no host; write https://HOST/PATH")
    typed = parts.path or "/"
    return ViewerUrl(text, host, unquote(typed, errors="surrogateescape"), typed, parts.query)


def _ascii(parts: SplitResult) -> str:
    host = (parts.hostname or "").removesuffix(".")
    return host if host.isascii() else host.encode("idna").decode()
