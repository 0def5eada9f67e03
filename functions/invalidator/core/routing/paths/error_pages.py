"""Which objects are error pages that CloudFront keeps, for a while, under the paths that failed.

Purging the page's own path does not remove those copies (aws-behaviour.md "Error pages"), and nobody knows which
paths failed: so the wildcards of the behaviors are sent.
"""

from urllib.parse import unquote

from invalidator.core.routing.distribution import Distribution, ErrorPage, Origin
from invalidator.core.routing.settings import RoutingSettings

# What a website endpoint answers with its error document, and how long CloudFront keeps it by default.
_WEBSITE_ERRORS = (403, 404)
_DEFAULT_SECONDS = 10


def lasting_error_pages(
    distribution: Distribution, origin: Origin, settings: RoutingSettings
) -> dict[str, str]:
    """The error pages that outlast the setting: decoded viewer path → why that matters, in one line for people.

    The pages of custom error responses count for every origin: CloudFront asks for them as a viewer would. A
    website endpoint's error document counts where no custom page takes its place.
    """
    pages = [each for each in distribution.error_pages if each.path]
    if origin.website and settings.error_document:
        pages += _website_pages(distribution, settings.error_document)
    found: dict[str, list[ErrorPage]] = {}
    for each in pages:
        if outlasts(each, settings):
            path = unquote(each.path, errors="surrogateescape")
            found.setdefault(path if path.startswith("/") else f"/{path}", []).append(each)
    ours = {each.id for each in distribution.origins if each.bucket == origin.bucket}
    elsewhere = not all(ours.intersection(each.origins) for each in distribution.behaviors)
    return {path: _why(each, elsewhere=elsewhere) for path, each in found.items()}


def outlasts(page: ErrorPage, settings: RoutingSettings) -> bool:
    """Whether edges keep an error for longer than the operator takes for soon."""
    return not settings.error_page_seconds or page.seconds > settings.error_page_seconds


def _website_pages(distribution: Distribution, document: str) -> list[ErrorPage]:
    configured = {each.code: each for each in distribution.error_pages}
    own = [configured.get(code, ErrorPage(code, "", _DEFAULT_SECONDS)) for code in _WEBSITE_ERRORS]
    return [ErrorPage(each.code, f"/{document}", each.seconds) for each in own if not each.path]


def _why(pages: list[ErrorPage], *, elsewhere: bool) -> str:
    codes = ", ".join(f"{code}" for code in sorted({each.code for each in pages}))
    longest = max(each.seconds for each in pages)
    return (
        f"it is the error page of {codes}, which stays under any path that failed for {longest} s; "
        "all else that is cached there is purged too"
        + ("; not so where only other origins answer: there it stays" if elsewhere else "")
    )
