"""What people hand to a command as files: object keys, and JSON that the AWS command line printed."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra.cli.errors import CommandError
from infra.cli.files.distribution_documents import (
    DocumentError,
    documents,
    is_cut,
    lacks_id,
    parsed,
    policy_documents,
    with_id,
)
from infra.cli.files.key_lines import NoKeysError, key_lines
from infra.cli.printing import many, visible
from invalidator.core.routing.distribution import Distribution

if TYPE_CHECKING:
    from invalidator.core.routing.documents.distribution_config import CachePolicy

STDIN = "-"


def read_keys(file: str, *, literal: bool = False) -> tuple[str, ...]:
    """Return the object keys in a file, one a line and not encoded, each once, in the file's order.

    A key keeps its blanks. Empty lines hold no key: they are passed over, with a note on stderr. So is the mark
    (BOM) that some editors put at the start. A key with a newline in it cannot be written this way.

    Args:
        file: the file's name; `-` is stdin.
        literal: each line is a key, whatever it looks like.

    Raises:
        CommandError: the file cannot be read, holds something else than keys, or a line is not UTF-8; names the
            file and the line.
    """
    try:
        found = key_lines(read_bytes(file), literal=literal)
    except NoKeysError as error:
        raise CommandError(f"{named(file)}: {error}") from error
    if found.empty:
        click.echo(
            f"note: {named(file)}: {many(len(found.empty), 'empty line')} passed over, "
            f"the first is line {found.empty[0]}",
            err=True,
        )
    rooted = [number for number, line in enumerate(found.lines, 1) if line.startswith(b"/")]
    if rooted and not literal:
        click.echo(
            f"note: {named(file)}: line {rooted[0]} begins with a slash, which counts as the key's own; of viewer "
            "paths take it off: sed 's|^/||' FILE",
            err=True,
        )
    try:
        return tuple(dict.fromkeys(line.decode() for line in found.lines if line))
    except UnicodeDecodeError:
        number = next(at for at, line in enumerate(found.lines, 1) if not _is_text(line))
        raise CommandError(
            f"{named(file)}: line {number} is not UTF-8; write keys as UTF-8, one a line"
        ) from None


@dataclass(frozen=True, slots=True)
class ReadDistribution:
    """A distribution as it was found.

    Attributes:
        file: the file's name, for people.
        distribution: the distribution.
        listed: whether it is a summary out of a list, which does not tell the DefaultRootObject.
    """

    file: str
    distribution: Distribution
    listed: bool


def read_distributions(
    files: Iterable[str], policies: "Mapping[str, CachePolicy]", ids: Sequence[str] = ()
) -> list[ReadDistribution]:
    """Return the distributions in files: as `aws cloudfront get-distribution` prints one, or the other forms.

    Those are what get-distribution-config, list-distributions and update-distribution print and take; JSON or YAML,
    compressed by gzip or not.

    Args:
        files: the files' names; `-` is stdin.
        policies: cache policies by id, as `read_policies` returns them.
        ids: the distributions' ids, in their order, for files that do not name one.

    Raises:
        CommandError: a file cannot be read, is not a distribution (the field is named), or describes the
            distribution of another file again.
    """
    from invalidator.core.routing.documents.distribution_config import DistributionError, read_distribution

    names = list(ids)
    read: dict[str, ReadDistribution] = {}
    for file in files:
        content = read_bytes(file)
        try:
            whole = parsed(content)
            found = list(documents(whole, content))
        except DocumentError as error:
            raise CommandError(f"{named(file)}: {error}") from error
        if is_cut(whole):
            click.echo(
                f"note: {named(file)}: the list goes on on another page; the AWS CLI prints all of it without "
                "--max-items and --no-paginate",
                err=True,
            )
        for where, document in found:
            place = f"{where}: " if where else ""
            if lacks_id(document) and names:
                document = with_id(document, names.pop(0))  # noqa: PLW2901  the same document, with its id
            elif lacks_id(document):
                raise CommandError(
                    f"{named(file)}: not a distribution: {place}Id: missing; get-distribution prints it, "
                    "get-distribution-config does not: name it with --id"
                )
            try:
                distribution = read_distribution(document, policies)
            except DistributionError as error:
                raise CommandError(
                    f"{named(file)}: not a distribution: {place}{visible(str(error))}"
                ) from error
            if distribution.id in read:
                raise CommandError(
                    f"{named(file)}: {place}Id: {visible(distribution.id)} is in {read[distribution.id].file} already"
                )
            read[distribution.id] = ReadDistribution(named(file), distribution, listed=_is_summary(document))
    if names:
        raise CommandError(f"--id {visible(names[0])}: every distribution of the files has its id already")
    return list(read.values())


def _is_summary(document: object) -> bool:
    return isinstance(document, Mapping) and not {"Distribution", "DistributionConfig"} & document.keys()


def read_policies(files: Iterable[str]) -> "dict[str, CachePolicy]":
    """Return, by id, what each cache policy makes of a behavior.

    Args:
        files: what `aws cloudfront get-cache-policy` or `list-cache-policies` prints; `-` is stdin.

    Raises:
        CommandError: a file cannot be read, or is not a cache policy; the field is named.
    """
    from invalidator.core.routing.documents.distribution_config import DistributionError, read_cache_policy

    policies: dict[str, CachePolicy] = {}
    for file in files:
        wanted = "give what this prints: aws cloudfront get-cache-policy --id ID"
        try:
            read = dict(map(read_cache_policy, policy_documents(_json(file))))
        except DistributionError as error:
            raise CommandError(
                f"{named(file)}: not a cache policy: {visible(str(error))}; {wanted}"
            ) from error
        if not read:
            raise CommandError(f"{named(file)}: a list without a cache policy; {wanted}")
        policies |= read
    return policies


def _json(file: str) -> object:
    try:
        return parsed(read_bytes(file))
    except DocumentError as error:
        raise CommandError(f"{named(file)}: {error}") from error


def read_bytes(file: str) -> bytes:
    """Return what is in a file; `-` is stdin. Raises CommandError."""
    try:
        return sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise CommandError(f"{named(file)}: cannot be read: {reason}") from error


def named(file: str) -> str:
    """Return a file's name for people."""
    return "stdin" if file == STDIN else visible(file)


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
