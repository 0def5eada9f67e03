"""What people pin: checked as typed, then against its distribution, before it is stored; and written as a line."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.deployed import Deployed, one_line, settings_or_why
from infra.cli.errors import CommandError, explain_aws_error
from infra.cli.printing import visible
from infra.cli.route.pin_paths import Followed, paths_of
from invalidator.core.reasons import Reason
from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.documents.distribution_config import DistributionError
from invalidator.core.routing.documents.origin_hosts import never_a_bucket
from invalidator.core.routing.pinned_routes import is_guess, routes_of, serves_nothing
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.routing.templates import TemplateError, checked_path, checked_tag
from invalidator.failures import Failure, Permanent

# CloudFront is asked for one distribution, and a few cache policies, for so long.
SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Checked:
    """A pin that is worth storing.

    Attributes:
        notes: what to know of it.
        follows: which viewer paths follow from it.
    """

    notes: list[str]
    follows: Followed


def check_pin(deployed: Deployed, pin: Pin, others: Sequence[Pin]) -> Checked:
    """Judge a pin with all else that is pinned of its distribution. Raises CommandError where it is not worth storing.

    Args:
        deployed: the stack.
        pin: what is to be stored.
        others: what else people pinned of its distribution; all of it is judged together.
    """
    notes = _notes_on_bucket(deployed, pin.bucket)
    if pin.role is not None and pin.role not in deployed.assumable_roles:
        notes.append(
            f"the worker cannot assume {pin.role} yet: name it in the stack's parameter AssumableRoleArns"
        )
    notes += [
        f"{pin.distribution} is pinned with {other.role or 'no role'} too, and the worker asks with one of them; "
        f"pin it the same way, or take it back: {pin_as_text(other)}"
        for other in others
        if other.role != pin.role
    ]
    settings = settings_or_why(deployed)
    if isinstance(settings, str):
        notes.append(f"{settings}; the paths are told as if it had the template's defaults")
    configured, more = _asked(deployed, pin)
    together = routes_of(configured, [*others, pin])
    routing = RoutingSettings() if isinstance(settings, str) else settings.routing
    checked = Checked([*notes, *more], paths_of(pin, together, routing))
    if configured is None:
        return checked
    if not configured.enabled:
        checked.notes.append(
            f"{pin.distribution} is disabled: nothing is invalidated there until it is enabled"
        )
    _refuse_needless(pin, configured)
    why_nothing = serves_nothing(pin, configured)
    if not why_nothing and not checked.follows.leads:
        why_nothing = "cache behaviors before those of its origin take all their paths"
    if why_nothing:
        raise CommandError(f"the pin would serve nothing: {why_nothing}")
    if not pin.renders and any(
        is_guess(each) and each.origins[0].path == pin.origin_path for each in together
    ):
        checked.notes.append(_why_wide(pin, configured))
    return checked


def _asked(deployed: Deployed, pin: Pin) -> tuple[Distribution | None, list[str]]:
    """Ask for a pin's distribution; None where only the worker may, or nobody can read it, with a note."""
    try:
        deadline = time.time() + SECONDS
        return deployed.distributions.configuration(pin.distribution, pin.role, deadline)[0], []
    except Permanent as failure:
        if failure.reason is Reason.ROLE_REFUSED:
            note = f"not checked, because you may not assume {pin.role}: every path is purged until the worker looks"
            return None, [note]
        if isinstance(failure.__cause__, DistributionError):
            why = visible(str(failure.__cause__))
            return None, [f"{pin.distribution} cannot be read ({why}): every path of it is purged"]
        raise CommandError(_not_read(pin, failure)) from failure
    except Failure as failure:
        cause = failure.__cause__
        text = explain_aws_error(cause) if isinstance(cause, BotoCoreError) else failure
        raise CommandError(f"distribution {pin.distribution} cannot be read: {text}") from failure


def _why_wide(pin: Pin, configured: Distribution) -> str:
    if any(origin.bucket == pin.bucket for origin in configured.origins):
        return (
            f"no cache behavior of {pin.distribution} leads to its origin, but a function at the edge may pick it: "
            "a changed key is purged wherever the behaviors with such a function cache"
        )
    return (
        f"no origin of {pin.distribution} with OriginPath {visible(pin.origin_path) or '/'} could be this bucket, "
        "so the pin holds for all of it: a changed key is purged under every path pattern, with any query string"
    )


def _notes_on_bucket(deployed: Deployed, bucket: str) -> list[str]:
    try:
        deployed.session.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        # HEAD has no body, so the status is all there is; 301 and 400 mean: there, in another region.
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == HTTPStatus.NOT_FOUND:
            return [f"there is no bucket {visible(bucket)}: is it spelled so?"]
        if status == HTTPStatus.FORBIDDEN:
            return [f"whether bucket {visible(bucket)} is there was not checked: you may not look at it"]
    return []


def _refuse_needless(pin: Pin, configured: Distribution) -> None:
    """Raise CommandError for a pin that would purge nothing."""
    if pin.tags and not configured.cache_tags:
        raise CommandError(
            f"--tag: {pin.distribution} has no CacheTagConfig, so a tag would purge nothing there; "
            "name the header of your tags in the distribution, or use --as"
        )
    made = [
        each for each in configured.origins if each.path == pin.origin_path and never_a_bucket(each.domain)
    ]
    if made and pin.origin_path and not pin.renders:
        raise CommandError(
            f"--origin-path: {visible(pin.origin_path)} belongs to {visible(made[0].domain)}, which is no bucket: no "
            "key lies there; say how keys appear to viewers: --as '/{key}*'"
        )


def _not_read(pin: Pin, failure: Permanent) -> str:
    if failure.reason is not Reason.DISTRIBUTION_GONE:
        return f"distribution {pin.distribution} cannot be read: {failure}"
    where = (
        "in this account; for another account's, give --role-arn" if pin.role is None else f"for {pin.role}"
    )
    return f"no distribution {pin.distribution} {where}"


def stored_pin(deployed: Deployed, pin: Pin) -> Pin:
    """Store a pin, and return it as the table holds it then, read strongly consistent.

    Raises:
        CommandError: the table cannot be asked, or holds another in its place: somebody else pinned just now.
    """
    with one_line():
        deployed.pins.pin(pin)
        held = next((each for each in deployed.pins.pins() if same_pin(each, pin)), None)
    if held != pin:
        found = "no such pin" if held is None else pin_as_text(held)
        raise CommandError(f"the table holds {found} now: somebody else pinned or unpinned it just now")
    return held


def same_pin(one: Pin, other: Pin) -> bool:
    """Whether one replaces the other where it is stored."""
    return all(
        getattr(one, name) == getattr(other, name)
        for name in ("bucket", "distribution", "origin_path", "prefix")
    )


# S3 user guide, bucket naming rules; the oldest buckets may hold capitals and underscores.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
# A distribution, or a tenant of one.
_DISTRIBUTION = re.compile(r"(?:dt_)?[A-Za-z0-9]{1,64}")
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
