"""The options that say which dead letters a command is about."""

import functools
from collections.abc import Callable
from typing import Any

import click

from infra.cli.dlq.letters import Selector, known
from infra.cli.visible import visible
from invalidator.core.reasons import Reason


def selector_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a click command --id, --reason and --bucket, and pass it a `Selector` named `selector`."""

    @click.option("--id", "ids", multiple=True, metavar="ID", help="Only this letter; repeatable.")
    @click.option("--reason", "reasons", multiple=True, help="Only letters of this reason; repeatable.")
    @click.option("--bucket", "buckets", multiple=True, help="Only letters about this bucket; repeatable.")
    @functools.wraps(command)
    def with_selector(
        *args: Any, ids: tuple[str, ...], reasons: tuple[str, ...], buckets: tuple[str, ...], **options: Any
    ) -> Any:
        for reason in reasons:
            if known(reason) is None:
                # Not refused: a newer worker may have written it.
                click.echo(f"note: {visible(reason)!r} is none of {', '.join(Reason)}", err=True)
        selector = Selector(frozenset(ids), frozenset(reasons), frozenset(buckets))
        return command(*args, selector=selector, **options)

    return with_selector
