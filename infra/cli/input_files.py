"""What people hand to a command as files: object keys, and JSON that the AWS command line printed."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra.cli.errors import CommandError
from infra.cli.printing import visible
from invalidator.core.routing.distribution import Distribution

if TYPE_CHECKING:
    from invalidator.core.routing.documents.distribution_config import CachePolicy

STDIN = "-"


def read_keys(file: str) -> tuple[str, ...]:
    """Return the object keys in a file, one a line and not encoded, each once, in the file's order.

    A key keeps its blanks. Empty lines hold no key: they are passed over, with a note on stderr. So is the mark
    (BOM) that some editors put at the start. A key with a newline in it cannot be written this way. In a file
    whose every line ends in CR LF, the CR belongs to the line end; else it belongs to the key.

    Args:
        file: the file's name; `-` is stdin.

    Raises:
        CommandError: the file cannot be read, or a line is not UTF-8; names the file and the line.
    """
    lines = _bytes(file).removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if not lines[-1]:
        lines.pop()
    if lines and all(line.endswith(b"\r") for line in lines):
        lines = [line[:-1] for line in lines]
    if empty := lines.count(b""):
        first = lines.index(b"") + 1
        click.echo(
            f"note: {_named(file)}: {empty} empty line{'s' * (empty > 1)} passed over, the first is line {first}",
            err=True,
        )
    try:
        return tuple(dict.fromkeys(line.decode() for line in lines if line))
    except UnicodeDecodeError:
        number = next(at for at, line in enumerate(lines, 1) if not _is_text(line))
        raise CommandError(
            f"{_named(file)}: line {number} is not UTF-8; write keys as UTF-8, one a line"
        ) from None


def read_distributions(
    files: Iterable[str], policies: "Mapping[str, CachePolicy]"
) -> list[tuple[str, Distribution]]:
    """Return each file's name and the distribution in it, as `aws cloudfront get-distribution` prints it.

    Args:
        files: the files' names; `-` is stdin.
        policies: cache policies by id, as `read_policies` returns them.

    Raises:
        CommandError: a file cannot be read, is not a distribution (the field is named), or describes the
            distribution of another file again.
    """
    from invalidator.core.routing.documents.distribution_config import DistributionError, read_distribution

    read: dict[str, tuple[str, Distribution]] = {}
    for file in files:
        try:
            distribution = read_distribution(_json(file), policies)
        except DistributionError as error:
            raise CommandError(f"{_named(file)}: not a distribution: {visible(str(error))}") from error
        if distribution.id in read:
            raise CommandError(
                f"{_named(file)}: Id: {visible(distribution.id)} is in {read[distribution.id][0]} already"
            )
        read[distribution.id] = _named(file), distribution
    return list(read.values())


def read_policies(files: Iterable[str]) -> "dict[str, CachePolicy]":
    """Return, by id, whether each cache policy keys on query strings.

    Args:
        files: what `aws cloudfront get-cache-policy` prints; `-` is stdin.

    Raises:
        CommandError: a file cannot be read, or is not a cache policy; the field is named.
    """
    from invalidator.core.routing.documents.distribution_config import DistributionError, read_cache_policy

    policies: dict[str, CachePolicy] = {}
    for file in files:
        try:
            policy, learned = read_cache_policy(_json(file))
        except DistributionError as error:
            raise CommandError(f"{_named(file)}: not a cache policy: {visible(str(error))}") from error
        policies[policy] = learned
    return policies


def _json(file: str) -> object:
    try:
        document: object = json.loads(_bytes(file))
    except UnicodeDecodeError as error:
        raise CommandError(f"{_named(file)}: not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise CommandError(
            f"{_named(file)}: not JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        ) from error
    except (RecursionError, ValueError) as error:
        raise CommandError(f"{_named(file)}: not JSON that can be read: {error}") from error
    return document


def _bytes(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise CommandError(f"{_named(file)}: cannot be read: {reason}") from error


def _named(file: str) -> str:
    return "stdin" if file == STDIN else visible(file)


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
