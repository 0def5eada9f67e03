"""Where `plan` and `explain` take a bucket's distributions from, and the options that say so."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

# As in the template.
DEFAULT_INDEX_DOCUMENTS = "index.html"
DEFAULT_ERROR_PAGE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Source:
    """Where from.

    Attributes:
        distributions: files with what `aws cloudfront get-distribution` prints, or another form of it; none for the
            deployed stack.
        policies: files with what `aws cloudfront get-cache-policy` prints.
        index_documents: names that stand for their directory, comma separated; None for the default, or the stack's.
        error_page_seconds: error pages kept for longer are purged where they were shown; None likewise.
        clean_urls: whether pages are reached without their `.html`; None likewise.
        ids: the distributions' ids, for files that do not name one.
    """

    distributions: tuple[str, ...]
    policies: tuple[str, ...]
    index_documents: str | None
    error_page_seconds: int | None = None
    clean_urls: str | None = None
    ids: tuple[str, ...] = ()


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a click command the options, and pass it a `Source` named `source`."""

    @click.option(
        "--distribution",
        "distribution_files",
        multiple=True,
        metavar="FILE",
        help="What 'aws cloudfront get-distribution' prints (or list-distributions, or, with --id, "
        "get-distribution-config), JSON or YAML, .gz too; repeatable. AWS is not asked then.",
    )
    @click.option(
        "--id",
        "ids",
        multiple=True,
        metavar="ID",
        help="The distribution's id, for a FILE that lacks it; repeatable, in the files' order.",
    )
    @click.option(
        "--cache-policy",
        "policy_files",
        multiple=True,
        metavar="FILE",
        help="What 'aws cloudfront get-cache-policy' prints; repeatable.",
    )
    @click.option(
        "--index-documents",
        metavar="NAMES",
        help="Names that stand for their directory, comma separated; '' for none."
        f"  [default: {DEFAULT_INDEX_DOCUMENTS}, or the stack's]",
    )
    @click.option(
        "--error-page-seconds",
        type=click.IntRange(min=0),
        help="Error pages kept for longer are purged wherever they were shown; 0 for all."
        f"  [default: {DEFAULT_ERROR_PAGE_SECONDS}, or the stack's]",
    )
    @click.option(
        "--clean-urls",
        type=click.Choice(["auto", "always", "never"]),
        help="Whether pages are reached without their .html.  [default: auto, or the stack's]",
    )
    @functools.wraps(command)
    def with_source(
        *args: Any,
        distribution_files: tuple[str, ...],
        policy_files: tuple[str, ...],
        index_documents: str | None,
        error_page_seconds: int | None,
        clean_urls: str | None,
        ids: tuple[str, ...],
        **options: Any,
    ) -> Any:
        source = Source(
            distribution_files, policy_files, index_documents, error_page_seconds, clean_urls, ids
        )
        return command(*args, source=source, **options)

    return with_source
