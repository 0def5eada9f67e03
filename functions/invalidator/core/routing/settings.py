"""What the operator says of the sites behind the distributions, where their configuration does not."""

from dataclasses import dataclass
from typing import Literal

CleanUrls = Literal["auto", "always", "never"]


@dataclass(frozen=True, slots=True)
class RoutingSettings:
    """How keys appear to viewers.

    Attributes:
        index_documents: key names that also answer for their directory (parameter IndexDocuments). CloudFront
            does not know a website endpoint's own index document: these names count there, `index.html` if
            none is set.
        error_page_seconds: a changed error page that CloudFront keeps for longer than these seconds is purged
            under the paths that failed too; 0 is always (parameter ErrorPageSeconds).
        clean_urls: whether viewers reach `about.html` as `/about`; "auto": where a function at the edge may
            make it so (parameter CleanUrls).
        error_document: the key, below the OriginPath, of the error document of website endpoints, as the bucket
            names it; "" where there is none or it is not known.
    """

    index_documents: tuple[str, ...] = ()
    error_page_seconds: int = 30
    clean_urls: CleanUrls = "auto"
    error_document: str = ""


def names_in(text: str) -> tuple[str, ...]:
    """The names in a list with commas between, without blanks around them."""
    return tuple(name for each in text.split(",") if (name := each.strip()))
