"""What people pin: checked before anything is asked or stored, and written as a line. Pure."""

import re
from collections.abc import Callable, Sequence

from infra.cli.errors import CommandError
from infra.cli.visible import visible
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.templates import TemplateError, checked_path, checked_tag

# S3 user guide, bucket naming rules; the oldest buckets may hold capitals and underscores.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_DISTRIBUTION = re.compile(r"[A-Za-z0-9]{1,64}")
_ROLE = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/[A-Za-z0-9_+=,.@/-]{1,576}")


def checked_pin(
    bucket: str,
    distribution: str,
    origin_path: str,
    prefix: str,
    role: str | None,
    *,
    templates: Sequence[str] = (),
    tags: Sequence[str] = (),
) -> Pin:
    """Return the pin, its OriginPath without a slash at the end, its templates without a star inside.

    Raises:
        CommandError: a value is not what it should be; the line names the option.
    """
    if not _BUCKET.fullmatch(bucket):
        raise CommandError(f"BUCKET: {visible(bucket)} is not the name of a bucket")
    if not _DISTRIBUTION.fullmatch(distribution):
        raise CommandError(
            f"--distribution: {visible(distribution)} is not a distribution's id, like E2EXAMPLE"
        )
    path = origin_path.rstrip("/")
    if path and not path.startswith("/"):
        raise CommandError(f"--origin-path: {visible(origin_path)} does not begin with /")
    folder = f"{path.strip('/')}/" if path else ""
    if prefix and not prefix.startswith(folder):
        raise CommandError(
            f"--prefix: {visible(prefix)} is outside --origin-path {visible(path)}; "
            f"a key served there begins with {visible(folder)}"
        )
    if role is not None and not _ROLE.fullmatch(role):
        raise CommandError(
            f"--role-arn: {visible(role)} is not a role's ARN, like arn:aws:iam::123456789012:role/name"
        )
    return Pin(
        bucket,
        distribution,
        path,
        prefix,
        role,
        _checked("--as", checked_path, templates),
        _checked("--tag", checked_tag, tags),
    )


def _checked(option: str, check: Callable[[str], str], texts: Sequence[str]) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(check(text) for text in texts))
    except TemplateError as error:
        raise CommandError(f"{option}: {visible(str(error))}") from error


def widened(templates: Sequence[str]) -> list[str]:
    """Notes on the templates, all of them checked, that have a star inside."""
    return [
        f"{visible(each)}: a path has a star only at its end, so {visible(checked_path(each))} is purged"
        for each in templates
        if checked_path(each) != each
    ]


def pin_as_text(pin: Pin) -> str:
    """Write a pin as a person reads it, in one line."""
    parts = [f"{visible(pin.bucket)} on {visible(pin.distribution)}"]
    parts += [f"OriginPath {visible(pin.origin_path)}"] if pin.origin_path else []
    parts += [f"prefix {visible(pin.prefix)}"] if pin.prefix else []
    parts += [f"as {' '.join(map(visible, pin.templates))}"] if pin.templates else []
    parts += [f"with the tags {' '.join(map(visible, pin.tags))}"] if pin.tags else []
    parts += [f"role {visible(pin.role)}"] if pin.role else []
    return ", ".join(parts)
