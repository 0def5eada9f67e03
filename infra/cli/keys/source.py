"""Where `plan` and `explain` take a bucket's distributions from, and the options that say so."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

DEFAULT_INDEX_DOCUMENTS = "index.html"


@dataclass(frozen=True, slots=True)
class Source:
    """Where from.

    Attributes:
        distributions: files with what `aws cloudfront get-distribution` prints; none for the deployed stack.
        policies: files with what `aws cloudfront get-cache-policy` prints.
        index_documents: names that stand for their directory, comma separated; None for the default, or the stack's.
    """

    distributions: tuple[str, ...]
    policies: tuple[str, ...]
    index_documents: str | None


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a click command the options, and pass it a `Source` named `source`."""

    @click.option(
        "--distribution",
        "distribution_files",
        multiple=True,
        metavar="FILE",
        help="What 'aws cloudfront get-distribution' prints; repeatable. AWS is not asked then.",
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
    @functools.wraps(command)
    def with_source(
        *args: Any,
        distribution_files: tuple[str, ...],
        policy_files: tuple[str, ...],
        index_documents: str | None,
        **options: Any,
    ) -> Any:
        return command(*args, source=Source(distribution_files, policy_files, index_documents), **options)

    return with_source
